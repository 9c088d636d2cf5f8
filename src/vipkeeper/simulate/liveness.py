"""What must come about once no fault is left: one router is Active, the right one, and it stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vipkeeper.simulate.observation import ACTIVE, HANDING_OVER, NEVER, OWNER, Check, Seen
from vipkeeper.simulate.overlap import agree
from vipkeeper.simulate.presence import beats


@dataclass(frozen=True, slots=True)
class Settling:
    """When a group of routers must have come to rest (instants).

    Attributes:
        one: from now on one of them is Active; two at most while one hands over to the other.
        rest: from now on nothing moves.
        end: how long that is watched.
    """

    one: int
    rest: int
    end: int


class _Group:
    def __init__(self, routers: list[Seen], settling: Settling) -> None:
        self.routers = routers
        self.settling = settling
        self.next = settling.one
        self.may_hand_over = any(
            router.facts.preempt_delay_ns and router.facts.preempt for router in routers
        )


class Liveness(Check):
    """After healing, on each segment and among routers that accept each other's adverts.

    Let t be when the last fault has ended, the last late packet has arrived, and whoever was
    refused something by the kernel takes part again; I the longest interval of the virtual
    router, which any of them may have learned in v3 while all heard each other (in v2 it is
    one); D and L as in :class:`~vipkeeper.simulate.overlap.Overlap`.

    - One is Active from t + max(Active_Down_Interval by I) + max(Skew_Time by I) + 2 * D + L:
      no Backup's timer runs longer than its Active_Down_Interval by I, the best Active router
      yields to nobody, and all others yield to its advert. The largest skew is room for those
      that follow each other, the best last. Where the routers' intervals differ (v3 alone) I + L
      + D more: a router that starts waits by its own interval (6.4.1), which may pass before a
      slower Active router is heard, and then both are Active until it is.
    - One Active_Down_Interval later if one hands over at t and finds nobody.
    - No preempting router is better than the Active one, and nothing moves, from there on, plus
      the longest preempt delay, one more interval until it begins, and one more
      Active_Down_Interval that follows it (RFC 8347 preempt/hold-time).
    - Where no router preempts nothing moves from the first instant on.

    Twins with one priority and one address may be Active both.
    """

    name = "liveness"
    STRETCH = 12
    """Nothing moves for so many intervals: several times the longest Active_Down_Interval."""

    def __init__(self, delay_ns: int, lateness_ns: int) -> None:
        self._delay_ns = delay_ns
        self._lateness_ns = lateness_ns
        self._groups: list[_Group] = []
        self._of: dict[int, _Group] = {}

    def healed(self, start: int, segments: Iterable[list[Seen]]) -> int:
        """From ``start`` on no fault is left; returns until when it must be watched."""
        segments = list(segments)
        slowest: dict[tuple[int, int], int] = {}
        for router in (router for segment in segments for router in segment):
            key = (router.facts.family, router.facts.vrid)
            slowest[key] = max(slowest.get(key, 0), router.facts.interval_ns)
        for segment in segments:
            for members in _that_agree(segment):
                facts = members[0].facts
                longest = slowest[facts.family, facts.vrid]
                group = _Group(members, self._settling(start, members, longest))
                self._groups.append(group)
                self._of.update((router.number, group) for router in members)
        self.due = min(group.next for group in self._groups)
        return max(group.settling.end for group in self._groups)

    def _settling(self, start: int, members: list[Seen], longest: int) -> Settling:
        down = max(router.facts.down_interval_ns(router.priority, longest) for router in members)
        skew = max(router.facts.skew_ns(router.priority, longest) for router in members)
        one = start + down + skew + 2 * self._delay_ns + self._lateness_ns
        if any(router.state == HANDING_OVER for router in members):
            one += down + self._lateness_ns
        if any(router.facts.interval_ns != longest for router in members):
            one += longest + self._lateness_ns + self._delay_ns
        rest = one
        if any(router.facts.preempt or router.priority == OWNER for router in members):
            hold = max(router.facts.preempt_delay_ns for router in members)
            if hold:
                rest += hold + longest + down + 2 * self._delay_ns + 2 * self._lateness_ns
        return Settling(one, rest, rest + self.STRETCH * longest)

    def after(self, now: int, router: Seen, old: str) -> None:
        group = self._of.get(router.number)
        if group is None or old == router.state or now <= group.settling.one:
            return
        if now > group.settling.rest:
            raise self.violated(now, router, f"moved from {old} to {router.state}")
        self._hold_one_active(now, group)

    def overdue(self, now: int) -> None:
        self.due = NEVER
        for group in self._groups:
            settling = group.settling
            if group.next < now:
                self._hold_one_active(now, group)
                if group.next >= settling.rest:
                    self._hold_the_right_one_active(now, group)
                later = [i for i in (settling.rest, settling.end) if i >= now]
                group.next = min(later, default=NEVER)
            self.due = min(self.due, group.next)

    def _hold_one_active(self, now: int, group: _Group) -> None:
        active = [router for router in group.routers if router.state == ACTIVE]
        names = ", ".join(router.facts.name for router in active)
        if not active:
            since = now - group.settling.one
            raise self.violated(
                now, group.routers[0], f"and its like: none Active, {since} ns late"
            )
        hands_over = group.may_hand_over and now <= group.settling.rest
        if len(active) > 1 and not hands_over and not _are_twins(active):
            raise self.violated(now, active[0], f"is not alone: {names} are Active")

    def _hold_the_right_one_active(self, now: int, group: _Group) -> None:
        active = next(router for router in group.routers if router.state == ACTIVE)
        for router in group.routers:
            preempts = router.facts.preempt or router.priority == OWNER
            if preempts and router.priority > active.priority and not router.stands_back:
                raise self.violated(now, router, f"preempts, and {active.facts.name} is Active")


def _are_twins(active: list[Seen]) -> bool:
    first, *others = active
    return not any(
        beats(first.priority, first.facts.primary, other)
        or beats(other.priority, other.facts.primary, first)
        for other in others
    )


def _that_agree(segment: list[Seen]) -> list[list[Seen]]:
    """The routers of a segment, in groups whose members accept each other's adverts."""
    groups: list[list[Seen]] = []
    for router in segment:
        for group in groups:
            if agree(router.facts, group[0].facts) or agree(group[0].facts, router.facts):
                group.append(router)
                break
        else:
            groups.append([router])
    return groups
