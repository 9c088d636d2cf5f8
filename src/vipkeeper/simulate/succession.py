"""When a Backup takes over: neither before RFC 9568 6.4.2 lets it, nor after."""

from __future__ import annotations

from vipkeeper.simulate.observation import (
    ACTIVE,
    BACKUP,
    HANDING_OVER,
    NEVER,
    OWNER,
    Check,
    Seen,
)
from vipkeeper.simulate.wire_format import Advert


class _Wait:
    """What a Backup waits for: its Active_Down_Timer, by the adverts that it was given."""

    __slots__ = ("expires", "hold", "interval_ns", "lenient", "router")

    def __init__(self, router: Seen, expires: int, interval_ns: int) -> None:
        self.router = router
        self.expires = expires
        self.interval_ns = interval_ns
        self.hold: int | None = None
        self.lenient = expires


class Succession(Check):
    """A second reckoning of Active_Down_Timer, from what was heard.

    - It is set at the start by the own interval, and by each advert of a router that is not to
      be preempted by that router's interval (v3) or the own (v2): RFC 9568 6.4.1, 6.4.2, 6.4.3.
    - Priority 0 sets it to Skew_Time.
    - A lower router's advert leaves it alone, unless preempt_delay still runs, which begins with
      the first such advert (RFC 8347 preempt/hold-time). The owner always preempts (6.1).
    - One that has handed over, when it was told to, follows its successor and preempts nobody.
    - A changed priority moves it by what Skew_Time changes, not into the past.

    - One that wakes from a pause later than an Active_Down_Interval after the expiry does not know
      what has been said meanwhile, and starts it anew; so does an Active router that wakes too
      late, by its own interval.

    A Backup becomes Active at the expiry: not earlier, and later by no more than the lateness of
    its host, or at once when it wakes from a shorter pause.
    """

    name = "succession"

    def __init__(self, routers: int, lateness_ns: int) -> None:
        self._lateness_ns = lateness_ns
        self._waits: list[_Wait | None] = [None] * routers
        self._yields_to: Advert | None = None
        self._successors: dict[int, Advert] = {}

    def hears(self, now: int, router: Seen, advert: Advert) -> None:
        if router.state == ACTIVE:
            self._yields_to = advert
            return
        if router.state == HANDING_OVER and advert.priority:
            self._successors[router.number] = advert
        wait = self._waits[router.number]
        if wait is None:
            return
        facts = router.facts
        if advert.priority == 0:
            wait.hold = None
            self._set(wait, now + facts.skew_ns(router.priority, wait.interval_ns))
            return
        preempts = (facts.preempt or router.priority == OWNER) and not router.stands_back
        if advert.priority >= router.priority or not preempts:
            wait.hold = None
        elif facts.preempt_delay_ns and router.priority != OWNER:
            if wait.hold is None:
                wait.hold = now + facts.preempt_delay_ns
            elif now >= wait.hold:
                return
        else:
            return
        self._follow(wait, advert, now)

    def _follow(self, wait: _Wait, advert: Advert, now: int) -> None:
        facts = wait.router.facts
        wait.interval_ns = advert.interval_ns if facts.version == 3 else facts.interval_ns
        down = facts.down_interval_ns(wait.router.priority, wait.interval_ns)
        self._set(wait, now + down)

    def _set(self, wait: _Wait, expires: int) -> None:
        wait.expires = wait.lenient = expires
        self.due = min(self.due, expires + self._lateness_ns)

    def after(self, now: int, router: Seen, old: str) -> None:
        new, facts = router.state, router.facts
        yields_to, self._yields_to = self._yields_to, None
        if old == new:
            return
        if old == BACKUP and new == ACTIVE:
            wait = self._waits[router.number]
            assert wait is not None
            if now < wait.expires:
                early = wait.expires - now
                raise self.violated(now, router, f"became Active {early} ns too early")
        self._waits[router.number] = None
        if new != BACKUP:
            return
        own = facts.interval_ns
        wait = _Wait(router, now + facts.down_interval_ns(router.priority, own), own)
        self._waits[router.number] = wait
        successor = self._successors.pop(router.number, None)
        if successor is not None and old == HANDING_OVER and not router.for_good:
            yields_to = successor
        if yields_to is not None and old in (ACTIVE, HANDING_OVER):
            self._follow(wait, yields_to, now)
        else:
            self._set(wait, wait.expires)

    def priority_changed(self, now: int, router: Seen, previous: int) -> None:
        wait = self._waits[router.number]
        if wait is not None and router.state == BACKUP:
            skew = router.facts.skew_ns
            moved = skew(router.priority, wait.interval_ns) - skew(previous, wait.interval_ns)
            self._set(wait, max(now, wait.expires + moved))

    def circumstances_changed(self, now: int, router: Seen) -> None:
        wait = self._waits[router.number]
        if wait is None:
            return
        if not router.running:
            self._waits[router.number] = None
        elif not router.paused:
            self._wake(now, wait)

    def slept(self, router: Seen, slept_ns: int) -> None:
        wait = self._waits[router.number]
        if wait is not None:
            wait.expires += slept_ns
            wait.lenient += slept_ns
            wait.hold = None if wait.hold is None else wait.hold + slept_ns

    def _wake(self, now: int, wait: _Wait) -> None:
        router = wait.router
        down = router.facts.down_interval_ns(router.priority, wait.interval_ns)
        if router.state == BACKUP and now > wait.expires + down:
            router.overslept_at = now
            self._set(wait, now + down)
        wait.lenient = max(wait.lenient, now)
        self.due = min(self.due, wait.lenient + self._lateness_ns)

    def overdue(self, now: int) -> None:
        self.due = NEVER
        for wait in self._waits:
            if wait is None or wait.router.paused or wait.router.state != BACKUP:
                continue
            due = wait.lenient + self._lateness_ns
            if due < now:
                late = now - wait.lenient
                raise self.violated(now, wait.router, f"still waits, {late} ns too long")
            self.due = min(self.due, due)
