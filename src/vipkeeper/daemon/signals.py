"""Signals as something to be read: nothing is ever interrupted half way."""

from __future__ import annotations

import signal
import socket
from collections.abc import Collection

_MOST_AT_ONCE = 256


class SignalReader:
    """Collects these signals from now on; readable when one has come (signal.set_wakeup_fd)."""

    def __init__(self, numbers: Collection[signal.Signals]) -> None:
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        # A full pipe means that the reader has been woken long since.
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda *_: None)

    def fileno(self) -> int:
        return self._woken.fileno()

    def read(self) -> list[signal.Signals]:
        """What has come since the last call, in its order."""
        try:
            return [signal.Signals(number) for number in self._woken.recv(_MOST_AT_ONCE)]
        except BlockingIOError:
            return []
