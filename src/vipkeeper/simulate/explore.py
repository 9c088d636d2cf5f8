"""Every order of events that two or three routers can live through, to a stated depth.

Where the simulation draws what happens, this tries all of it: each packet is delivered, lost or
delivered twice, timers fire, routers crash, stop, hand over and start, in every order, breadth
first. The real
:func:`~vipkeeper.vrrp.machine.step` and :func:`~vipkeeper.vrrp.admission.admit` say what follows;
:mod:`.properties` says whether it may, from what can be seen alone.

Time is what makes such a space endless, so it is cut down to what matters: it goes on from one
deadline, or one packet's latest arrival, to the next, and a situation is the same whenever it
occurs: its instants are counted from now. From every situation that is new the search also lets
everything heal, with no faults any more, and looks whether it converges in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from vipkeeper.simulate.properties import Properties, RouterFacts, Seen, with_item
from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    AnnounceAddresses,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.admission import Admitted, admit
from vipkeeper.vrrp.advertisement import PRIORITY_RESIGNING
from vipkeeper.vrrp.datagram import Datagram
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    AnnouncementHeard,
    Event,
    HandOver,
    Shutdown,
    ShutdownCause,
    Startup,
    TimerFired,
)
from vipkeeper.vrrp.machine import Transition, step
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State, deadline

Step = Callable[[VirtualRouter, State, Event, int], Transition]

NOW = 0
"""Every situation is at this instant; what lies before it is negative."""


ANNOUNCEMENT = -1
"""All addresses at once. Nobody else acts on it, so nobody else is sent any."""


class Packet(NamedTuple):
    """An advert on its way to one router, or an announcement to one that hands over.

    Attributes:
        priority: of the advert, :data:`ANNOUNCEMENT` in place of one otherwise.
        age_ns: since it was sent.
        doubled: it has been delivered once.
    """

    sender: int
    receiver: int
    priority: int
    age_ns: int = 0
    doubled: bool = False


class Situation(NamedTuple):
    """All that decides what can happen next, and what has to be remembered to judge it."""

    states: tuple[State, ...]
    holding: tuple[bool, ...]
    packets: tuple[Packet, ...]
    seen: Seen


class Choice(NamedTuple):
    """What happens.

    Attributes:
        what: ``deliver``, ``lose`` or ``double`` a packet; ``crash``, ``stop`` or ``start`` a
            router, tell it to ``hand over``, or ``fire`` its timer; or ``wait`` until something is
            due.
        which: the packet, or the router.
    """

    what: str
    which: Packet | int | None = None

    def __str__(self) -> str:
        match self.which:
            case Packet(sender, receiver, priority, age_ns):
                age = f", {age_ns / 1e6:g} ms old" if age_ns else ""
                what = "announcement" if priority == ANNOUNCEMENT else f"advert {priority}"
                return f"{self.what} {what} from {sender} to {receiver}{age}"
            case int():
                return f"{self.what} {self.which}"
            case None:
                return self.what


class ViolationError(Exception):
    """A property does not hold; the message says which and how."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """What was found.

    Attributes:
        situations: different ones that were reached.
        steps: choices that were tried.
        depth: the longest way to a situation, in choices.
        violation: what does not hold, empty where everything does.
        way: the choices that lead there.
    """

    situations: int
    steps: int
    depth: int
    violation: str = ""
    way: tuple[Choice, ...] = ()


def explore(
    routers: tuple[VirtualRouter, ...], delay_ns: int, depth: int, *, step: Step = step
) -> Exploration:
    """Search breadth first; ends at the first violation, on a shortest way to it.

    Args:
        routers: of one virtual router, with their primary addresses.
        delay_ns: a packet that is not lost arrives within this time.
        step: the state machine.
    """
    world = World(routers, delay_ns, step)
    first = world.first()
    came_from: dict[Situation, tuple[Situation, Choice] | None] = {first: None}
    level = [first]
    steps = 0
    for reached in range(depth):
        following: list[Situation] = []
        for situation in level:
            for choice in world.choices(situation):
                steps += 1
                try:
                    new = world.after(situation, choice)
                    if new in came_from:
                        continue
                    came_from[new] = (situation, choice)
                    following.append(new)
                    world.must_heal(new)
                except ViolationError as violation:
                    way = (*_way(came_from, situation), choice)
                    return Exploration(len(came_from), steps, reached + 1, str(violation), way)
        level = following
        if not level:
            return Exploration(len(came_from), steps, reached + 1)
    return Exploration(len(came_from), steps, depth)


def _way(
    came_from: dict[Situation, tuple[Situation, Choice] | None], situation: Situation
) -> tuple[Choice, ...]:
    way: list[Choice] = []
    while (before := came_from[situation]) is not None:
        situation, choice = before
        way.append(choice)
    return tuple(reversed(way))


class _Settled(NamedTuple):
    """When, without a fault, ``chosen`` are Active for good: one, or none where none runs."""

    after_ns: int
    chosen: list[int]


class World:
    """What can happen to these routers, and what follows from it."""

    def __init__(self, routers: tuple[VirtualRouter, ...], delay_ns: int, step: Step) -> None:
        self._routers = routers
        self._step = step
        self._delay_ns = delay_ns
        self._properties = Properties([_facts(router) for router in routers], delay_ns)
        self._settled: dict[Situation, _Settled] = {}

    def first(self) -> Situation:
        """Nobody runs."""
        count = len(self._routers)
        off = (False,) * count
        return Situation((Initialize(),) * count, off, (), Seen.nothing(count))

    def choices(self, situation: Situation) -> Iterator[Choice]:
        """All that can happen now. What is due happens before time goes on."""
        for packet in situation.packets:
            yield Choice("deliver", packet)
            yield Choice("lose", packet)
            if not packet.doubled and packet.priority != ANNOUNCEMENT:
                yield Choice("double", packet)
        for index, state in enumerate(situation.states):
            if isinstance(state, Initialize):
                yield Choice("start", index)
            else:
                yield Choice("crash", index)
                yield Choice("stop", index)
                if isinstance(state, Active):
                    yield Choice("hand over", index)
                if _is_due(state):
                    yield Choice("fire", index)
        if self._next_instant(situation) is not None:
            yield Choice("wait")

    def after(self, situation: Situation, choice: Choice) -> Situation:
        """The situation that follows.

        Raises:
            ViolationError: it must not come to this.
        """
        match choice:
            case Choice("wait"):
                elapsed_ns = self._next_instant(situation)
                assert elapsed_ns is not None
                return self._judged(self._later(situation, elapsed_ns))
            case Choice("lose", Packet() as packet):
                seen = self._properties.lost(situation.seen, packet.sender, packet.receiver)
                seen = self._properties.disturbed(seen)
                return situation._replace(packets=_without(situation, packet), seen=seen)
            case Choice("deliver" | "double" as how, Packet() as packet):
                rest = _without(situation, packet)
                if how == "double":
                    rest = _sorted((*rest, packet._replace(doubled=True)))
                return self._deliver(situation._replace(packets=rest), packet)
            case Choice("crash", int(index)):
                # The host is gone, and its addresses with it.
                return self._changed(situation, index, Initialize(), holds=False, crashed=True)
            case Choice("start", int(index)):
                return self._happen(situation, index, Startup())
            case Choice("stop", int(index)):
                return self._happen(situation, index, Shutdown(ShutdownCause.STOPPED))
            case Choice("hand over", int(index)):
                return self._happen(situation, index, HandOver())
            case Choice("fire", int(index)):
                return self._happen(situation, index, TimerFired())
        raise AssertionError(choice)

    # -- what follows ----------------------------------------------------------------------

    def _deliver(self, situation: Situation, packet: Packet) -> Situation:
        receiver, sender = self._routers[packet.receiver], self._routers[packet.sender]
        state = situation.states[packet.receiver]
        if packet.priority == ANNOUNCEMENT:
            return self._happen(situation, packet.receiver, AnnouncementHeard(is_last=True))
        source = sender.primary_address
        assert source is not None
        advertisement = sender.advertisement(packet.priority)
        datagram = Datagram(source, receiver.multicast_group, 255, b"")
        verdict = admit(receiver, advertisement, datagram, advertising=isinstance(state, Active))
        if not isinstance(verdict, Admitted):
            raise ViolationError(f"{packet.receiver} discards a good advert: {verdict.detail}")
        event = AdvertisementReceived(advertisement, source)
        return self._happen(situation, packet.receiver, event)

    def _happen(self, situation: Situation, index: int, event: Event) -> Situation:
        router = self._routers[index]
        transition = self._step(router, situation.states[index], event, NOW)
        if isinstance(event, AdvertisementReceived):
            self._check_yielding(index, event, transition)
        holds = situation.holding[index]
        packets, seen = list(situation.packets), self._note(situation.seen, index, event)
        for action in transition.actions:
            match action:
                case AcquireAddresses():
                    holds = True
                case ReleaseAddresses():
                    holds = False
                case SendAdvertisement(resigning):
                    priority = PRIORITY_RESIGNING if resigning else router.priority
                    seen = self._checked(
                        self._properties.sent(
                            seen,
                            index,
                            priority,
                            is_active=isinstance(transition.new, Active),
                            was_active=isinstance(transition.old, Active),
                        )
                    )
                    packets += [
                        Packet(index, other, priority)
                        for other in range(len(self._routers))
                        if other != index
                    ]
                case AnnounceAddresses():
                    packets += [
                        Packet(index, other, ANNOUNCEMENT)
                        for other, state in enumerate(situation.states)
                        if other != index and isinstance(state, HandingOver)
                    ]
        new = situation._replace(packets=_sorted(packets), seen=seen)
        return self._changed(new, index, transition.new, holds=holds)

    def _note(self, seen: Seen, index: int, event: Event) -> Seen:
        """What a router that hands over is given."""
        match event:
            case AnnouncementHeard():
                return self._properties.heard(seen, index, announced=True)
            case AdvertisementReceived(advertisement) if advertisement.priority:
                return self._properties.heard(seen, index, announced=False)
            case Shutdown() if seen.going[index] is not None:
                return self._properties.goes(seen, index, for_good=True)
        return seen

    def _check_yielding(
        self, index: int, event: AdvertisementReceived, transition: Transition
    ) -> None:
        if isinstance(transition.old, Active) and not isinstance(transition.new, Active):
            theirs = (event.advertisement.priority, int(event.source))
            if complaint := self._properties.yielded(index, *theirs):
                raise ViolationError(complaint)

    def _changed(
        self,
        situation: Situation,
        index: int,
        state: State,
        *,
        holds: bool,
        crashed: bool = False,
    ) -> Situation:
        old = situation.states[index]
        states = with_item(situation.states, index, state)
        holding = with_item(situation.holding, index, holds)
        situation = situation._replace(states=states, holding=holding)
        if type(old) is not type(state):
            seen = self._turned(situation, index, old, crashed=crashed)
            situation = situation._replace(seen=seen)
        return self._judged(situation)

    def _turned(self, situation: Situation, index: int, old: State, *, crashed: bool) -> Seen:
        """A router is in another state than before."""
        state, seen = situation.states[index], situation.seen
        if crashed or isinstance(old, Initialize):
            seen = self._properties.disturbed(seen)
        stands_back = False
        if isinstance(state, HandingOver):
            is_alone = not _active(situation)
            speaks = any(one.sender == index and one.priority > 0 for one in situation.packets)
            seen = self._properties.goes(
                seen, index, for_good=state.for_good, disturbed=speaks or not is_alone
            )
        elif isinstance(old, HandingOver):
            is_held = any(situation.holding)
            going = seen.going[index]
            stands_back = isinstance(state, Backup) and going is not None and not going.for_good
            seen = self._checked(
                self._properties.gone(seen, index, is_held=is_held, crashed=crashed)
            )
        return seen._replace(stands_back=with_item(seen.stands_back, index, stands_back))

    def _judged(self, situation: Situation) -> Situation:
        active = tuple(isinstance(state, Active) for state in situation.states)
        seen = self._checked(self._properties.now(situation.seen, active, situation.holding))
        return situation._replace(seen=seen)

    def _checked(self, verdict: Seen | str) -> Seen:
        if isinstance(verdict, str):
            raise ViolationError(verdict)
        return verdict

    # -- time ------------------------------------------------------------------------------

    def _next_instant(self, situation: Situation) -> int | None:
        """How long until something is due (ns); None if something is due now, or nothing ever."""
        instants = [
            instant for state in situation.states if (instant := deadline(state)) is not None
        ]
        instants += [self._delay_ns - packet.age_ns for packet in situation.packets]
        following = min(instants, default=0)
        return following if following > NOW else None

    def _later(self, situation: Situation, elapsed_ns: int) -> Situation:
        return Situation(
            tuple(_earlier(state, elapsed_ns) for state in situation.states),
            situation.holding,
            tuple(
                packet._replace(age_ns=packet.age_ns + elapsed_ns) for packet in situation.packets
            ),
            self._properties.later(situation.seen, elapsed_ns),
        )

    # -- healing ---------------------------------------------------------------------------

    def must_heal(self, situation: Situation) -> None:
        """From here on nothing fails, and every packet arrives after its longest delay.

        Raises:
            ViolationError: it does not come to one Active router, or not to the right one, or it
                does not stay so, or it takes too long.
        """
        settled_ns = self._settle(situation).after_ns
        bound_ns = self._properties.convergence_ns(situation.seen, _running(situation))
        if settled_ns > bound_ns:
            raise ViolationError(f"healed after {settled_ns} ns, not after {bound_ns} ns")

    def _settle(self, situation: Situation) -> _Settled:
        """Without a fault there is one way on, and it ends in a circle: that is looked at once."""
        way: list[tuple[Situation, int]] = []
        place: dict[Situation, int] = {}
        while situation not in self._settled and situation not in place:
            if not _running(situation):
                self._settled[situation] = _Settled(0, [])
                break
            place[situation] = len(way)
            following, waited_ns = self._without_a_fault(situation)
            way.append((situation, waited_ns))
            situation = following
        if situation in place:
            circle = [met for met, _ in way[place[situation] :]]
            del way[place[situation] :]
            chosen = self._chosen(circle)
            for met in circle:
                self._settled[met] = _Settled(0, [chosen])
        settled = self._settled[situation]
        for met, waited_ns in reversed(way):
            if settled.after_ns or _active(met) != settled.chosen:
                settled = _Settled(settled.after_ns + waited_ns, settled.chosen)
            self._settled[met] = settled
        return settled

    def _chosen(self, circle: list[Situation]) -> int:
        """Who is Active in all of a circle."""
        chosen: int | None = None
        for situation in circle:
            seen, running, active = situation.seen, _running(situation), _active(situation)
            if complaint := self._properties.converged(seen, running, active, chosen):
                raise ViolationError(f"without a fault, for ever: {complaint}")
            (chosen,) = active
        assert chosen is not None
        return chosen

    def _without_a_fault(self, situation: Situation) -> tuple[Situation, int]:
        for index, state in enumerate(situation.states):
            if _is_due(state):
                return self.after(situation, Choice("fire", index)), 0
        for packet in situation.packets:
            if packet.age_ns >= self._delay_ns:
                return self.after(situation, Choice("deliver", packet)), 0
        waited_ns = self._next_instant(situation)
        assert waited_ns is not None
        return self.after(situation, Choice("wait")), waited_ns


def _active(situation: Situation) -> list[int]:
    return [i for i, state in enumerate(situation.states) if isinstance(state, Active)]


def _running(situation: Situation) -> list[int]:
    return [i for i, state in enumerate(situation.states) if not isinstance(state, Initialize)]


def _facts(router: VirtualRouter) -> RouterFacts:
    assert router.primary_address is not None
    return RouterFacts(
        priority=router.priority,
        address=int(router.primary_address),
        interval_ns=router.advertisement_interval_ns,
        down_adverts=router.down_interval_adverts,
        preempt=router.preempt,
        preempt_delay_ns=router.preempt_delay_ns,
        learns_interval=router.version.learns_interval,
        advertises_before_yielding=router.advertise_before_yielding,
    )


def _is_due(state: State) -> bool:
    instant = deadline(state)
    return instant is not None and instant <= NOW


def _earlier(state: State, elapsed_ns: int) -> State:
    """The same state, its instants counted from a later now."""
    match state:
        case Backup():
            hold = state.preempt_hold
            return replace(
                state,
                active_down_timer=state.active_down_timer - elapsed_ns,
                preempt_hold=None if hold is None else hold - elapsed_ns,
            )
        case Active():
            return replace(
                state,
                adver_timer=state.adver_timer - elapsed_ns,
                advertised_at=state.advertised_at - elapsed_ns,
            )
        case HandingOver():
            let_go_at = state.let_go_at
            return replace(
                state,
                until=state.until - elapsed_ns,
                let_go_at=None if let_go_at is None else let_go_at - elapsed_ns,
            )
        case Initialize():
            return state


def _sorted(packets: list[Packet] | tuple[Packet, ...]) -> tuple[Packet, ...]:
    """Which of two packets was sent first is no part of a situation, beyond their ages."""
    return tuple(sorted(packets))


def _without(situation: Situation, packet: Packet) -> tuple[Packet, ...]:
    rest = list(situation.packets)
    rest.remove(packet)
    return tuple(rest)
