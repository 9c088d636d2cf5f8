"""An instance's file tree, made by its init before it becomes the root.

::

    /usr /bin /sbin /lib* /opt/vipkeeper/{lib,site}   the lab's, read-only
    /etc /var                                         on the instance's disk: survive a stop
    / /run /tmp /root /home /dev                      one tmpfs, new with every boot
    /opt/vipkeeper/bin                                the programs of init, first in PATH
    /proc /sys                                        its own

Where there is user data, /root, /home, /opt and /srv are on the disk as well, since cloud-init does
most of what it does once for an instance, and /var/lib/dpkg/info is the lab's, for apt and dpkg.

The "disk" is a tmpfs that the cloud keeps for the instance.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from vipkeeper.errors import KernelError
from vipkeeper.lab import house
from vipkeeper.lab.instance import cloud_init, packages
from vipkeeper.lab.instance.disk import prepare
from vipkeeper.lab.instance.order import BootOrder
from vipkeeper.linux import mounts

_FRONTS = ("service", "systemctl", "shutdown", "poweroff", "halt", "reboot", "journalctl")
_PACKAGE_FRONTS = ("apt-get", "apt")
_ROOT = Path("/tmp")  # noqa: S108 -- the lab's own, empty, and about to be left


def build(order: BootOrder) -> None:
    """Build the tree and make it the root of this mount namespace."""
    disk = Path(order.disk)
    prepare(disk, order)
    mounts.make_private()
    mounts.mount("instance", _ROOT, "tmpfs", options="mode=0755,size=64m")
    house.show_programs(Path("/"), _ROOT)
    for name in ("etc", "var", *(cloud_init.KEPT if order.cloud_init else ())):
        (_ROOT / name).mkdir()
        mounts.bind(disk / name, _ROOT / name)
    for name, mode in (("run", 0o755), ("tmp", 0o1777), ("root", 0o700), ("home", 0o755)):
        (_ROOT / name).mkdir(exist_ok=True)
        (_ROOT / name).chmod(mode)
    (_ROOT / "run/lock").mkdir(mode=0o1777)
    if order.cloud_init is not None:
        packages.show_database(_ROOT)
        cloud_init.say_what_this_is(_ROOT)
    prefix = Path(order.prefix)
    if not prefix.is_relative_to("/usr"):
        house.show(prefix, _ROOT)
    for directory in (house.LIBRARY, house.SITES):
        house.show(directory, _ROOT)
    _write_programs(_ROOT / house.HOME.relative_to("/") / "bin", order)
    _cover_programs_of_systemd()
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


def _write_programs(directory: Path, order: BootOrder) -> None:
    directory.mkdir(parents=True, exist_ok=True)
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
    for front in (*_FRONTS, *(_PACKAGE_FRONTS if order.cloud_init else ())):
        programs[front] = (
            f"PYTHONPATH={library} exec {interpreter} -S -P"
            ' -m vipkeeper.lab.instance.fronts "${0##*/}" "$@"'
        )
    if order.one_user:
        # It would become the user `tcpdump`, and there is no second user.
        programs["tcpdump"] = 'exec /usr/bin/tcpdump -Z root "$@"'
        # Further names for the one id; of options that contradict each other the last one counts.
        programs["useradd"] = 'exec /usr/sbin/useradd "$@" -o -u 0 -g 0 -N'
        programs["groupadd"] = 'exec /usr/sbin/groupadd "$@" -o -g 0'
    scripts = {name: f"#!/bin/sh\n{line}\n" for name, line in programs.items()}
    for name in ("dhcp-client", "sudo"):
        scripts[name] = (files("vipkeeper.lab.instance") / f"{name}.sh").read_text()
    for name, text in scripts.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)


def _cover_programs_of_systemd() -> None:
    """Put the fronts over the host's programs, for who names them by their full path.

    Those would find no systemd here. A link, such as /usr/sbin/reboot, leads to one of them.
    """
    fronts = _ROOT / house.HOME.relative_to("/") / "bin"
    for directory in ("usr/bin", "usr/sbin", "bin", "sbin"):
        for name in _FRONTS:
            program = _ROOT / directory / name
            links = (_ROOT / directory).is_symlink() or program.is_symlink()
            if program.is_file() and not links:
                mounts.bind(fronts / name, program)


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
