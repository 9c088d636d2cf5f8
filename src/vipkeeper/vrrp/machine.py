"""The state machine of RFC 9568 section 6.4, as a table.

:data:`RULES` says *when* something happens, row by row in the order of the RFC; the small pure
functions below it say *what*. :func:`step` looks the row up and is the only way to another
state. Nothing here reads a clock or touches a socket: the caller passes ``now`` and carries out
the actions that come back.

Three things keep the table honest:

- A state carries its own deadline (``Backup.active_down_timer``, ``Active.adver_timer``), so
  there is no timer to be forgotten or left running: :func:`vipkeeper.vrrp.states.deadline`
  reads it, and an expiry that comes too early, or for a timer that has moved on, matches no row
  and changes nothing.
- What no row matches is ignored, in every state, and a test says so for each pair.
- What the RFC does not have is marked by its name: the rows *handover*, which keep the addresses
  answered for while another router takes over, and the rows *late*, for a host that was stopped.
- What VRRPv2 does differently is data (:mod:`vipkeeper.vrrp.version`), and so is what
  keepalived does differently (the fields of :class:`~vipkeeper.vrrp.router.VirtualRouter`).

All instants and durations are nanoseconds of one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    Action,
    AnnounceAddresses,
    Occasion,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.advertisement import PRIORITY_RESIGNING
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    AnnouncementHeard,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    Startup,
    TimerFired,
)
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State, deadline

REASSERT_FRACTION = 8
"""An Active router answers losing adverts at most this many times in an Advertisement_Interval.

RFC 9568 6.4.3 answers each at once, without a bound: two routers that both believe that they
win (one priority, one address) then answer each other for ever, as fast as they can. An answer
that would come too soon is not lost, it is sent when its time has come.
"""

LINGER_NS = 20_000_000
"""The addresses go so long after the successor has announced the last of them: frames and answers
that are on their way are not lost."""

LINGER_FOR_THE_REST_NS = 40_000_000
"""They go at the latest so long after it has announced the first: it has all of them by then (it
adds them before it announces any), however long it takes for the rest."""

Outcome = tuple[State, tuple[Action, ...]]

S = TypeVar("S", Initialize, Backup, Active, HandingOver)
E = TypeVar(
    "E",
    Startup,
    Shutdown,
    TimerFired,
    AdvertisementReceived,
    PriorityChanged,
    HandOver,
    AnnouncementHeard,
)


@dataclass(frozen=True, slots=True)
class Rule(Generic[S, E]):
    """One row: in this state, on this event, when the condition holds, do this.

    Attributes:
        name: the section of RFC 9568 (or what it is about that the RFC does not have) and the
            row's letter in it.
        because: the row in words, completing "Active because ...".
    """

    name: str
    state: type[S]
    event: type[E]
    when: Callable[[VirtualRouter, S, E, int], bool]
    then: Callable[[VirtualRouter, S, E, int], Outcome]
    because: str


@dataclass(frozen=True, slots=True)
class Transition:
    """What :func:`step` did. ``rule`` is None where no row matched and nothing changed."""

    old: State
    new: State
    event: Event
    rule: Rule[Any, Any] | None
    actions: tuple[Action, ...]

    @property
    def changes_state(self) -> bool:
        return type(self.old) is not type(self.new)


# -- when ---------------------------------------------------------------------------------------


def always(router: VirtualRouter, state: State, event: Event, now: int) -> bool:
    """In all other cases."""
    return True


def owner(router: VirtualRouter, state: State, event: Event, now: int) -> bool:
    """Its priority is 255, it owns the addresses, and does not wait."""
    return router.is_owner and router.owner_starts_active


def active_down_timer_expired(
    router: VirtualRouter, state: Backup, event: TimerFired, now: int
) -> bool:
    """Active_Down_Timer has expired."""
    return now >= state.active_down_timer


def adver_timer_expired(router: VirtualRouter, state: Active, event: TimerFired, now: int) -> bool:
    """Adver_Timer has expired."""
    return now >= state.adver_timer


def has_overslept(router: VirtualRouter, state: State, now: int) -> bool:
    """Its timer is so late that it must not believe what it hears, nor say what it would.

    A Backup: later than an Active_Down_Interval. What has been said meanwhile is not known, or
    is stale. An Active router: its last advert is so long ago that others have taken over.
    """
    match state:
        case Backup(active_down_timer=due, active_adver_interval_ns=interval):
            return now > due + router.active_down_interval_ns(interval)
        case Active(advertised_at=advertised_at):
            return now >= advertised_at + router.lease_ns
    return False


def overslept_as_backup(router: VirtualRouter, state: Backup, event: TimerFired, now: int) -> bool:
    """Active_Down_Timer expired more than an Active_Down_Interval ago."""
    return has_overslept(router, state, now)


def overslept_as_active(router: VirtualRouter, state: Active, event: TimerFired, now: int) -> bool:
    """The last advert is so long ago that others have taken over."""
    return has_overslept(router, state, now)


def planned(router: VirtualRouter, state: State, event: Shutdown, now: int) -> bool:
    """Nothing is wrong with the host: it is stopped, or in maintenance."""
    return event.cause.is_planned


def nobody_came(router: VirtualRouter, state: HandingOver, event: TimerFired, now: int) -> bool:
    """No successor was heard in all the time, and it is not for good."""
    return now >= state.until and state.successor_interval_ns is None and not state.for_good


def time_to_let_go(router: VirtualRouter, state: HandingOver, event: TimerFired, now: int) -> bool:
    """The successor has announced the addresses, or has had an Active_Down_Interval for it."""
    due = deadline(state)
    return due is not None and now >= due


def still_resigning(
    router: VirtualRouter, state: HandingOver, event: AdvertisementReceived, now: int
) -> bool:
    """The advert's priority is 0: that is no successor."""
    return event.advertisement.priority == PRIORITY_RESIGNING


