"""State machines with one fault built in, for the tests of what looks for faults."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from vipkeeper.vrrp import machine, outcomes
from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    AnnounceAddresses,
    Occasion,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    AnnouncementHeard,
    Event,
    Shutdown,
    TimerFired,
)
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State


def never_yields(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    yields = isinstance(state, Active) and isinstance(transition.new, Backup)
    if yields and isinstance(event, AdvertisementReceived):
        return replace(transition, new=state, actions=())
    return transition


def compares_addresses_as_text(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    if (
        isinstance(state, Active)
        and isinstance(event, AdvertisementReceived)
        and event.advertisement.priority == router.priority
    ):
        wins = str(event.source) > str(router.primary_address)
        higher = (
            event.source.max_prefixlen // 8 * b"\xff" if wins else b"\0" * len(event.source.packed)
        )
        event = replace(event, source=ip_address(higher))
    return machine.step(router, state, event, now)


def answers_without_a_bound(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    if isinstance(state, Active):
        state = replace(state, advertised_at=now - router.advertisement_interval_ns)
    return machine.step(router, state, event, now)


def never_answers(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    silent = replace(router, answer_losing_adverts=False)
    return machine.step(silent, state, event, now)


def ignores_priority_zero(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    if isinstance(event, AdvertisementReceived) and event.advertisement.priority == 0:
        return Transition(state, state, event, None, ())
    return machine.step(router, state, event, now)


def takes_over_at_the_first_missed_advert(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    return machine.step(replace(router, down_interval_adverts=1), state, event, now)


def forgets_skew(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    new = transition.new
    if transition.rule is not None and transition.rule.then is outcomes.follow_sender:
        assert isinstance(new, Backup)
        skew = router.skew_time_ns(new.active_adver_interval_ns)
        return replace(transition, new=replace(new, active_down_timer=new.active_down_timer - skew))
    return transition


def breaks_ties_as_a_backup(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    if (
        isinstance(state, Backup)
        and isinstance(event, AdvertisementReceived)
        and event.advertisement.priority == router.priority
        and int(event.source) < int(router.primary_address or event.source)
    ):
        return Transition(state, state, event, None, ())
    return machine.step(router, state, event, now)


def preempts_always(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    return machine.step(replace(router, preempt=True), state, event, now)


def never_preempts(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    return machine.step(replace(router, preempt=False), state, event, now)


def resigns_without_a_word(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(event, Shutdown):
        return replace(transition, actions=transition.actions[1:])
    return transition


def keeps_addresses(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    kept = tuple(one for one in transition.actions if not isinstance(one, ReleaseAddresses))
    return replace(transition, actions=kept)


def advertises_as_a_backup(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, Backup) and isinstance(event, AdvertisementReceived):
        return replace(transition, actions=(SendAdvertisement(),))
    return transition


def announces_as_a_backup(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, Active) and isinstance(transition.new, Backup):
        more = AnnounceAddresses(Occasion.BECAME_ACTIVE)
        return replace(transition, actions=(*transition.actions, more))
    return transition


def learns_no_interval(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    if isinstance(event, AdvertisementReceived):
        unit = router.version.interval_unit_ns
        own = router.advertisement_interval_ns // unit
        event = replace(event, advertisement=replace(event.advertisement, interval=own))
    return machine.step(router, state, event, now)


def does_not_withdraw_on_waking(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    if isinstance(state, Active) and isinstance(event, TimerFired):
        state = replace(state, advertised_at=now)
    return machine.step(router, state, event, now)


def listens_for_a_moment_on_waking(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    if transition.rule is not None and transition.rule.name.startswith("late"):
        assert isinstance(transition.new, Backup)
        return replace(transition, new=replace(transition.new, active_down_timer=now + 1))
    return transition


def lets_go_at_the_successors_advert(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    new = transition.new
    if not isinstance(new, HandingOver) or new.successor_interval_ns is None:
        return transition
    return replace(transition, new=replace(new, let_go_at=new.let_go_at or now + 10**7))


def lets_go_at_once(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, Active) and isinstance(transition.new, HandingOver):
        soon = replace(transition.new, let_go_at=now + 10**7, successor_interval_ns=10**9)
        return replace(transition, new=soon)
    return transition


def hears_no_announcement(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    if isinstance(event, AnnouncementHeard):
        return Transition(state, state, event, None, ())
    return machine.step(router, state, event, now)


def takes_over_again_from_nobody_too_soon(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, Active) and isinstance(transition.new, HandingOver):
        half = now + (transition.new.until - now) // 2
        return replace(transition, new=replace(transition.new, until=half))
    return transition


def preempts_whom_it_has_handed_over_to(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, HandingOver) and isinstance(transition.new, Backup):
        return replace(transition, new=replace(transition.new, stands_back=False))
    return transition


def skips_an_advert(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(event, TimerFired) and isinstance(state, Active) and now % 5 == 0:
        return replace(transition, actions=())
    return transition


def yields_to_the_lower_address(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, Active) and isinstance(event, AdvertisementReceived):
        same = event.advertisement.priority == router.priority
        if same and isinstance(transition.new, Active):
            follows = Backup(now + 4 * 10**9, 10**9)
            return replace(transition, new=follows, actions=(ReleaseAddresses(),))
    return transition


def advertises_without_the_addresses(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = machine.step(router, state, event, now)
    kept = tuple(item for item in transition.actions if not isinstance(item, AcquireAddresses))
    return replace(transition, actions=kept)


def resigns_at_every_end(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(event, Shutdown) and isinstance(state, Backup):
        return replace(transition, actions=(SendAdvertisement(resigning=True),))
    return transition


def falls_silent(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, Active) and isinstance(event, TimerFired):
        return replace(transition, actions=())
    return transition


def never_takes_over(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    if isinstance(state, Backup) and isinstance(event, TimerFired):
        later = replace(state, active_down_timer=now + 10**9)
        return Transition(state, later, event, None, ())
    return machine.step(router, state, event, now)


def takes_over_late(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(transition.new, Backup) and not isinstance(state, Backup):
        late = replace(transition.new, active_down_timer=transition.new.active_down_timer + 10**9)
        return replace(transition, new=late)
    return transition


def hears_what_it_should_not(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    """Acts on adverts after it was shut down."""
    if isinstance(state, Initialize) and isinstance(event, AdvertisementReceived):
        return Transition(state, Active(now, now), event, None, (AcquireAddresses(),))
    return machine.step(router, state, event, now)
