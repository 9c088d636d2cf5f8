"""All checkers, and the one account of what was seen that they share."""

from __future__ import annotations

from collections.abc import Sequence

from vipkeeper.simulate.handover import Handover
from vipkeeper.simulate.holding import Holding
from vipkeeper.simulate.liveness import Liveness
from vipkeeper.simulate.observation import (
    BACKUP,
    HANDING_OVER,
    INITIALIZE,
    NEVER,
    Check,
    RouterFacts,
    Seen,
    Violation,
)
from vipkeeper.simulate.overlap import Overlap
from vipkeeper.simulate.presence import Presence
from vipkeeper.simulate.safety import Conduct, Identity, Participation, Rate
from vipkeeper.simulate.succession import Succession
from vipkeeper.simulate.waking import Waking
from vipkeeper.simulate.wire_format import Advert

RECOVERY_NS = 1_000_000_000
"""A router that the kernel refused something takes part again after a second, it says."""

_MIN_PRIORITY, _MAX_PRIORITY, _OWNER = 1, 254, 255


class Monitor:
    """Is told what happens, and raises :class:`~.observation.Violation` for what must not.

    Args:
        delay_ns: the longest that an undisturbed advert takes until it is acted on.
        lateness_ns: the longest that a timer of a router that is not paused is served late.
    """

    def __init__(self, facts: Sequence[RouterFacts], delay_ns: int, lateness_ns: int) -> None:
        self.routers = [Seen(number, item) for number, item in enumerate(facts)]
        self._by_place = {
            (router.facts.host, router.facts.family, router.facts.vrid): router
            for router in self.routers
        }
        self._of_host: dict[int, list[Seen]] = {}
        for router in self.routers:
            self._of_host.setdefault(router.facts.host, []).append(router)
        count = len(self.routers)
        self._liveness = Liveness(delay_ns, lateness_ns)
        self.checks: tuple[Check, ...] = (
            Conduct(),
            Identity(),
            Rate(count),
            Participation(RECOVERY_NS, lateness_ns),
            Succession(count, lateness_ns),
            Waking(),
            Holding(self.routers),
            Handover(self.routers, delay_ns, lateness_ns),
            Presence(count, lateness_ns),
            Overlap(self.routers, delay_ns, lateness_ns),
            self._liveness,
        )
        self.transitions = 0

    # -- time ------------------------------------------------------------------------------

    def passes(self, now: int) -> None:
        """It is this late, and whatever happens now has not happened yet."""
        for check in self.checks:
            if check.due < now:
                check.overdue(now)

    # -- what a router does ----------------------------------------------------------------

    def sent(self, now: int, number: int, adverts: Sequence[Advert | None]) -> None:
        router = self.routers[number]
        readable = tuple(advert for advert in adverts if advert is not None)
        if len(readable) < len(adverts):
            raise Violation("identity", now, f"{router.facts.name} sent what nobody can read")
        for check in self.checks:
            check.sent(now, router, readable)
        router.advertised_at = now

    def announced(self, now: int, number: int, address: bytes) -> None:
        router = self.routers[number]
        for check in self.checks:
            check.announced(now, router, address)

    def holds(self, now: int, number: int, address: bytes, held: bool) -> None:
        router = self.routers[number]
        if held:
            router.held.add(address)
        else:
            router.held.discard(address)
        for check in self.checks:
            check.holds(now, router, address)

    def refused(self, now: int, number: int) -> None:
        """The kernel refused this router something that it depends on."""
        router = self.routers[number]
        router.refused = True
        for check in self.checks:
            check.disturbed(now, router.facts.host, router.facts.host)

    def hears(self, now: int, host: int, advert: Advert | None, came_at: int) -> int | None:
        """A host is about to read a packet; returns the router that must act on it.

        Args:
            came_at: since when it has waited to be read.
        """
        if advert is None:
            return None
        router = self._by_place.get((host, advert.family, advert.vrid))
        if router is None or not router.running:
            return None
        if came_at < router.overslept_at:
            raise Violation(
                "waking", now, f"{router.facts.name} reads what came while it was not run"
            )
        if router.state != INITIALIZE and router.accepts(advert):
            for check in self.checks:
                check.hears(now, router, advert)
        return router.number

    def hears_announcement(self, now: int, host: int, address: bytes) -> None:
        """A host is about to hear that another one has an address now."""
        for router in self._of_host[host]:
            if router.state == HANDING_OVER and address in router.facts.addresses:
                for check in self.checks:
                    check.hears_announcement(now, router, address)

    def after(self, now: int, number: int, state: str) -> None:
        """A router has dealt with whatever it was, and says that its state is this."""
        router = self.routers[number]
        old, router.state = router.state, state
        if old != state:
            self.transitions += 1
            if state == HANDING_OVER:
                router.for_good = router.stopping or router.in_maintenance
            router.stands_back = state == BACKUP and old == HANDING_OVER and not router.for_good
        for check in self.checks:
            check.after(now, router, old)
        router.refused = False

    # -- what happens to a host ------------------------------------------------------------

    def started(self, now: int, host: int) -> None:
        for router in self._of_host[host]:
            router.running, router.stopping, router.at_once = True, False, False
            router.stands_back = False
            router.state = INITIALIZE
            router.advertised_at = -NEVER
            router.recovers_at = 0
            router.overslept_at = -NEVER
            self._changed(now, router)

    def stopping(self, now: int, host: int) -> None:
        """Its daemon is told to stop; its routers will be shut down one after the other."""
        for router in self._of_host[host]:
            router.at_once = router.stopping
            router.stopping = router.for_good = True

    def maintenance(self, now: int, host: int, on: bool) -> None:
        """Its daemon learns that it is to take no part, or may again."""
        for router in self._of_host[host]:
            if router.in_maintenance != on:
                router.in_maintenance = on
                router.for_good |= on
                self._changed(now, router)

    def stopped(self, now: int, host: int) -> None:
        """They have been."""
        for router in self._of_host[host]:
            router.running = False
            self._changed(now, router)

    def lost(self, now: int, host: int, *, addresses: bool) -> None:
        """Its daemon was killed; ``addresses``: and the host with it."""
        for router in self._of_host[host]:
            router.running = router.paused = router.asleep = False
            router.state = INITIALIZE
            if addresses:
                router.held = set(router.facts.own)
            self._changed(now, router)

    def paused(self, now: int, host: int, paused: bool) -> None:
        for router in self._of_host[host]:
            router.paused = paused
            router.woke_at = -NEVER if paused else now
            self._changed(now, router)

    def leased(self, now: int, host: int, leased: bool) -> None:
        """Its kernel answers from now on for what is on it, or no more."""
        for router in self._of_host[host]:
            router.leased = leased
            if not leased:
                for check in self.checks:
                    check.lease_ended(now, router)

    def falls_asleep(self, now: int, host: int) -> None:
        for router in self._of_host[host]:
            router.asleep = True
        self.paused(now, host, True)

    def wakes(self, now: int, host: int, slept_ns: int) -> None:
        for router in self._of_host[host]:
            router.asleep = False
            router.advertised_at += slept_ns
            router.recovers_at += slept_ns
            for check in self.checks:
                check.slept(router, slept_ns)
        self.paused(now, host, False)

    def link(self, now: int, host: int, up: bool) -> None:
        for router in self._of_host[host]:
            router.link = up
            self._changed(now, router)

    def tracked(self, now: int, host: int, up: bool) -> None:
        """The daemon learns that the tracked interface is up, or down."""
        for router in self._of_host[host]:
            facts, previous = router.facts, router.priority
            priority = facts.priority + (0 if up else facts.weight)
            if facts.priority != _OWNER:  # the owner stays the owner
                priority = min(max(priority, _MIN_PRIORITY), _MAX_PRIORITY)
                router.priority = priority
            if router.priority != previous:
                for check in self.checks:
                    check.priority_changed(now, router, previous)

    def _changed(self, now: int, router: Seen) -> None:
        for check in self.checks:
            check.circumstances_changed(now, router)

    # -- what happens to the wire ----------------------------------------------------------

    def disturbed(self, now: int, sender: int, receiver: int) -> None:
        for check in self.checks:
            check.disturbed(now, sender, receiver)

    def cut(self, now: int, sender: int, receiver: int, change: int) -> None:
        for check in self.checks:
            check.cut(now, sender, receiver, change)

    def healed(self, now: int, drained_at: int, segments: Sequence[Sequence[int]]) -> int:
        """No fault is left; returns until when the routers must be watched.

        Args:
            drained_at: when the last packet that is late arrives.
            segments: the hosts that hear each other.
        """
        start = max(now, drained_at, *(router.recovers_at for router in self.routers))
        return self._liveness.healed(
            start,
            [[router for host in hosts for router in self._of_host[host]] for hosts in segments],
        )
