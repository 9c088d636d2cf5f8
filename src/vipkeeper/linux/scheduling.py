"""What keeps a process on time: real-time priority, and memory that is not paged out."""

from __future__ import annotations

import ctypes
import gc
import os

_libc = ctypes.CDLL(None, use_errno=True)

MCL_CURRENT = 1
MCL_FUTURE = 2
MCL_ONFAULT = 4  # lock pages when they are touched: a bare Python stays at its real size

REALTIME_PRIORITY = 1
"""The lowest: above all that is not real-time, below whatever else on the machine is."""

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15


def request_realtime(priority: int = REALTIME_PRIORITY) -> str | None:
    """Run under SCHED_FIFO; children are not affected.

    Returns:
        None, or why it was not permitted (no CAP_SYS_NICE, a user namespace).
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        return f"real-time scheduling (SCHED_FIFO): {error.strerror}"
    return None


def leave_realtime() -> None:
    """Run like any other process again."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def request_locked_memory() -> str | None:
    """Keep touched pages in memory (mlockall).

    Returns:
        None, or why it was not permitted (no CAP_IPC_LOCK, RLIMIT_MEMLOCK).
    """
    if _libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0:
        return f"locked memory (mlockall): {os.strerror(ctypes.get_errno())}"
    return None


def freeze_garbage_collection() -> None:
    """Collect once, then never again.

    A full collection of a big heap takes 65 to 132 ms (measured); what runs from here on must
    make no reference cycles.
    """
    gc.collect()
    gc.freeze()
    gc.disable()


def die_with_parent(signal_number: int) -> None:
    """Be sent this signal when the parent process ends, however it ends (prctl(2))."""
    _libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def outlive_parent() -> None:
    """Take :func:`die_with_parent` back."""
    _libc.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)


def name_process(name: str) -> None:
    """What ``ps -o comm`` shows; the kernel keeps 15 characters."""
    _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
