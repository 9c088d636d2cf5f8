from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.linux.children import in_child
from vipkeeper.errors import KernelError
from vipkeeper.linux import mounts, namespaces, seccomp


def enter_user_namespace(more: int = 0) -> bool:
    """Become root of a new user namespace with one id, mapped from outside."""
    process = os.getpid()
    ready, go = os.pipe(), os.pipe()
    user = os.geteuid()
    mapper = os.fork()
    if mapper == 0:
        os.read(ready[0], 1)
        namespaces.write_id_maps(process, ((0, user, 1),))
        os.write(go[1], b"x")
        os._exit(0)
    namespaces.unshare(namespaces.NEW_USER | more)
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    os.waitpid(mapper, 0)
    return namespaces.become_root()


def network() -> Path:
    return Path("/proc/self/ns/net").readlink()


def test_one_id_has_its_groups_frozen() -> None:
    def child() -> None:
        assert enter_user_namespace()
        assert (os.getuid(), os.getgid()) == (0, 0)
        assert Path("/proc/self/setgroups").read_text() == "deny\n"
        with pytest.raises(PermissionError):
            os.setgroups([])

    in_child(child)


def test_setgroups_can_be_pretended_and_nothing_else_changes() -> None:
    def child() -> None:
        assert enter_user_namespace()
        before = os.getgroups()
        seccomp.pretend_setgroups()
        os.setgroups([])
        assert os.getgroups() == before
        with pytest.raises(OSError, match="Invalid argument"):
            os.setuid(1)

    in_child(child)


def test_a_new_network_is_another_and_the_caller_stays() -> None:
    def child() -> None:
        enter_user_namespace(namespaces.NEW_NETWORK)
        home = network()
        other = namespaces.new_network()
        assert network() == home
        with namespaces.inside_network(other):
            assert network() != home
            assert socket.if_nameindex() == [(1, "lo")]
        assert network() == home

    in_child(child)


def test_the_caller_is_back_after_a_failure_within() -> None:
    def child() -> None:
        enter_user_namespace(namespaces.NEW_NETWORK)
        home = network()
        with (
            pytest.raises(ZeroDivisionError),
            namespaces.inside_network(namespaces.new_network()),
        ):
            raise ZeroDivisionError
        assert network() == home

    in_child(child)


def test_refusals_say_what_and_why() -> None:
    with pytest.raises(KernelError, match="cannot enter the namespaces of a process: Bad file"):
        namespaces.enter(-1, namespaces.NEW_NETWORK)
    assert namespaces.user_namespaces_remedy()


def test_ids_of_this_namespace() -> None:
    assert namespaces.has_ids(os.geteuid(), 1)
    assert not namespaces.has_ids(2**32 - 1, 2)


def test_mounts(tmp_path: Path) -> None:
    """Bind read-only, and a new root that has forgotten the old one."""

    def child() -> None:
        enter_user_namespace(namespaces.NEW_MOUNTS)
        mounts.make_private()
        mounts.mount("tmp", tmp_path, "tmpfs", options="size=1m")
        for name in ("shown", "writable"):
            (tmp_path / name).mkdir()
        mounts.bind(tmp_path / "writable", tmp_path / "shown", read_only=True)
        (tmp_path / "writable/file").write_text("text")
        assert (tmp_path / "shown/file").read_text() == "text"
        with pytest.raises(OSError, match="Read-only"):
            (tmp_path / "shown/file").write_text("other")
        mounts.change_root(tmp_path)
        assert sorted(path.name for path in Path("/").iterdir()) == ["shown", "writable"]
        with pytest.raises(KernelError, match="cannot bind /nowhere to /shown: No such file"):
            mounts.bind(Path("/nowhere"), Path("/shown"))

    in_child(child)
    assert list(tmp_path.iterdir()) == []
