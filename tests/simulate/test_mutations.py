"""The checkers can fail: broken routers are found, each by the checker that is there for it.

The instances here are the daemon's with one fault built in. Nothing in the product knows of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from vipkeeper.daemon import instance as instance_module
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.settings import VirtualAddress
from vipkeeper.simulate import scenario
from vipkeeper.simulate.observation import Violation
from vipkeeper.simulate.world import World
from vipkeeper.vrrp import machine
from vipkeeper.vrrp.actions import AnnounceAddresses, Occasion, ReleaseAddresses, SendAdvertisement
from vipkeeper.vrrp.events import AdvertisementReceived, Event, Shutdown, TimerFired
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, Initialize, State

SEEDS = range(1, 200)
"""A fault that 200 runs do not show is as good as not looked for."""

Step = Callable[[VirtualRouter, State, Event, int], Transition]


def is_found_by(check: str, make_instance: Callable[..., Instance] = Instance) -> bool:
    """Whether this one checker, with no other at work, finds something."""
    for seed in SEEDS:
        world = World(scenario.draw(seed), make_instance)
        world.monitor.watch_only(check)
        try:
            world.run()
        except Violation as violation:
            return violation.check == check
    return False


# -- broken machines -----------------------------------------------------------------------------


def never_yields(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(state, Active) and isinstance(transition.new, Backup):
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
    if transition.rule is not None and transition.rule.then is machine.follow_sender:
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


def skips_an_advert(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = machine.step(router, state, event, now)
    if isinstance(event, TimerFired) and isinstance(state, Active) and now % 5 == 0:
        return replace(transition, actions=())
    return transition


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (never_yields, "presence"),
        (never_yields, "overlap"),
        (never_yields, "liveness"),
        (compares_addresses_as_text, "presence"),
        (compares_addresses_as_text, "overlap"),
        (answers_without_a_bound, "rate"),
        (never_answers, "presence"),
        (never_answers, "overlap"),
        (ignores_priority_zero, "succession"),
        (takes_over_at_the_first_missed_advert, "succession"),
        (forgets_skew, "succession"),
        (breaks_ties_as_a_backup, "succession"),
        (preempts_always, "succession"),
        (never_preempts, "succession"),
        (never_preempts, "liveness"),
        (resigns_without_a_word, "conduct"),
        (keeps_addresses, "conduct"),
        (advertises_as_a_backup, "conduct"),
        (announces_as_a_backup, "conduct"),
        (learns_no_interval, "succession"),
        (learns_no_interval, "liveness"),
        (skips_an_advert, "presence"),
    ],
)
def test_a_broken_machine_is_found(
    broken: Step, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_module, "step", broken)
    assert is_found_by(check)


# -- broken instances ----------------------------------------------------------------------------


class SendsAfterShutdown(Instance):
    """Its timer runs on, and it goes on advertising."""

    def deadline(self) -> int | None:
        due = super().deadline()
        if due is not None:
            self.last = due
        return due if due is not None else getattr(self, "last", 0) + 10**9

    def on_timer(self, now: int) -> None:
        super().on_timer(now)
        if isinstance(self.state, Initialize):
            self.last = now
            self._send_advertisement(resigning=False)


class SendsFromAnothersAddress(Instance):
    def _send_advertisement(self, resigning: bool) -> None:
        own = self.router
        assert own.primary_address is not None
        self.router = replace(own, primary_address=own.primary_address + 1)
        super()._send_advertisement(resigning)
        self.router = own


class SendsTheConfiguredPriority(Instance):
    """What trackers take off is not told to the others."""

    def _send_advertisement(self, resigning: bool) -> None:
        own = self.router
        self.router = replace(own, priority=self.settings.priority)
        super()._send_advertisement(resigning)
        self.router = own


class KeepsOneAddress(Instance):
    def _release(self, address: VirtualAddress) -> None:
        if address != self.settings.addresses[-1]:
            super()._release(address)


class NeverRecovers(Instance):
    def on_timer(self, now: int) -> None:
        if self._recover_at is None or now < self._recover_at:
            super().on_timer(now)
        else:
            self._recover_at = None


class IsActiveWithoutTheAddresses(Instance):
    def _action_failed(self, error: Exception, now: int) -> None:
        """What the kernel refuses is passed over."""


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (SendsAfterShutdown, "conduct"),
        (SendsFromAnothersAddress, "identity"),
        (SendsTheConfiguredPriority, "identity"),
        (KeepsOneAddress, "conduct"),
        (NeverRecovers, "participation"),
        (NeverRecovers, "liveness"),
        (IsActiveWithoutTheAddresses, "conduct"),
        (IsActiveWithoutTheAddresses, "presence"),
    ],
)
def test_a_broken_instance_is_found(broken: type[Instance], check: str) -> None:
    assert is_found_by(check, broken)
