"""How long two routers may both be Active although they hear each other."""

from __future__ import annotations

from itertools import combinations

from vipkeeper.simulate.observation import ACTIVE, NEVER, OWNER, Check, RouterFacts, Seen
from vipkeeper.simulate.presence import beats


def agree(receiver: RouterFacts, sender: RouterFacts) -> bool:
    """Whether a router accepts what another one says, by how they are configured."""
    if (receiver.vrid, receiver.family, receiver.version) != (
        sender.vrid,
        sender.family,
        sender.version,
    ):
        return False
    if receiver.priority == OWNER and receiver.owner_ignores:
        return False
    if receiver.version == 2 and (receiver.password, receiver.interval_ns) != (
        sender.password,
        sender.interval_ns,
    ):
        return False
    if receiver.peers:
        return receiver.primary in sender.peers
    return not sender.peers and receiver.group == sender.group


class _Pair:
    """Two routers of one virtual router.

    Attributes:
        next_advert, answer: until when the one or the other must have ended it.
        cut: how many faults cut the way from the first to the second, and back.
        disturbed: when a packet was last lost or late on it.
    """

    __slots__ = ("answer", "cut", "disturbed", "members", "next_advert")

    def __init__(self, first: Seen, second: Seen) -> None:
        self.members = (first, second)
        self.cut = [0, 0]
        self.disturbed = [-NEVER, -NEVER]
        self.next_advert = self.answer = NEVER

    @property
    def both_active(self) -> bool:
        first, second = self.members
        return first.state == second.state == ACTIVE and first.is_up and second.is_up

    def winner(self) -> int | None:
        """0 or 1; None for two that have one priority and one address."""
        first, second = self.members
        if beats(first.priority, first.facts.primary, second):
            return 0
        return 1 if beats(second.priority, second.facts.primary, first) else None


class Overlap(Check):
    """Two routers that hear each other are not both Active for long.

    D is the longest that an advert is on its way until it is acted on, L the longest that a
    timer is served late, I the winner's Advertisement_Interval. What ends it is the winner's
    next advert, since the loser yields to it at once (6.4.3):

    - D, if the winner has just become Active: its first advert leaves with that;
    - I + L + D from any moment, for the winner's Adver_Timer is never farther away than I. That
      needs the way from the winner to the loser only;
    - D + I / 8 + L + D, if the loser has just become Active and the winner answers losing
      adverts: the loser's first advert reaches it after D, and it answers at once, or I / 8
      after its last advert (REASSERT_FRACTION) by a timer. That needs the way in both directions.

    A moment counts anew whenever a packet on that way was lost or late, and while the way is
    cut, or one of them is paused or without a link, they do not hear each other.

    Where nobody wins there is no bound: two routers with one priority *and* one address stay
    Active both, and so does an owner that ignores adverts (RFC 3768 7.1) beside a second owner.
    Routers that discard each other's adverts (another version, password or v2 interval) do not
    hear each other.
    """

    name = "overlap"

    def __init__(self, routers: list[Seen], delay_ns: int, lateness_ns: int) -> None:
        self._delay_ns = delay_ns
        self._lateness_ns = lateness_ns
        self._pairs = [
            _Pair(first, second)
            for first, second in combinations(routers, 2)
            if (first.facts.vrid, first.facts.family) == (second.facts.vrid, second.facts.family)
        ]
        self._of = {
            router.number: [pair for pair in self._pairs if router in pair.members]
            for router in routers
        }

    def bound_ns(self, winner: RouterFacts) -> int:
        return winner.interval_ns + self._lateness_ns + self._delay_ns

    def after(self, now: int, router: Seen, old: str) -> None:
        if old != router.state:
            for pair in self._of[router.number]:
                self._begin(pair, now, router if router.state == ACTIVE else None)

    def priority_changed(self, now: int, router: Seen, previous: int) -> None:
        self.circumstances_changed(now, router)

    def circumstances_changed(self, now: int, router: Seen) -> None:
        for pair in self._of[router.number]:
            self._begin(pair, now, None)

    def _begin(self, pair: _Pair, now: int, newly_active: Seen | None) -> None:
        """Reckon from now on."""
        pair.next_advert = pair.answer = NEVER
        number = pair.winner() if pair.both_active else None
        if number is None or pair.cut[number]:
            return
        winner, loser = pair.members[number], pair.members[1 - number]
        if not agree(loser.facts, winner.facts):
            return
        pair.next_advert = now + self.bound_ns(winner.facts)
        if newly_active is winner and pair.disturbed[number] < now:
            pair.next_advert = now + self._delay_ns
        elif (
            newly_active is loser
            and winner.facts.answers
            and agree(winner.facts, loser.facts)
            and not pair.cut[1 - number]
            and pair.disturbed[1 - number] < now
        ):
            eighth = winner.facts.interval_ns // 8
            pair.answer = now + 2 * self._delay_ns + eighth + self._lateness_ns
        self.due = min(self.due, pair.next_advert, pair.answer)

    def cut(self, now: int, sender: int, receiver: int, change: int) -> None:
        """One fault more (1) or less (-1) cuts the way between these hosts."""
        for pair, way in self._ways(sender, receiver):
            pair.cut[way] += change
            self._disturb(pair, way, now)

    def disturbed(self, now: int, sender: int, receiver: int) -> None:
        for pair, way in self._ways(sender, receiver):
            self._disturb(pair, way, now)

    def _disturb(self, pair: _Pair, way: int, now: int) -> None:
        pair.disturbed[way] = now
        if not pair.both_active:
            return
        if way == pair.winner():
            self._begin(pair, now, None)
        else:
            pair.answer = NEVER

    def _ways(self, sender: int, receiver: int) -> list[tuple[_Pair, int]]:
        ways = []
        for pair in self._pairs:
            hosts = (pair.members[0].facts.host, pair.members[1].facts.host)
            if hosts == (sender, receiver):
                ways.append((pair, 0))
            elif hosts == (receiver, sender):
                ways.append((pair, 1))
        return ways

    def overdue(self, now: int) -> None:
        self.due = NEVER
        for pair in self._pairs:
            due = min(pair.next_advert, pair.answer)
            if due < now:
                first, second = pair.members
                raise self.violated(
                    now, first, f"and {second.facts.name} hear each other and are both Active"
                )
            self.due = min(self.due, due)
