"""Signals as something to be read: nothing is ever interrupted half way."""

from __future__ import annotations

import signal
import socket
from collections.abc import Collection
from contextlib import suppress
from types import FrameType

DUMP_SIGNALS: dict[str, int] = {
    "DATA": signal.SIGUSR1,
    "STATS": signal.SIGUSR2,
    "STATS_CLEAR": signal.SIGRTMAX - 1,
    "JSON": signal.SIGRTMIN + 2,
}
"""What keepalived writes its files in /tmp at; exporters send these to whatever runs."""

_BYTES_AT_ONCE = 4096


class SignalReader:
    """Collects these signals from now on; readable when one has come (signal.set_wakeup_fd)."""

    def __init__(self, numbers: Collection[int]) -> None:
        # The pipe only wakes: a storm of one signal fills it, and the next one, of another
        # number, would be lost if what has come were read from there.
        self._come: dict[int, None] = {}
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, self._comes)

    def _comes(self, number: int, _frame: FrameType | None) -> None:
        self._come[number] = None

    def close(self) -> None:
        self._woken.close()
        self._waker.close()

    def fileno(self) -> int:
        return self._woken.fileno()

    def read(self) -> list[int]:
        """What has come since the last call, in its order; each signal once."""
        with suppress(BlockingIOError):
            while self._woken.recv(_BYTES_AT_ONCE):
                pass
        come, self._come = self._come, {}
        return list(come)
