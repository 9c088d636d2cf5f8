"""What must hold in every situation of the exhaustive search, judged by what can be seen of it.

Seen are adverts, who holds the addresses, and which routers call themselves Active. Every time that
follows from the settings is worked out here again, from the RFCs' formulas: nothing is asked of the
state machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

T = TypeVar("T")

OWNER_PRIORITY = 255  # RFC 9568 5.2.4
RESIGNING_PRIORITY = 0
SECOND_NS = 1_000_000_000

ANSWERS_AN_INTERVAL = 8
"""An answer comes an eighth of the interval after the last advert at the earliest
(docs/state-machine.md, "A tie without an end"); what Adver_Timer sends comes when it is due. So
between an advert and the second one after it there is at least that eighth."""

TWO_AT_MOST_NS = 50_000_000
"""So long after the successor's announcement has arrived the addresses may be held by two."""


@dataclass(frozen=True, slots=True)
class RouterFacts:
    """What is known of a router beforehand.

    Attributes:
        address: of its adverts, as a number: it breaks ties.
        learns_interval: VRRPv3: the times of a Backup follow the Active router's interval.
    """

    priority: int
    address: int
    interval_ns: int
    down_adverts: int
    preempt: bool
    preempt_delay_ns: int
    learns_interval: bool
    advertises_before_yielding: bool


class Going(NamedTuple):
    """A router that hands over.

    Attributes:
        since_ns: since it has resigned.
        for_good: it was stopped.
        advert: it has been given an advert of its successor.
        announced: and the announcement of the addresses.
        two_ns: for how long its successor has held them too; None while it does not.
        disturbed: a packet was lost, somebody crashed or started, or when it began another was
            Active as well or its own advert was still on its way.
    """

    since_ns: int = 0
    for_good: bool = False
    advert: bool = False
    announced: bool = False
    two_ns: int | None = None
    disturbed: bool = False


class Seen(NamedTuple):
    """What has to be remembered of what happened.

    Attributes:
        since_sent_ns: for each router, since its last advert, and since the one before; None where
            it has sent none since it became Active.
        together_ns: for each winner and each loser, how long both have been Active with no packet
            lost on the way from the winner to the loser; None while they are not.
        going: for each router, how far it is with handing over; None where it does not.
        stands_back: which have handed over, when they were told to, and preempt nobody.
    """

    since_sent_ns: tuple[tuple[int | None, int | None], ...]
    together_ns: tuple[tuple[int | None, ...], ...]
    going: tuple[Going | None, ...]
    stands_back: tuple[bool, ...]

    @classmethod
    def nothing(cls, count: int) -> Seen:
        return cls(
            ((None, None),) * count, ((None,) * count,) * count, (None,) * count, (False,) * count
        )


