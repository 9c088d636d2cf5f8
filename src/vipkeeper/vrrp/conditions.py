"""When a row of the state machine is taken: the conditions of its table. Pure.

The first line of each docstring is what docs/state-machine.md says.
"""

from __future__ import annotations

from vipkeeper.vrrp.advertisement import PRIORITY_RESIGNING
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    Event,
    Shutdown,
    TimerFired,
)
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, State, deadline


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