def resigning(
    router: VirtualRouter, state: Backup | Active, event: AdvertisementReceived, now: int
) -> bool:
    """The advert's priority is 0."""
    return event.advertisement.priority == PRIORITY_RESIGNING


def not_to_be_preempted(
    router: VirtualRouter, state: Backup, event: AdvertisementReceived, now: int
) -> bool:
    """The advert's priority is not below ours, or we do not preempt.

    Addresses break no tie here. The owner preempts whatever Preempt_Mode says (RFC 9568 6.1).
    A router that has handed over takes nothing back.
    """
    if event.advertisement.priority >= router.priority or state.stands_back:
        return True
    return not router.preempt and not router.is_owner


def preempt_hold_runs(
    router: VirtualRouter, state: Backup, event: AdvertisementReceived, now: int
) -> bool:
    """A preempt delay is set, and has not passed since the first lower advert."""
    if state.preempt_hold is None:
        return router.preempt_delay_ns > 0 and not router.is_owner
    return now < state.preempt_hold


def sender_wins(
    router: VirtualRouter, state: Active, event: AdvertisementReceived, now: int
) -> bool:
    """The advert's priority is above ours, or the same and the sender's address is higher.

    Addresses are compared as unsigned numbers; an equal one is not higher.
    """
    theirs = event.advertisement.priority
    if theirs != router.priority:
        return theirs > router.priority
    return router.primary_address is None or int(event.source) > int(router.primary_address)


def answers_losing_adverts(
    router: VirtualRouter, state: Active, event: AdvertisementReceived, now: int
) -> bool:
    """Losing adverts are answered (the default)."""
    return router.answer_losing_adverts


# -- what ---------------------------------------------------------------------------------------


def become_active(router: VirtualRouter, state: State, event: Event, now: int) -> Outcome:
    """Adver_Timer := Advertisement_Interval.

    The addresses first, so that a router that yields to the advert leaves no gap. On the wire the
    order is the RFC's: the advert, then the announcements.
    """
    new = Active(adver_timer=now + router.advertisement_interval_ns, advertised_at=now)
    return new, (
        AcquireAddresses(),
        SendAdvertisement(),
        AnnounceAddresses(Occasion.BECAME_ACTIVE),
    )


def become_backup(router: VirtualRouter, state: Initialize, event: Startup, now: int) -> Outcome:
    """Active_Down_Timer := Active_Down_Interval, by our own interval.

    The addresses are released too, for a predecessor may have left them behind.
    """
    interval = router.advertisement_interval_ns
    new = Backup(now + router.active_down_interval_ns(interval), interval)
    return new, (ReleaseAddresses(),)