class Properties:
    """The properties of a group of routers.

    A method that judges returns what is to be remembered now, or a sentence about what does not
    hold.

    Args:
        delay_ns: a packet that is not lost arrives within this time.
    """

    def __init__(self, routers: Sequence[RouterFacts], delay_ns: int) -> None:
        self._routers = tuple(routers)
        self._delay_ns = delay_ns

    # -- safety ----------------------------------------------------------------------------

    def sent(
        self, seen: Seen, index: int, priority: int, *, was_active: bool, is_active: bool
    ) -> Seen | str:
        """A router has sent an advert, on its way from one state to the next."""
        router, (last_ns, before_ns) = self._routers[index], seen.since_sent_ns[index]
        if priority == RESIGNING_PRIORITY:
            if is_active or not was_active:
                return f"{index} resigns, and was not Active, or stays so"
            return seen
        if priority != router.priority:
            return f"{index} sends priority {priority}, its own is {router.priority}"
        if not is_active and not (was_active and router.advertises_before_yielding):
            return f"{index} advertises, and is not Active"
        if before_ns is not None and before_ns < router.interval_ns // ANSWERS_AN_INTERVAL:
            return f"{index} sends three adverts in {before_ns} ns"
        return seen._replace(since_sent_ns=with_item(seen.since_sent_ns, index, (0, last_ns)))

    def yielded(self, index: int, priority: int, address: int) -> str:
        """What is wrong with yielding to such an advert; empty if nothing is."""
        if (priority, address) > self._rank(index):
            return ""
        return f"{index} yields to priority {priority}, which does not beat its own"

    def lost(self, seen: Seen, winner: int, loser: int) -> Seen:
        """A packet was lost: what follows from hearing each other is counted from now on."""
        if seen.together_ns[winner][loser] is None:
            return seen
        row = with_item(seen.together_ns[winner], loser, 0)
        return seen._replace(together_ns=with_item(seen.together_ns, winner, row))

    # -- handing over ----------------------------------------------------------------------

    def disturbed(self, seen: Seen) -> Seen:
        """Something has gone wrong: nobody need come any more."""
        return seen._replace(
            going=tuple(one and one._replace(disturbed=True) for one in seen.going)
        )

    def goes(self, seen: Seen, index: int, *, for_good: bool, disturbed: bool = False) -> Seen:
        """It has resigned and answers still, or is stopped while it does."""
        going = seen.going[index] or Going(disturbed=disturbed)
        going = going._replace(for_good=going.for_good or for_good)
        return seen._replace(going=with_item(seen.going, index, going))

    def heard(self, seen: Seen, index: int, *, announced: bool) -> Seen:
        """It was given its successor's advert, or its announcement."""
        going = seen.going[index]
        if going is None:
            return seen
        going = going._replace(announced=True) if announced else going._replace(advert=True)
        return seen._replace(going=with_item(seen.going, index, going))

    def gone(self, seen: Seen, index: int, *, is_held: bool, crashed: bool) -> Seen | str:
        """It hands over no more; ``is_held``: the addresses are held, by it or by another."""
        going = seen.going[index]
        assert going is not None
        seen = seen._replace(going=with_item(seen.going, index, None))
        if crashed:
            return seen
        came = going.advert and going.announced
        if not came and going.since_ns < self._down_ns(index):
            return f"{index} lets go after {going.since_ns} ns, and nobody has come"
        if came and not going.disturbed and not is_held:
            return f"{index} has handed over, and nobody holds the addresses"
        return seen

    def _held_by_two(self, index: int, going: Going, active: Sequence[bool]) -> Going | str:
        if not any(active):
            return going._replace(two_ns=None)
        two_ns = going.two_ns or 0
        if two_ns > TWO_AT_MOST_NS + self._delay_ns and not going.disturbed:
            return f"{index} and its successor have held the addresses for {two_ns} ns"
        return going._replace(two_ns=two_ns)

    def _down_ns(self, index: int, interval_ns: int | None = None) -> int:
        """Active_Down_Interval, 6.1."""
        router = self._routers[index]
        if interval_ns is None or not router.learns_interval:
            interval_ns = router.interval_ns
        scale_ns = interval_ns if router.learns_interval else SECOND_NS
        return router.down_adverts * interval_ns + (256 - router.priority) * scale_ns // 256

    # -- time ------------------------------------------------------------------------------

    def later(self, seen: Seen, elapsed_ns: int) -> Seen:
        return seen._replace(
            since_sent_ns=tuple(
                (_plus(last, elapsed_ns), _plus(before, elapsed_ns))
                for last, before in seen.since_sent_ns
            ),
            together_ns=tuple(
                tuple(_plus(time, elapsed_ns) for time in row) for row in seen.together_ns
            ),
            going=tuple(
                one
                and one._replace(
                    since_ns=one.since_ns + elapsed_ns, two_ns=_plus(one.two_ns, elapsed_ns)
                )
                for one in seen.going
            ),
        )

    def now(self, seen: Seen, active: Sequence[bool], holding: Sequence[bool]) -> Seen | str:
        """Who is Active and who holds the addresses at this moment."""
        since = list(seen.since_sent_ns)
        goings: list[Going | None] = []
        for index, going in enumerate(seen.going):
            judged = going and self._held_by_two(index, going, active)
            if isinstance(judged, str):
                return judged
            goings.append(judged)
        for index, router in enumerate(self._routers):
            if (active[index] or goings[index] is not None) != holding[index]:
                return (
                    f"{index} is {'' if active[index] else 'not '}Active"
                    f" and {'holds' if holding[index] else 'does not hold'} the addresses"
                )
            if not active[index]:
                since[index] = (None, None)
            elif (waited_ns := since[index][0]) is None or waited_ns > router.interval_ns:
                return f"{index} is Active and has said nothing for {waited_ns} ns"
        together = []
        for winner, row in enumerate(seen.together_ns):
            times: list[int | None] = []
            for loser, time_ns in enumerate(row):
                if not (active[winner] and active[loser] and self._beats(winner, loser)):
                    times.append(None)
                    continue
                times.append(time_ns or 0)
                # Until the winner's next advert, and that on its way (RFC 9568 6.4.3).
                bound_ns = self._routers[winner].interval_ns + self._delay_ns
                if (time_ns or 0) > bound_ns:
                    return f"{winner} and {loser} have both been Active for {time_ns} ns"
            together.append(tuple(times))
        return seen._replace(
            since_sent_ns=tuple(since), together_ns=tuple(together), going=tuple(goings)
        )

    def _beats(self, one: int, other: int) -> bool:
        """RFC 9568 6.4.3: the higher priority, then the higher address."""
        return self._rank(one) > self._rank(other)

    def _rank(self, index: int) -> tuple[int, int]:
        return self._routers[index].priority, self._routers[index].address

    # -- liveness --------------------------------------------------------------------------

    def convergence_ns(self, seen: Seen, running: Sequence[int]) -> int:
        """Without a fault there is one Active router after this time.

        One Active_Down_Interval, by the longest interval that a Backup may have learned; begun by
        the answer to a packet that was still on its way, and its end told by another packet. A
        preempt delay lets one more Active_Down_Interval begin, and so does one that hands over to
        nobody.
        """
        longest_ns = max(router.interval_ns for router in self._routers)
        bounds = []
        for index in running:
            router = self._routers[index]
            down_ns = self._down_ns(index, longest_ns)
            held_ns = router.preempt_delay_ns + down_ns if router.preempt_delay_ns else 0
            bounds.append(down_ns + held_ns + 3 * self._delay_ns)
        goes_ns = max((self._down_ns(i) for i, one in enumerate(seen.going) if one), default=0)
        return max(bounds, default=0) + goes_ns

    def converged(
        self, seen: Seen, running: Sequence[int], active: Sequence[int], chosen: int | None
    ) -> str:
        """What is wrong after this time; empty if nothing is.

        Args:
            chosen: who was Active when this was asked last; None if it is asked first.
        """
        if len(active) != 1:
            return f"{len(active)} of {len(running)} routers are Active"
        if chosen not in (None, active[0]):
            return f"the addresses move from {chosen} to {active[0]}"
        best = max(running, key=self._rank)
        router, winner = self._routers[best], self._routers[active[0]]
        preempts = router.preempt or router.priority == OWNER_PRIORITY
        if preempts and winner.priority < router.priority and not seen.stands_back[best]:
            return f"{active[0]} is Active, {best} has a higher priority and preempts"
        return ""


def _plus(time_ns: int | None, elapsed_ns: int) -> int | None:
    return None if time_ns is None else time_ns + elapsed_ns


def with_item(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    """The same with another item there."""
    return (*items[:index], item, *items[index + 1 :])
