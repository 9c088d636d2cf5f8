"""What a row of the state machine does: the state that follows, and the actions. Pure.

The first line of each docstring is what docs/state-machine.md says.
"""

from __future__ import annotations

from dataclasses import replace

from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    Action,
    AnnounceAddresses,
    Occasion,
    ReleaseAddresses,
    SendAdvertisement,
)
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
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State

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
