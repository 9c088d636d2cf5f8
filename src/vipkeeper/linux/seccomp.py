"""A system call answered without being made (seccomp(2))."""

from __future__ import annotations

import ctypes
import os
import struct

from vipkeeper.errors import KernelError

# linux/prctl.h, linux/seccomp.h, linux/bpf_common.h
_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_RETURN_ZERO = 0x00050000  # SECCOMP_RET_ERRNO with the number 0: success
_LOAD_WORD = 0x20
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06

# struct seccomp_data: the number of the call, then the architecture that it is a number of
_CALL, _ARCHITECTURE = 0, 4

# linux/audit.h and each architecture's asm/unistd.h
_SETGROUPS = {
    "x86_64": (0xC000003E, 116),
    "aarch64": (0xC00000B7, 159),
    "riscv64": (0xC00000F3, 159),
}

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def pretend_setgroups() -> None:
    """Let setgroups(2) succeed without doing anything, for this process and its children.

    In a user namespace made without privileges groups are frozen and the call is refused.
    Programs that call it on their way from root to root (``tcpdump -Z root``) would end there.
    On an architecture whose number for the call is not known here, they do.
    """
    if os.uname().machine not in _SETGROUPS:
        return
    architecture, number = _SETGROUPS[os.uname().machine]
    instructions = (
        (_LOAD_WORD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, 3, architecture),
        (_LOAD_WORD, 0, 0, _CALL),
        (_JUMP_IF_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, _RETURN_ZERO),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = _Program(len(instructions), code)
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise KernelError("filter a system call", ctypes.get_errno())
