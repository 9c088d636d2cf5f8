"""How a router hands over: it answers until the successor does, and hardly longer."""

from __future__ import annotations

from dataclasses import dataclass, field

from vipkeeper.simulate.observation import (
    ACTIVE,
    HANDING_OVER,
    NEVER,
    Check,
    Seen,
)
from vipkeeper.simulate.overlap import agree
from vipkeeper.simulate.wire_format import Advert

TWO_AT_MOST_NS = 50_000_000
LINGER_NS = 20_000_000
"""So long after the last of the addresses was announced it lets go of them."""
LINGER_FOR_THE_REST_NS = 40_000_000
"""Or so long after the first was."""


@dataclass(slots=True)
class _Handover:
    """What the one that hands over has heard so far (instants).

    Attributes:
        until: an Active_Down_Interval after it has resigned.
        advert_at: the successor's first advert.
        announced_at: the first announcement of each address.
        began_at: when it resigned.
        beside: who answered then as well, for whatever reason.
        disturbed: something has gone wrong since then with a host or a packet.
        two_since: since when a successor answers as well.
    """

    router: Seen
    began_at: int
    until: int
    beside: frozenset[int]
    disturbed: bool
    advert_at: int | None = None
    announced_at: dict[bytes, int] = field(default_factory=dict)
    two_since: int | None = None

    @property
    def lets_go_at(self) -> int:
        """By what it has heard: then, or as much later as its timer is served late."""
        if self.advert_at is None or not self.announced_at:
            return self.until
        first, last = min(self.announced_at.values()), max(self.announced_at.values())
        by_announcements = first + LINGER_FOR_THE_REST_NS
        if len(self.announced_at) == len(self.router.facts.addresses):
            by_announcements = min(by_announcements, last + LINGER_NS)
        return min(max(by_announcements, self.advert_at + LINGER_NS), self.until)


class Handover(Check):
    """A planned stop, maintenance, or the order to hand over: never two for long, never none.

    The router has resigned. From then on:

    - It answers for its addresses until it has heard an advert of its successor and the
      announcement of each address, and 20 ms longer; 40 ms after the first announcement without
      the others; an Active_Down_Interval at the longest, and exactly so long if nobody comes.
    - When it lets go, somebody else answers for each address: where nobody came, itself, unless it
      has ended.
    - Both answer for 50 ms at most, longer by the delay D of the announcement and the lateness L.

    The last two need that nothing went wrong meanwhile with a packet or a host.
    """

    name = "handover"

    def __init__(self, routers: list[Seen], delay_ns: int, lateness_ns: int) -> None:
        self._routers = routers
        self._delay_ns = delay_ns
        self._lateness_ns = lateness_ns
        self._handovers: dict[int, _Handover] = {}
        self._disturbed_at = -NEVER
        self._cuts = 0

    def after(self, now: int, router: Seen, old: str) -> None:
        if old != router.state:
            if router.state == HANDING_OVER:
                facts = router.facts
                until = now + facts.down_interval_ns(router.priority, facts.interval_ns)
                self._handovers[router.number] = _Handover(
                    router=router,
                    began_at=now,
                    until=until,
                    beside=frozenset(
                        other.number for other in self._others(router) if other.answered
                    ),
                    disturbed=self._cuts > 0 or self._disturbed_at == now,
                )
            elif old == HANDING_OVER:
                self._judge_the_end(now, self._handovers.pop(router.number))
            self._look_for_two(now)
        self._arm()

    def _judge_the_end(self, now: int, handover: _Handover) -> None:
        router = handover.router
        if router.refused or not router.link or router.at_once:
            return
        early = handover.lets_go_at - now
        if early > 0:
            raise self.violated(now, router, f"lets go {early} ns too early")
        if now > max(handover.lets_go_at, router.woke_at) + self._lateness_ns:
            raise self.violated(now, router, f"lets go {-early} ns too late")
        came = handover.advert_at is not None
        if router.state == ACTIVE and came and not router.for_good:
            raise self.violated(now, router, "takes back what it has handed over")
        if came and not handover.disturbed and not self._is_answered(router):
            raise self.violated(now, router, "lets go, and nobody answers")

    def _is_answered(self, router: Seen) -> bool:
        return any(
            other.facts.own.union(other.answered).issuperset(router.facts.addresses)
            for other in self._others(router)
        )

    def _others(self, router: Seen) -> list[Seen]:
        return [
            other
            for other in self._routers
            if other is not router and agree(router.facts, other.facts)
        ]

    def hears(self, now: int, router: Seen, advert: Advert) -> None:
        handover = self._handovers.get(router.number)
        if handover is not None and advert.priority and handover.advert_at is None:
            handover.advert_at = now
        self._arm()

    def hears_announcement(self, now: int, router: Seen, address: bytes) -> None:
        handover = self._handovers.get(router.number)
        if handover is not None:
            handover.announced_at.setdefault(address, now)
        self._arm()

    # -- two, or none ----------------------------------------------------------------------

    def holds(self, now: int, router: Seen, address: bytes) -> None:
        self._look_for_two(now)

    def _look_for_two(self, now: int) -> None:
        for handover in self._handovers.values():
            router = handover.router
            answers_too = any(
                other.answered & router.answered
                for other in self._others(router)
                if other.number not in handover.beside
            )
            if not answers_too:
                handover.two_since = None
            elif handover.two_since is None:
                handover.two_since = now
        self._arm()

    def disturbed(self, now: int, sender: int, receiver: int) -> None:
        self._disturbed_at = now
        for handover in self._handovers.values():
            handover.disturbed = True
        self._arm()

    def cut(self, now: int, sender: int, receiver: int, change: int) -> None:
        self._cuts += change
        self.disturbed(now, sender, receiver)

    def circumstances_changed(self, now: int, router: Seen) -> None:
        if not router.running:
            self._handovers.pop(router.number, None)
        self.disturbed(now, router.facts.host, router.facts.host)
        self._look_for_two(now)

    def lease_ended(self, now: int, router: Seen) -> None:
        self._look_for_two(now)

    def slept(self, router: Seen, slept_ns: int) -> None:
        handover = self._handovers.get(router.number)
        if handover is None:
            return
        handover.until += slept_ns
        if handover.advert_at is not None:
            handover.advert_at += slept_ns
        for address in handover.announced_at:
            handover.announced_at[address] += slept_ns

    # -- time ------------------------------------------------------------------------------

    def _due(self, handover: _Handover) -> int:
        router = handover.router
        if router.paused:
            return NEVER
        due = max(handover.lets_go_at, router.woke_at) + self._lateness_ns
        if handover.two_since is not None and not handover.disturbed:
            margin = self._delay_ns + self._lateness_ns
            due = min(due, handover.two_since + TWO_AT_MOST_NS + margin)
        return due

    def _arm(self) -> None:
        self.due = min(map(self._due, self._handovers.values()), default=NEVER)

    def overdue(self, now: int) -> None:
        for handover in self._handovers.values():
            if self._due(handover) < now:
                raise self.violated(now, handover.router, "hands over for too long")
        self._arm()