def leave(router: VirtualRouter, state: Backup, event: Shutdown, now: int) -> Outcome:
    """Nothing is sent: nobody listens for a Backup."""
    return Initialize(), ()


def resign(router: VirtualRouter, state: Active, event: Shutdown, now: int) -> Outcome:
    """The advert must leave before the socket is closed."""
    return Initialize(), (SendAdvertisement(resigning=True), ReleaseAddresses())


def wait_skew_time(
    router: VirtualRouter, state: Backup, event: AdvertisementReceived, now: int
) -> Outcome:
    """Active_Down_Timer := Skew_Time; a preempt delay is over."""
    skew = router.skew_time_ns(state.active_adver_interval_ns)
    return replace(state, active_down_timer=now + skew, preempt_hold=None), ()


def follow_sender(
    router: VirtualRouter, state: Backup | Active, event: AdvertisementReceived, now: int
) -> Outcome:
    """Active_Down_Timer := Active_Down_Interval, in VRRPv3 by the sender's interval."""
    interval = (
        event.advertisement.interval_ns
        if router.version.learns_interval
        else router.advertisement_interval_ns
    )
    stands_back = isinstance(state, Backup) and state.stands_back
    down = now + router.active_down_interval_ns(interval)
    return Backup(down, interval, stands_back=stands_back), ()


def follow_for_now(
    router: VirtualRouter, state: Backup, event: AdvertisementReceived, now: int
) -> Outcome:
    """As in the row above; the delay begins with the first such advert."""
    following, actions = follow_sender(router, state, event, now)
    assert isinstance(following, Backup)
    hold = state.preempt_hold
    if hold is None:
        hold = now + router.preempt_delay_ns
    return replace(following, preempt_hold=hold), actions


def let_the_timer_run(
    router: VirtualRouter, state: Backup, event: AdvertisementReceived, now: int
) -> Outcome:
    """Active_Down_Timer runs on."""
    return state, ()


def shift_by_skew_time(
    router: VirtualRouter, state: Backup, event: PriorityChanged, now: int
) -> Outcome:
    """Active_Down_Timer is moved by what Skew_Time has changed.

    It was started with the old skew, and is not moved into the past.
    """
    interval = state.active_adver_interval_ns
    before = replace(router, priority=event.previous).skew_time_ns(interval)
    shifted = state.active_down_timer + router.skew_time_ns(interval) - before
    return replace(state, active_down_timer=max(now, shifted)), ()


def advertise(router: VirtualRouter, state: Active, event: TimerFired, now: int) -> Outcome:
    """Adver_Timer := its last expiry + Advertisement_Interval.

    The period is exact that way. After a pause of an interval or more a new schedule begins, so
    that a late wake-up is not followed by a burst.
    """
    due = state.adver_timer + router.advertisement_interval_ns
    if due <= now:
        due = now + router.advertisement_interval_ns
    answer = (AnnounceAddresses(Occasion.LOSING_ADVERT),) if state.owes_answer else ()
    return Active(adver_timer=due, advertised_at=now), (SendAdvertisement(), *answer)


def assert_active(
    router: VirtualRouter, state: Active, event: AdvertisementReceived, now: int
) -> Outcome:
    """Adver_Timer runs on. What comes too soon after our last advert is answered by the next.

    The addresses are announced again, at once and with the answer: the loser may have announced
    them, and whoever heard it must hear us after it.
    """
    earliest = state.advertised_at + router.advertisement_interval_ns // REASSERT_FRACTION
    if now < earliest:
        sooner = min(state.adver_timer, earliest)
        at_once = () if state.owes_answer else (AnnounceAddresses(Occasion.LOSING_ADVERT),)
        return replace(state, adver_timer=sooner, owes_answer=True), at_once
    return replace(state, advertised_at=now, owes_answer=False), (
        SendAdvertisement(),
        AnnounceAddresses(Occasion.LOSING_ADVERT),
    )


def assert_active_after_resignation(
    router: VirtualRouter, state: Active, event: AdvertisementReceived, now: int
) -> Outcome:
    """As for a losing advert; then Adver_Timer := Advertisement_Interval.

    Who resigns was Active beside us: whoever took the addresses to be there must hear us after
    it, or goes on sending to a router that has gone.
    """
    asserting, actions = assert_active(router, state, event, now)
    if SendAdvertisement() in actions:
        return Active(now + router.advertisement_interval_ns, advertised_at=now), actions
    return asserting, actions


