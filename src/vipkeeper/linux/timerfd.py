"""One timer as a file descriptor (timerfd_create(2)), for an event loop's epoll.

``os.timerfd_create`` came with Python 3.13; before that the C library is called directly.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

from vipkeeper.errors import KernelError

CLOCK_MONOTONIC = 1
TFD_NONBLOCK = os.O_NONBLOCK
TFD_CLOEXEC = os.O_CLOEXEC
TFD_TIMER_ABSTIME = 1
_SECOND_NS = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


_libc = ctypes.CDLL(None, use_errno=True)


class TimerFd:
    """A timer on CLOCK_MONOTONIC whose descriptor becomes readable when it expires."""

    def __init__(self) -> None:
        self._fd: int = _libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self._fd < 0:
            raise KernelError("create a timer", ctypes.get_errno())
        self._spec = _Itimerspec()

    def fileno(self) -> int:
        return self._fd

    def arm(self, instant_ns: int) -> None:
        """Expire at this instant of CLOCK_MONOTONIC (ns), at once if it has passed."""
        # An expiry of 0 would disarm the timer.
        seconds, nanoseconds = divmod(max(instant_ns, 1), _SECOND_NS)
        self._set(seconds, nanoseconds)

    def disarm(self) -> None:
        self._set(0, 0)

    def _set(self, seconds: int, nanoseconds: int) -> None:
        value = self._spec.it_value
        value.tv_sec = seconds
        value.tv_nsec = nanoseconds
        spec = ctypes.byref(self._spec)
        if _libc.timerfd_settime(self._fd, TFD_TIMER_ABSTIME, spec, None) < 0:
            raise KernelError("set a timer", ctypes.get_errno())

    def acknowledge(self) -> None:
        """Take the expiry, so that the descriptor is no longer readable."""
        with suppress(BlockingIOError):  # re-armed since it became readable: nothing to take
            os.read(self._fd, 8)

    def close(self) -> None:
        os.close(self._fd)
