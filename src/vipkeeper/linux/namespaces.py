"""Namespaces: leave, enter and map ids (namespaces(7), user_namespaces(7), setns(2)).

``os.unshare`` and ``os.setns`` came with Python 3.12, so that the C library is called here.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, ENOSPC, EPERM
from pathlib import Path

from vipkeeper.errors import KernelError

# linux/sched.h
NEW_MOUNTS = 0x00020000
NEW_UTS = 0x04000000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PIDS = 0x20000000
NEW_NETWORK = 0x40000000
EVERYTHING_BUT_USER = NEW_MOUNTS | NEW_UTS | NEW_IPC | NEW_PIDS | NEW_NETWORK

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)

IdMap = tuple[tuple[int, int, int], ...]
"""Lines of /proc/PID/uid_map: first id inside, first id outside, how many."""

_REMEDY_OF_KNOB = {
    "/proc/sys/kernel/unprivileged_userns_clone": (
        "0",
        "allow it: sysctl kernel.unprivileged_userns_clone=1",
    ),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "AppArmor restricts it: sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    "/proc/sys/user/max_user_namespaces": (
        "0",
        "allow some: sysctl user.max_user_namespaces=10000",
    ),
}


def user_namespaces_remedy() -> str:
    """What stands in the way of user namespaces on this machine, as advice."""
    for knob, (forbids, remedy) in _REMEDY_OF_KNOB.items():
        try:
            if Path(knob).read_text().strip() == forbids:
                return remedy
        except OSError:  # a knob that this kernel does not have forbids nothing
            continue
    return "a container's seccomp profile or a security module may forbid user namespaces"


def unshare(flags: int) -> None:
    """Leave the namespaces in ``flags`` for new ones (unshare(2)).

    The new PID namespace is for children only. The process must have one thread for a new
    user namespace.
    """
    if _libc.unshare(flags) == 0:
        return
    errno = ctypes.get_errno()
    forbidden = errno in (EPERM, EACCES, ENOSPC)
    raise KernelError(
        "make new namespaces", errno, remedy=user_namespaces_remedy() if forbidden else ""
    )


def enter(descriptor: int, flags: int) -> None:
    """Enter the namespaces ``flags`` of a process (pidfd), or one namespace (its own file).

    A new PID namespace is for children only (setns(2)).
    """
    if _libc.setns(descriptor, flags) != 0:
        raise KernelError("enter the namespaces of a process", ctypes.get_errno())


@contextmanager
def inside_network(descriptor: int) -> Iterator[None]:
    """Be in another network namespace for the length of a block."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(descriptor, NEW_NETWORK)
        try:
            yield
        finally:
            enter(home, NEW_NETWORK)
    finally:
        os.close(home)


def new_network() -> int:
    """A new network namespace, as a descriptor that keeps it alive; the caller stays outside."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        unshare(NEW_NETWORK)
        descriptor = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        enter(home, NEW_NETWORK)
    finally:
        os.close(home)
    return descriptor


def has_ids(first: int, count: int) -> bool:
    """Whether the caller's user namespace has all of these user ids."""
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        inside, _, many = map(int, line.split())
        if inside <= first and first + count <= inside + many:
            return True
    return False


def write_id_maps(pid: int, id_map: IdMap) -> None:
    """Give the user namespace of ``pid`` its users and groups, from the parent namespace.

    Without privileges a map is one line that maps the caller's own id, and the groups must be
    frozen first (user_namespaces(7), "Defining user and group ID mappings").
    """
    process = Path("/proc") / str(pid)
    text = "".join(f"{inside} {outside} {count}\n" for inside, outside, count in id_map)
    single = len(id_map) == 1 and id_map[0][2] == 1
    try:
        if single:
            (process / "setgroups").write_text("deny")
            (process / "gid_map").write_text(f"{id_map[0][0]} {os.getegid()} 1\n")
        else:
            (process / "gid_map").write_text(text)
        (process / "uid_map").write_text(text)
    except OSError as error:
        raise KernelError(
            "map ids into a user namespace",
            error.errno or EPERM,
            remedy=user_namespaces_remedy(),
        ) from error


def become_root() -> bool:
    """Take id 0 of the user namespace just entered, and no other groups where that is allowed.

    Returns:
        Whether the groups are frozen, as they are where no privilege made the namespace
        (user_namespaces(7), setgroups).
    """
    try:
        os.setgroups([])
        frozen = False
    except PermissionError:
        frozen = True
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    return frozen


def die_with_parent(signal: int) -> None:
    """Get ``signal`` when the parent dies (PR_SET_PDEATHSIG).

    To be called after the credentials changed, which clears it (prctl(2)).
    """
    _prctl(_PR_SET_PDEATHSIG, signal)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent exits (PR_SET_CHILD_SUBREAPER)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def hide_from_tracers() -> None:
    """Let nobody without privileges in our own user namespace read or trace this process."""
    _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise KernelError(f"set process option {option}", ctypes.get_errno())
