"""Who answers for the addresses, as others see it: none that nobody watches over for long."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.simulate.observation import ACTIVE, BACKUP, HANDING_OVER, NEVER, OWNER, Check, Seen
from vipkeeper.simulate.wire_format import Advert

HANDOVER_LEASE_NS = 50_000_000
HANDOVER_LEASES_AN_INTERVAL = 4
"""Who has resigned and answers still, answers for no longer once nobody watches over it: a quarter
of its interval, 50 ms at least."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """The last advert that a router was given, and whether its timer must have followed that."""

    source: bytes
    at: int
    is_followed: bool


class Holding(Check):
    """A host answers for an address while it is on it and the kernel's lease runs.

    - An Active router, and one that hands over, answers for its addresses as long as it is run.
    - A router that is not run any more, be it crashed or frozen, answers no longer than its last
      advert keeps the others from taking over (:attr:`~.observation.RouterFacts.lease_ns`); one
      that has resigned and hands over, :data:`HANDOVER_LEASE_NS`. What counts is the last advert
      that left.
    - So who becomes Active because it misses a router that it has followed to the last advert does
      not find it answering still: two never hold an address because of a crash or a freeze.

    The last is not promised for a router that was about to preempt the one that crashed: its timer
    runs on beside that one's adverts, and may end at any moment after the last of them. Nor for one
    that has just started, whose own interval may be shorter (6.4.1), nor for those that take one
    missing advert for the end, see there.
    """

    name = "holding"

    def __init__(self, routers: list[Seen]) -> None:
        self._others = {
            router.number: [
                other
                for other in routers
                if other is not router
                and (other.facts.vrid, other.facts.family)
                == (router.facts.vrid, router.facts.family)
            ]
            for router in routers
        }
        self._leased_until: dict[int, int] = {}
        self._bounds: dict[int, tuple[int, Seen]] = {}
        self._heard: dict[int, _Heard] = {}

    def sent(self, now: int, router: Seen, adverts: tuple[Advert, ...]) -> None:
        if adverts[0].priority:
            self._leased_until[router.number] = now + router.facts.lease_ns
        else:
            self._leased_until.pop(router.number, None)

    def hears(self, now: int, router: Seen, advert: Advert) -> None:
        if router.state != BACKUP:
            self._heard.pop(router.number, None)
            return
        preempts = (router.facts.preempt or router.priority == OWNER) and not router.stands_back
        is_followed = (
            advert.priority >= max(router.priority, 1) if preempts else advert.priority > 0
        )
        self._heard[router.number] = _Heard(advert.source, now, is_followed)

    def after(self, now: int, router: Seen, old: str) -> None:
        if old == router.state:
            return
        if router.state != ACTIVE:
            self._heard.pop(router.number, None)  # another wait begins
        if router.state in (ACTIVE, HANDING_OVER) and not router.leased:
            raise self.violated(now, router, f"is {router.state}, and its kernel does not answer")
        if (old, router.state) == (BACKUP, ACTIVE):
            for other in self._others[router.number]:
                if other.answered and not other.is_run and self._must_have_waited(router, other):
                    name = other.facts.name
                    raise self.violated(now, router, f"took over while {name} answers still")

    def _must_have_waited(self, router: Seen, other: Seen) -> bool:
        heard = self._heard.get(router.number)
        return (
            heard is not None
            and heard.source == other.facts.primary
            and heard.is_followed
            and heard.at >= other.advertised_at
            and other.facts.down_adverts > 1
        )

    def circumstances_changed(self, now: int, router: Seen) -> None:
        if router.is_run or not router.answered:
            self._bounds.pop(router.number, None)
        elif router.number not in self._bounds:
            bound = self._leased_until.get(router.number, now + _handover_lease_ns(router))
            self._bounds[router.number] = (bound, router)
        self.due = min((bound for bound, _ in self._bounds.values()), default=NEVER)

    def lease_ended(self, now: int, router: Seen) -> None:
        self._bounds.pop(router.number, None)
        holds = router.held - router.facts.own
        if router.is_up and holds and router.state in (ACTIVE, HANDING_OVER):
            raise self.violated(now, router, "is run, and its kernel answers no more")

    def slept(self, router: Seen, slept_ns: int) -> None:
        if router.number in self._leased_until:
            self._leased_until[router.number] += slept_ns

    def overdue(self, now: int) -> None:
        for bound, router in self._bounds.values():
            if bound < now:
                late = now - bound
                raise self.violated(
                    now, router, f"is not run and answers still, {late} ns too long"
                )


def _handover_lease_ns(router: Seen) -> int:
    return max(router.facts.interval_ns // HANDOVER_LEASES_AN_INTERVAL, HANDOVER_LEASE_NS)
