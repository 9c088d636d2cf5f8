"""The loop of an instance's init: descriptors, timers, signals."""

from __future__ import annotations

import heapq
import itertools
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn


class Loop:
    """Calls back, one at a time, when something can be read or a time has come."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_numbers = itertools.count()

    def run(self) -> NoReturn:
        while True:
            for key, _ in self._selector.select(self._until_next_timer()):
                key.data()
            self._run_timers()

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        entry = (time.monotonic() + seconds, next(self._timer_numbers), call)
        heapq.heappush(self._timers, entry)

    def watch(self, source: Any, call: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, call)

    def unwatch(self, source: Any) -> None:
        self._selector.unregister(source)

    def take_signals(self, calls: Mapping[signal.Signals, Callable[[], None]]) -> None:
        """Call these when the signals come, between other calls and never within one."""
        inner, outer = socket.socketpair()
        for end in (inner, outer):
            end.setblocking(False)
        signal.set_wakeup_fd(outer.fileno(), warn_on_full_buffer=False)
        self._wakeup = (inner, outer)
        for number in calls:
            signal.signal(number, lambda _number, _frame: None)

        def signalled() -> None:
            came = set(inner.recv(4096))
            for number, call in calls.items():
                if number in came:
                    call()

        self.watch(inner, signalled)

    def _until_next_timer(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _run_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()
