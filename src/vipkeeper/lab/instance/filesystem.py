"""An instance's file tree, made by its init before it becomes the root.

::

    /usr /bin /sbin /lib* /opt/vipkeeper/{lib,site}   the lab's, read-only
    /etc /var                                         on the instance's disk: survive a stop
    / /run /tmp /root /home /dev                      one tmpfs, new with every boot
    /opt/vipkeeper/bin                                the programs of init, first in PATH
    /proc /sys                                        its own

The "disk" is a tmpfs that the cloud keeps for the instance.
"""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from vipkeeper.errors import KernelError, LabError
from vipkeeper.lab import house
from vipkeeper.lab.instance.order import BootOrder
from vipkeeper.linux import mounts

# What programs expect to find in /etc. A copy, so that root here may change any of it; the
# rest of the host's /etc is its own affair.
_COPIED_FROM_ETC = (
    "alternatives",
    "bash.bashrc",
    "bindresvport.blacklist",
    "ca-certificates.conf",
    "debian_version",
    "default",
    "environment",
    "ethertypes",
    "gai.conf",
    "group",
    "host.conf",
    "inputrc",
    "iproute2",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "login.defs",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "profile",
    "profile.d",
    "protocols",
    "python3",
    "rpc",
    "services",
    "shells",
    "skel",
    "ssl",
    "terminfo",
    "timezone",
)
_VAR_DIRECTORIES = (
    "cache",
    "lib",
    "lib/misc",
    "local",
    "log",
    "mail",
    "opt",
    "spool",
    "tmp",
    "www/html",
)
_FRONTS = ("service", "systemctl", "shutdown", "poweroff", "halt", "reboot", "journalctl")
_ROOT = Path("/tmp")  # noqa: S108 -- the lab's own, empty, and about to be left


def build(order: BootOrder) -> None:
    """Build the tree and make it the root of this mount namespace."""
    disk = Path(order.disk)
    if not (disk / "etc").exists():
        _first_boot(disk, order)
    mounts.make_private()
    mounts.mount("instance", _ROOT, "tmpfs", options="mode=0755,size=64m")
    house.show_programs(Path("/"), _ROOT)
    for name in ("etc", "var"):
        (_ROOT / name).mkdir()
        mounts.bind(disk / name, _ROOT / name)
    for name, mode in (("run", 0o755), ("tmp", 0o1777), ("root", 0o700), ("home", 0o755)):
        (_ROOT / name).mkdir()
        (_ROOT / name).chmod(mode)
    (_ROOT / "run/lock").mkdir(mode=0o1777)
    prefix = Path(order.prefix)
    if not prefix.is_relative_to("/usr"):
        house.show(prefix, _ROOT)
    for directory in (house.LIBRARY, house.SITES):
        house.show(directory, _ROOT)
    _write_programs(_ROOT / house.HOME.relative_to("/") / "bin", order)
    _make_devices()
    for name in ("proc", "sys"):
        (_ROOT / name).mkdir()
    mounts.mount("proc", _ROOT / "proc", "proc", flags=_INERT)
    try:
        mounts.mount("sysfs", _ROOT / "sys", "sysfs", flags=_INERT | mounts.READ_ONLY)
    except KernelError:
        # A host whose own /sys is partly covered, as in a container, does not allow it.
        # Nothing here depends on it.
        (_ROOT / "sys").chmod(0o555)
    mounts.change_root(_ROOT)


_INERT = mounts.NO_SETUID | mounts.NO_DEVICES | mounts.NO_EXECUTION


def _first_boot(disk: Path, order: BootOrder) -> None:
    etc = disk / "etc"
    etc.mkdir()
    for name in _COPIED_FROM_ETC:
        _copy(Path("/etc", name), etc / name)
    (etc / "hostname").write_text(f"{order.hostname}\n")
    (etc / "hosts").write_text(f"127.0.0.1\tlocalhost\n127.0.1.1\t{order.hostname}\n")
    (etc / "resolv.conf").write_text("")
    (etc / "mtab").symlink_to("/proc/self/mounts")
    for name in _VAR_DIRECTORIES:
        (disk / "var" / name).mkdir(parents=True)
    (disk / "var/tmp").chmod(0o1777)
    (disk / "var/run").symlink_to("/run")
    (disk / "var/lock").symlink_to("/run/lock")
    for path, content in order.files.items():
        file = disk / Path(path).relative_to("/")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        except OSError as error:
            raise LabError(f"cannot write {path}: {error.strerror}") from error


def _copy(source: Path, target: Path) -> None:
    """Copy what this user may read; a private key below /etc/ssl is none of an instance's."""
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        target.mkdir()
        try:
            children = list(source.iterdir())
        except PermissionError:
            return
        for child in children:
            _copy(child, target / child.name)
    elif source.is_file():
        try:
            shutil.copy(source, target)
        except PermissionError:
            target.unlink(missing_ok=True)


def _write_programs(directory: Path, order: BootOrder) -> None:
    directory.mkdir(parents=True)
    interpreter, library = order.interpreter, house.LIBRARY
    sites = [str(site) for site in sorted(house.SITES.iterdir())]
    everything = ":".join([str(library), *sites])
    programs = {
        "python": f'PYTHONPATH={everything} exec {interpreter} -P "$@"',
        "vipkeeper": f"PYTHONPATH={everything} exec {interpreter} -P -c"
        " 'from vipkeeper.cli.main import main; main()' \"$@\"",
        "vipkeeperd": f"PYTHONPATH={library} exec {interpreter} -S -P -c"
        " 'from vipkeeper.daemon.main import main; main()' \"$@\"",
    }
    for front in _FRONTS:
        programs[front] = (
            f"PYTHONPATH={library} exec {interpreter} -S -P"
            f' -m vipkeeper.lab.instance.fronts {front} "$@"'
        )
    if order.one_user:
        # It would become the user `tcpdump`, and there is no second user.
        programs["tcpdump"] = 'exec /usr/bin/tcpdump -Z root "$@"'
    scripts = {name: f"#!/bin/sh\n{line}\n" for name, line in programs.items()}
    scripts["dhcp-client"] = (files("vipkeeper.lab.instance") / "dhcp-client.sh").read_text()
    for name, text in scripts.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)


def _make_devices() -> None:
    house.make_devices(_ROOT)
    directory = _ROOT / "dev"
    for name in ("pts", "shm"):
        (directory / name).mkdir()
    # Its own instance of devpts: a terminal here is no terminal of the host (devpts, "newinstance")
    mounts.mount("devpts", directory / "pts", "devpts", options="newinstance,ptmxmode=0666")
    mounts.mount(
        "shm",
        directory / "shm",
        "tmpfs",
        flags=mounts.NO_SETUID | mounts.NO_DEVICES,
        options="mode=1777,size=16m",
    )
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        (directory / name).symlink_to(target)
