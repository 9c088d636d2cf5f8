"""Every order of events among two or three routers, to a stated depth, breadth first.

The simulation draws what happens; here all of it is tried: each advert on its way is delivered,
lost or doubled, in any order and before or after the next timer; each router's timer fires; each
router is started, stopped, or loses power. States that differ in the time of day only are one.

It is the real :func:`~vipkeeper.vrrp.machine.step` and the real admission. What is searched is a
model of the rest: an advert is on its way for no time or until one timer has fired, timers are
served on time, and every router has the same Advertisement_Interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from vipkeeper.vrrp.actions import AcquireAddresses, ReleaseAddresses, SendAdvertisement
from vipkeeper.vrrp.admission import Admitted, admit
from vipkeeper.vrrp.advertisement import GROUPS
from vipkeeper.vrrp.datagram import Datagram
from vipkeeper.vrrp.events import AdvertisementReceived, Event, Shutdown, Startup, TimerFired
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.machine import step as the_machine
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, Initialize, State, deadline
from vipkeeper.vrrp.version import SECOND_NS, VRRPV2, VRRPV3, Family, Version

MOST_ON_THE_WAY = 4
"""No advert is doubled, and none is kept waiting, while more than so many are on their way."""

ANSWERS_IN_AN_INTERVAL = 8
_WATCHED_INTERVALS = 5
_INITIALIZE = Initialize()

Step = Callable[[VirtualRouter, State, Event, int], Transition]


class Message(NamedTuple):
    """An advert on its way. ``is_late``: a timer has fired since it was sent."""

    sender: int
    receiver: int
    priority: int
    is_late: bool


class Situation(NamedTuple):
    """The state of all routers (None: it does not run) and the adverts on their way.

    Instants are relative to now.
    """

    states: tuple[State | None, ...]
    messages: tuple[Message, ...]


class WrongError(Exception):
    """A rule is broken."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a search saw.

    Attributes:
        situations: how many there are within the depth.
        moves: how many ways from one to another.
        wrong: the broken rule, and the moves that lead there; None if there is none.
    """

    title: str
    depth: int
    situations: int
    moves: int
    wrong: tuple[str, ...] | None


def router(version: Version, priority: int, number: int) -> VirtualRouter:
    """Two seconds: at an interval of one, VRRPv2 and VRRPv3 have the same skew."""
    return VirtualRouter(
        name=chr(ord("A") + number),
        interface="eth0",
        vrid=1,
        version=version,
        family=Family.IPV4,
        priority=priority,
        advertisement_interval_ns=2 * SECOND_NS,
        addresses=(IPv4Address("192.0.2.254"),),
        primary_address=IPv4Address(f"192.0.2.{number + 1}"),
    )


_PRIORITIES = ((200, 100, 150), (100, 100, 100), (255, 100, 200))
_VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    ", nopreempt": {"preempt": False},
    ", preempt_delay 3 s": {"preempt_delay_ns": 3 * SECOND_NS},
    ", losing adverts are not answered": {"answer_losing_adverts": False},
}


def compositions(count: int) -> Iterator[tuple[str, tuple[VirtualRouter, ...]]]:
    """What is searched: priorities apart, equal, and with an owner, in both versions."""
    for version in (VRRPV2, VRRPV3):
        for priorities in _PRIORITIES:
            for name, changes in _VARIANTS.items():
                chosen = priorities[:count]
                routers = tuple(
                    replace(router(version, priority, number), **changes)
                    for number, priority in enumerate(chosen)
                )
                yield f"v{version.number}, priorities {', '.join(map(str, chosen))}{name}", routers


class Search:
    """One composition of routers.

    Args:
        step: what stands in for the state machine, in the tests of this search.
    """

    def __init__(
        self, title: str, routers: tuple[VirtualRouter, ...], step: Step = the_machine
    ) -> None:
        self._title = title
        self._routers = routers
        self._step = step
        self._settles: set[Situation] = set()
        interval = routers[0].advertisement_interval_ns
        self._interval = interval
        self._memory = interval // ANSWERS_IN_AN_INTERVAL
        # Active_Down_Interval and the largest Skew_Time (RFC 9568 6.1; RFC 3768's is shorter);
        # a preempt delay begins with an advert and is followed by an Active_Down_Interval.
        skew = max((256 - router.priority) * interval // 256 for router in routers)
        self._settling = 3 * interval + 2 * skew
        if delay := max(router.preempt_delay_ns for router in routers):
            self._settling += interval + delay + 3 * interval + skew

    def run(self, depth: int) -> Result:
        """Everything within ``depth`` moves from nobody running."""
        first = Situation((None,) * len(self._routers), ())
        came_from: dict[Situation, tuple[Situation, str] | None] = {first: None}
        frontier, moves = [first], 0
        for level in range(depth):
            following = []
            for situation in frontier:
                try:
                    for move, new in self._moves(situation):
                        moves += 1
                        if new not in came_from:
                            came_from[new] = (situation, move)
                            self._hold_it_settles(new)
                            following.append(new)
                except WrongError as wrong:
                    path = (*_path(came_from, situation), str(wrong))
                    return Result(self._title, level + 1, len(came_from), moves, path)
            frontier = following
        return Result(self._title, depth, len(came_from), moves, None)

    # -- what may happen -------------------------------------------------------------------

    def _moves(self, situation: Situation) -> Iterator[tuple[str, Situation]]:
        states, messages = situation
        for message in dict.fromkeys(messages):
            rest = list(messages)
            rest.remove(message)
            without = Situation(states, tuple(rest))
            name = _named(message)
            yield f"{name} arrives", self._deliver(without, message)
            yield f"{name} is lost", without
            if len(messages) < MOST_ON_THE_WAY:
                yield f"{name} arrives twice", self._deliver(situation, message)
        for number, state in enumerate(states):
            name = self._routers[number].name
            if state is None:
                yield f"{name} starts", self._happen(situation, number, Startup())
                continue
            yield (
                f"{name} is stopped",
                self._remove(self._happen(situation, number, Shutdown()), number),
            )
            yield f"{name} loses power", self._remove(situation, number)
        yield from self._timers(situation)

    def _timers(self, situation: Situation) -> Iterator[tuple[str, Situation]]:
        due = [deadline(state) for state in situation.states if state is not None]
        soonest = min((instant for instant in due if instant is not None), default=None)
        if soonest is None:
            return
        if soonest > 0:
            messages = situation.messages
            if len(messages) > MOST_ON_THE_WAY or any(one.is_late for one in messages):
                return
            situation = self._pass(situation, soonest)
        for number, state in enumerate(situation.states):
            if state is not None and deadline(state) == 0:
                name = self._routers[number].name
                yield f"{name}'s timer", self._happen(situation, number, TimerFired())

    def _pass(self, situation: Situation, duration: int) -> Situation:
        return Situation(
            tuple(self._earlier(state, duration) for state in situation.states),
            tuple(sorted(message._replace(is_late=True) for message in situation.messages)),
        )

    def _earlier(self, state: State | None, duration: int) -> State | None:
        match state:
            case Active():
                return replace(
                    state,
                    adver_timer=state.adver_timer - duration,
                    # Longer ago than an answer has to wait is as long ago as that.
                    advertised_at=max(state.advertised_at - duration, -self._memory),
                )
            case Backup():
                hold = state.preempt_hold
                return replace(
                    state,
                    active_down_timer=state.active_down_timer - duration,
                    preempt_hold=None if hold is None else max(hold - duration, 0),
                )
        return state

    def _remove(self, situation: Situation, number: int) -> Situation:
        states = (*situation.states[:number], None, *situation.states[number + 1 :])
        kept = tuple(one for one in situation.messages if one.receiver != number)
        return Situation(states, kept)

    # -- what follows ----------------------------------------------------------------------

    def _deliver(self, situation: Situation, message: Message) -> Situation:
        receiver, sender = self._routers[message.receiver], self._routers[message.sender]
        state = situation.states[message.receiver]
        assert state is not None
        assert sender.primary_address is not None
        advertisement = sender.advertisement(message.priority)
        if sender.version.has_authentication_data:
            advertisement = replace(advertisement, authentication_data=bytes(8))
        datagram = Datagram(sender.primary_address, GROUPS[sender.family], 255, b"")
        was_active = isinstance(state, Active)
        if not isinstance(
            admit(receiver, advertisement, datagram, advertising=was_active), Admitted
        ):
            raise WrongError(f"{receiver.name} refuses {_named(message)}")
        event = AdvertisementReceived(advertisement, sender.primary_address)
        new = self._happen(situation, message.receiver, event)
        theirs = (message.priority, sender.primary_address)
        wins = theirs > (receiver.priority, receiver.primary_address)
        if was_active and isinstance(new.states[message.receiver], Active) == wins:
            raise WrongError(f"{receiver.name} takes {_named(message)} wrongly")
        return new

    def _happen(self, situation: Situation, number: int, event: Event) -> Situation:
        """Let one router live through an event; its adverts are on their way then."""
        states, own = situation.states, self._routers[number]
        old = states[number]
        transition = self._step(own, _INITIALIZE if old is None else old, event, 0)
        new = transition.new
        sent: list[int] = []
        held = isinstance(old, Active)
        for action in transition.actions:
            match action:
                case SendAdvertisement(resigning):
                    sent.append(0 if resigning else own.priority)
                case AcquireAddresses():
                    held = True
                case ReleaseAddresses():
                    held = False
        self._judge(own, old, new, event, sent, held)
        messages = [
            Message(number, receiver, priority, False)
            for priority in sent
            for receiver, state in enumerate(states)
            if receiver != number and state is not None
        ]
        states = (*states[:number], new, *states[number + 1 :])
        return Situation(states, tuple(sorted((*situation.messages, *messages))))

    def _judge(
        self,
        own: VirtualRouter,
        old: State | None,
        new: State,
        event: Event,
        sent: list[int],
        held: bool,
    ) -> None:
        """Acts as Active only in Active, takes over by its timer only, answers within bounds."""
        is_active = isinstance(new, Active)
        if held != is_active:
            raise WrongError(f"{own.name} {'holds' if held else 'lacks'} the addresses")
        resigned = [0] if isinstance(old, Active) and isinstance(event, Shutdown) else []
        if sent and not is_active and sent != resigned:
            raise WrongError(f"{own.name} sends and is {type(new).__name__}")
        if len(sent) > 1:
            raise WrongError(f"{own.name} sends {len(sent)} adverts at once")
        if isinstance(old, Backup) and is_active and not isinstance(event, TimerFired):
            raise WrongError(f"{own.name} became Active without its timer")
        answers = isinstance(event, AdvertisementReceived) and isinstance(old, Active)
        if answers and sent and isinstance(old, Active) and old.advertised_at > -self._memory:
            raise WrongError(f"{own.name} answers too soon")

    # -- and without any further fault -----------------------------------------------------

    def _hold_it_settles(self, situation: Situation) -> None:
        """All run, nothing is lost, adverts take no time: one is Active, the right one, for good.

        No two are from one interval on: the better one has advertised by then.
        """
        for number, state in enumerate(situation.states):
            if state is None:
                situation = self._happen(situation, number, Startup())
        situation = self._deliver_all(situation)
        if situation in self._settles:
            return
        self._settles.add(situation)
        elapsed, settled = 0, None
        while elapsed < self._settling + _WATCHED_INTERVALS * self._interval:
            due = [deadline(state) for state in situation.states if state is not None]
            soonest = min(instant for instant in due if instant is not None)
            if elapsed <= self._settling < elapsed + soonest:
                settled = self._the_active(situation)
            elapsed += soonest
            situation = self._pass(situation, soonest)
            for number, state in enumerate(situation.states):
                if state is not None and deadline(state) == 0:
                    situation = self._happen(situation, number, TimerFired())
                    situation = self._deliver_all(situation)
            active = sum(isinstance(state, Active) for state in situation.states)
            if active > 1 and elapsed >= self._interval:
                raise WrongError(f"{active} are Active {elapsed} ns after the last fault")
        if self._the_active(situation) != settled:
            raise WrongError("another one became Active long after the last fault")

    def _deliver_all(self, situation: Situation) -> Situation:
        while situation.messages:
            message, *rest = situation.messages
            situation = self._deliver(Situation(situation.states, tuple(rest)), message)
        return situation

    def _the_active(self, situation: Situation) -> int:
        active = [n for n, state in enumerate(situation.states) if isinstance(state, Active)]
        if len(active) != 1:
            raise WrongError(f"{len(active)} are Active {self._settling} ns after the last fault")
        own = self._routers[active[0]]
        preempting = [one.priority for one in self._routers if one.preempt or one.is_owner]
        if own.priority < max(preempting, default=0):
            raise WrongError(f"{own.name} is Active, and a better router preempts")
        return active[0]


def _named(message: Message) -> str:
    sender, receiver = (chr(ord("A") + number) for number in message[:2])
    late = ", late" if message.is_late else ""
    return f"priority {message.priority} from {sender} to {receiver}{late}"


def _path(
    came_from: dict[Situation, tuple[Situation, str] | None], situation: Situation
) -> tuple[str, ...]:
    moves = []
    while (origin := came_from[situation]) is not None:
        situation, move = origin
        moves.append(move)
    return tuple(reversed(moves))
