"""Mounts: bind, tmpfs, pivot_root (mount(2), pivot_root(2), mount_namespaces(7))."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from vipkeeper.errors import KernelError

# linux/mount.h
READ_ONLY = 1
NO_SETUID = 2
NO_DEVICES = 4
NO_EXECUTION = 8
_REMOUNT = 32
_BIND = 4096
_RECURSIVE = 16384
_PRIVATE = 1 << 18
_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)

# statvfs(3): the flags that a remount in a user namespace must keep, as they are locked
_LOCKED_FLAGS = {
    os.ST_NOSUID: NO_SETUID,
    os.ST_NODEV: NO_DEVICES,
    os.ST_NOEXEC: NO_EXECUTION,
    os.ST_NOATIME: 1024,
    os.ST_NODIRATIME: 2048,
    os.ST_RELATIME: 1 << 21,
}


def mount(source: str, target: Path, filesystem: str, *, flags: int = 0, options: str = "") -> None:
    _mount(f"mount {filesystem} on {target}", source, target, filesystem, flags, options)


def make_private() -> None:
    """Let no mount made from here on be seen in the namespace that this one was copied from."""
    _mount("make mounts private", "none", Path("/"), "", _RECURSIVE | _PRIVATE, "")


def bind(source: Path, target: Path, *, recursive: bool = False, read_only: bool = False) -> None:
    """Show ``source`` at ``target`` as well; read-only holds for its top mount.

    A mount that was read-only when a user namespace was left is read-only for good in the
    inner one: its root can neither remount nor unmount it.
    """
    what = f"bind {source} to {target}"
    _mount(what, str(source), target, "", _BIND | (_RECURSIVE if recursive else 0), "")
    if read_only:
        held = os.statvfs(target).f_flag
        kept = sum(flag for bit, flag in _LOCKED_FLAGS.items() if held & bit)
        flags = _BIND | _REMOUNT | READ_ONLY | NO_SETUID | kept
        _mount(f"{what} read-only", "none", target, "", flags, "")


def detach(target: Path) -> None:
    """Take a mount and all below it out of sight; it goes when nobody uses it (MNT_DETACH)."""
    if _libc.umount2(os.fsencode(target), _DETACH) != 0:
        raise KernelError(f"unmount {target}", ctypes.get_errno())


def change_root(new_root: Path) -> None:
    """Make ``new_root`` (a mount) the root of this mount namespace and forget the old one."""
    os.chdir(new_root)
    # pivot_root(2), "pivot_root('.', '.')": the old root is then stacked upon the new one
    if _libc.pivot_root(b".", b".") != 0:
        raise KernelError(f"make {new_root} the root", ctypes.get_errno())
    detach(Path())
    os.chdir("/")


def _mount(what: str, source: str, target: Path, filesystem: str, flags: int, options: str) -> None:
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        filesystem.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    if result != 0:
        raise KernelError(what, ctypes.get_errno())