def yield_to_sender(
    router: VirtualRouter, state: Active, event: AdvertisementReceived, now: int
) -> Outcome:
    """Active_Down_Timer := Active_Down_Interval, in VRRPv3 by the sender's interval."""
    new, _ = follow_sender(router, state, event, now)
    last_word = (SendAdvertisement(),) if router.advertise_before_yielding else ()
    return new, (*last_word, ReleaseAddresses())


def stay(router: VirtualRouter, state: Active, event: AdvertisementReceived, now: int) -> Outcome:
    """Adver_Timer runs on."""
    return state, ()


def listen_anew(router: VirtualRouter, state: Backup, event: TimerFired, now: int) -> Outcome:
    """Active_Down_Timer := Active_Down_Interval, from now."""
    interval = state.active_adver_interval_ns
    return replace(state, active_down_timer=now + router.active_down_interval_ns(interval)), ()


def withdraw(router: VirtualRouter, state: Active, event: TimerFired, now: int) -> Outcome:
    """Active_Down_Timer := Active_Down_Interval, by our own interval. Nothing is sent."""
    interval = router.advertisement_interval_ns
    return Backup(now + router.active_down_interval_ns(interval), interval), (ReleaseAddresses(),)


def hand_over(
    router: VirtualRouter, state: Active, event: HandOver | Shutdown, now: int
) -> Outcome:
    """The addresses are answered for until the successor does, an Active_Down_Interval at most."""
    interval = router.advertisement_interval_ns
    return HandingOver(
        until=now + router.active_down_interval_ns(interval), for_good=isinstance(event, Shutdown)
    ), (SendAdvertisement(resigning=True),)


def note_successor(
    router: VirtualRouter, state: HandingOver, event: AdvertisementReceived, now: int
) -> Outcome:
    """It may say so before it has the addresses (keepalived does): its announcement tells."""
    interval = event.advertisement.interval_ns
    let_go_at = state.let_go_at
    if state.successor_interval_ns is None and let_go_at is not None:
        let_go_at = max(let_go_at, now if router.shares_mac else now + LINGER_NS)
    return replace(state, successor_interval_ns=interval, let_go_at=let_go_at), ()


def note_announcement(
    router: VirtualRouter, state: HandingOver, event: AnnouncementHeard, now: int
) -> Outcome:
    """The addresses go soon, once the successor's advert has been heard too.

    At once if they share a MAC address: the switches know where it is now, and a frame that we
    sent from it would lead them back.
    """
    let_go_at = now + (LINGER_NS if event.is_last else LINGER_FOR_THE_REST_NS)
    if router.shares_mac:
        let_go_at = now
    if state.let_go_at is not None:
        let_go_at = min(state.let_go_at, let_go_at)
    return replace(state, let_go_at=let_go_at), ()


def let_go(router: VirtualRouter, state: HandingOver, event: TimerFired, now: int) -> Outcome:
    """A Backup from now on follows the successor, if it is not for good."""
    if state.for_good:
        return Initialize(), (ReleaseAddresses(),)
    interval = router.advertisement_interval_ns
    if router.version.learns_interval and state.successor_interval_ns is not None:
        interval = state.successor_interval_ns
    down = now + router.active_down_interval_ns(interval)
    return Backup(down, interval, stands_back=True), (ReleaseAddresses(),)


def end_for_good(router: VirtualRouter, state: HandingOver, event: Shutdown, now: int) -> Outcome:
    """Initialize comes after it now, not Backup."""
    return replace(state, for_good=True), ()


def let_go_at_once(router: VirtualRouter, state: HandingOver, event: Shutdown, now: int) -> Outcome:
    """It has resigned already."""
    return Initialize(), (ReleaseAddresses(),)


def keep_waiting(
    router: VirtualRouter, state: HandingOver, event: AdvertisementReceived, now: int
) -> Outcome:
    """Nothing changes."""
    return state, ()


# -- the table ----------------------------------------------------------------------------------
# The first row that matches is taken. The literal has no annotation so that the type checker
# looks at each row: a guard or an effect for another state or event does not pass.

