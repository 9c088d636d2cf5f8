"""What keeps a host's kernel from answering for the virtual addresses once a lease has run out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

TICK_NS = 4_000_000
"""A timeout of nf_tables ends up to so much sooner than it was asked for (a tick, HZ=250)."""


class Timers(Protocol):
    """What the kernel's timer needs of the world."""

    now: int

    def at(self, instant: int, callback: Callable[[], None]) -> None: ...

    def up_to(self, longest_ns: int) -> int:
        """A duration that is drawn."""
        ...


class Fence:
    """One element with a timeout; it goes on without the daemon, but not while the machine sleeps.

    Args:
        tell: is told whenever it opens or closes.
    """

    def __init__(self, timers: Timers, tell: Callable[[bool], None]) -> None:
        self._timers = timers
        self._tell = tell
        self._is_open = False
        self._is_asleep = False
        self._until = 0

    def grant(self, until: int | None) -> None:
        """Open until an instant (ns) or up to a tick sooner; None: not any more."""
        now = self._timers.now
        self._until = now if until is None else until - self._timers.up_to(TICK_NS)
        self._watch()
        self._set(self._until > now)

    def sleep(self) -> None:
        self._is_asleep = True

    def wake(self, slept_ns: int) -> None:
        self._is_asleep = False
        self._until += slept_ns
        self._watch()

    def _watch(self) -> None:
        until = self._until

        def expired() -> None:
            if self._until == until and not self._is_asleep:
                self._set(False)

        if until >= self._timers.now:
            self._timers.at(until, expired)

    def _set(self, is_open: bool) -> None:
        if is_open != self._is_open:
            self._is_open = is_open
            self._tell(is_open)
