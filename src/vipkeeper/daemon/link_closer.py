"""Takes interfaces down beside the real-time loop.

The kernel waits for every reader of its tables when an interface goes down: 16 ms in the median, 34
at most (measured on a virtual machine with two cores; 0.04 ms for bringing it up). With a few
virtual routers that yield at once, adverts of all others would be late by more than an
Active_Down_Interval. So a thread does it that does nothing else: its waiting costs the loop none.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread

from vipkeeper.errors import KernelError


class LinkCloser:
    """What is asked for is done in its order, and can be taken back.

    Args:
        close: takes an interface down, given its index and its name; called in the thread.
    """

    def __init__(self, close: Callable[[int, str], None]) -> None:
        self._close = close
        self._changed = Condition()
        self._pending: dict[int, str] = {}
        self._closing: int | None = None
        self._failures: list[tuple[str, KernelError]] = []
        self._thread: Thread | None = None

    def close_later(self, index: int, name: str) -> None:
        with self._changed:
            self._pending[index] = name
            self._changed.notify_all()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="link-closer", daemon=True)
            self._thread.start()

    def keep_open(self, index: int) -> None:
        """It is not taken down after this call; if it just is, this waits for the end of it."""
        with self._changed:
            self._pending.pop(index, None)
            self._changed.wait_for(lambda: self._closing != index)

    def finish(self) -> None:
        """Wait until all that was asked for is done."""
        with self._changed:
            self._changed.wait_for(lambda: not self._pending and self._closing is None)

    def failures(self) -> list[tuple[str, KernelError]]:
        """What could not be done since the last call: an interface's name, and why."""
        with self._changed:
            failures, self._failures = self._failures, []
        return failures

    def _run(self) -> None:
        while True:
            with self._changed:
                self._closing = None
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._pending)
                index = next(iter(self._pending))
                name = self._pending.pop(index)
                self._closing = index
            try:
                self._close(index, name)
            except KernelError as error:
                with self._changed:
                    self._failures.append((name, error.with_traceback(None)))