_TABLE = (
    Rule("6.4.1 a", Initialize, Startup, owner, become_active,
         "it owns the addresses (priority 255)"),
    Rule("6.4.1 b", Initialize, Startup, always, become_backup,
         "it started and waits for an Active router"),

    Rule("6.4.2 a", Backup, Shutdown, always, leave,
         "it was shut down"),
    Rule("late a", Backup, TimerFired, overslept_as_backup, listen_anew,
         "it was not run for longer than an Active_Down_Interval, and listens first"),
    Rule("6.4.2 b", Backup, TimerFired, active_down_timer_expired, become_active,
         "Active_Down_Timer fired: no Active router is heard"),
    Rule("6.4.2 c", Backup, AdvertisementReceived, resigning, wait_skew_time,
         "the Active router resigned (priority 0); Skew_Time is waited"),
    Rule("6.4.2 d", Backup, AdvertisementReceived, not_to_be_preempted, follow_sender,
         "the sender's priority is not lower, or preemption is off"),
    Rule("6.4.2 e", Backup, AdvertisementReceived, preempt_hold_runs, follow_for_now,
         "the sender's priority is lower, but the preempt delay has not passed"),
    Rule("6.4.2 f", Backup, AdvertisementReceived, always, let_the_timer_run,
         "the sender's priority is lower and it will be preempted"),
    Rule("6.4.2 g", Backup, PriorityChanged, always, shift_by_skew_time,
         "its own priority changed"),

    Rule("handover a", Active, HandOver, always, hand_over,
         "it was told to hand over"),
    Rule("handover b", Active, Shutdown, planned, hand_over,
         "it was shut down, and hands over first"),
    Rule("6.4.3 a", Active, Shutdown, always, resign,
         "it was shut down"),
    Rule("late b", Active, TimerFired, overslept_as_active, withdraw,
         "it was not run for so long that others have taken over, and listens first"),
    Rule("6.4.3 b", Active, TimerFired, adver_timer_expired, advertise,
         "Adver_Timer fired"),
    Rule("6.4.3 c", Active, AdvertisementReceived, resigning, assert_active_after_resignation,
         "another Active router resigned (priority 0)"),
    Rule("6.4.3 d", Active, AdvertisementReceived, sender_wins, yield_to_sender,
         "the sender has the higher priority, or the same and the higher address"),
    Rule("6.4.3 e", Active, AdvertisementReceived, answers_losing_adverts, assert_active,
         "a losing router advertised"),
    Rule("6.4.3 f", Active, AdvertisementReceived, always, stay,
         "a losing router advertised, and is not answered"),

    Rule("handover c", HandingOver, TimerFired, nobody_came, become_active,
         "nobody came to take over"),
    Rule("handover d", HandingOver, TimerFired, time_to_let_go, let_go,
         "it has handed over"),
    Rule("handover e", HandingOver, AdvertisementReceived, still_resigning, keep_waiting,
         "another router resigned too"),
    Rule("handover f", HandingOver, AdvertisementReceived, always, note_successor,
         "the successor advertised"),
    Rule("handover g", HandingOver, AnnouncementHeard, always, note_announcement,
         "the successor announced an address"),
    Rule("handover h", HandingOver, Shutdown, planned, end_for_good,
         "it was shut down while it handed over"),
    Rule("handover i", HandingOver, Shutdown, always, let_go_at_once,
         "it was shut down while it handed over"),
)  # fmt: skip

RULES: tuple[Rule[Any, Any], ...] = _TABLE


def _rows_by_state_and_event() -> dict[tuple[type, type], tuple[Rule[Any, Any], ...]]:
    rows: dict[tuple[type, type], tuple[Rule[Any, Any], ...]] = {}
    for rule in RULES:
        key = (rule.state, rule.event)
        rows[key] = (*rows.get(key, ()), rule)
    return rows


_ROWS = _rows_by_state_and_event()


def step(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    """What follows from an event at the instant ``now`` (ns); pure."""
    for rule in _ROWS.get((type(state), type(event)), ()):
        if rule.when(router, state, event, now):
            new, actions = rule.then(router, state, event, now)
            return Transition(state, new, event, rule, actions)
    return Transition(state, state, event, None, ())
