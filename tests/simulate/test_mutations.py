"""The checkers can fail: broken routers are found, each by the checker that is there for it.

The instances here are the daemon's with one fault built in. Nothing in the product knows of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.simulate.broken import (
    advertises_as_a_backup,
    announces_as_a_backup,
    answers_without_a_bound,
    breaks_ties_as_a_backup,
    compares_addresses_as_text,
    does_not_withdraw_on_waking,
    forgets_skew,
    hears_no_announcement,
    ignores_priority_zero,
    keeps_addresses,
    learns_no_interval,
    lets_go_at_once,
    lets_go_at_the_successors_advert,
    listens_for_a_moment_on_waking,
    never_answers,
    never_preempts,
    never_yields,
    preempts_always,
    preempts_whom_it_has_handed_over_to,
    resigns_without_a_word,
    skips_an_advert,
    takes_over_again_from_nobody_too_soon,
    takes_over_at_the_first_missed_advert,
)
from vipkeeper.daemon import holding as daemon_holding
from vipkeeper.daemon import instance as instance_module
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.settings import VirtualAddress
from vipkeeper.simulate import host as host_module
from vipkeeper.simulate import scenario
from vipkeeper.simulate.explore import Step
from vipkeeper.simulate.fence import TICK_NS, Fence
from vipkeeper.simulate.holding import Holding
from vipkeeper.simulate.observation import Violation
from vipkeeper.simulate.world import World
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.states import Initialize

SEEDS = range(1, 200)
"""A fault that 200 runs do not show is as good as not looked for."""


def is_found_by(check: str, make_instance: Callable[..., Instance] = Instance) -> bool:
    """Whether this one checker, with no other at work, finds something."""
    for seed in SEEDS:
        world = World(scenario.draw(seed), make_instance)
        checks = world.monitor.checks
        world.monitor.checks = tuple(one for one in checks if one.name == check)
        try:
            world.run()
        except Violation as violation:
            return violation.check == check
    return False


# -- broken machines -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (never_yields, "presence"),
        (never_yields, "overlap"),
        (never_yields, "liveness"),
        (compares_addresses_as_text, "presence"),
        (answers_without_a_bound, "rate"),
        (never_answers, "presence"),
        (never_answers, "overlap"),
        (ignores_priority_zero, "succession"),
        (ignores_priority_zero, "presence"),
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
        (does_not_withdraw_on_waking, "waking"),
        (listens_for_a_moment_on_waking, "succession"),
        (lets_go_at_the_successors_advert, "handover"),
        (lets_go_at_once, "handover"),
        (hears_no_announcement, "handover"),
        (takes_over_again_from_nobody_too_soon, "handover"),
        (preempts_whom_it_has_handed_over_to, "succession"),
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


class NeverRecovers(Instance):
    def on_timer(self, now: int) -> None:
        if self._recover_at is None or now < self._recover_at:
            super().on_timer(now)
        else:
            self._recover_at = None


class IsActiveWithoutTheAddresses(Instance):
    def _action_failed(self, error: Exception, now: int) -> None:
        """What the kernel refuses is passed over."""


class KeepsOneAddress(daemon_holding.Holding):
    def release(self, address: VirtualAddress, own: Address | None) -> None:
        if address != self.settings.addresses[-1]:
            super().release(address, own)


class LeasesForTooLong(daemon_holding.Holding):
    """It counts from the next advert, not from the last one."""

    def lease(self, until: int) -> None:
        super().lease(until + self.settings.advertisement_interval_ns)


class LeasesForAnOrdinaryTimeWhileItHandsOver(daemon_holding.Holding):
    def lease_moment(self, now: int) -> None:
        self.lease(now + self.settings.virtual_router().lease_ns)


class RenewsItsLeaseOnceOnly(daemon_holding.Holding):
    """At the first advert, and not at those that follow."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._until = 0

    def lease(self, until: int) -> None:
        if until > self._until + self.settings.virtual_router().lease_ns:
            self._until = until
            super().lease(until)


class ReadsTheQueueOnWaking(Instance):
    """It lets go in time, but believes what came while it was not run."""

    def has_overslept(self, now: int) -> bool:
        return False


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (SendsAfterShutdown, "conduct"),
        (SendsFromAnothersAddress, "identity"),
        (SendsTheConfiguredPriority, "identity"),
        (NeverRecovers, "participation"),
        (NeverRecovers, "liveness"),
        (IsActiveWithoutTheAddresses, "conduct"),
        (IsActiveWithoutTheAddresses, "presence"),
        (ReadsTheQueueOnWaking, "waking"),
    ],
)
def test_a_broken_instance_is_found(broken: type[Instance], check: str) -> None:
    assert is_found_by(check, broken)


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (KeepsOneAddress, "conduct"),
        (LeasesForTooLong, "holding"),
        (LeasesForAnOrdinaryTimeWhileItHandsOver, "holding"),
        (RenewsItsLeaseOnceOnly, "holding"),
    ],
)
def test_what_holds_on_wrongly_is_found(
    broken: type[daemon_holding.Holding], check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_module, "Holding", broken)
    assert is_found_by(check)


# -- broken kernels ------------------------------------------------------------------------------


class ExpiresLate(Fence):
    def grant(self, until: int | None) -> None:
        super().grant(None if until is None else until + 10 * TICK_NS)


class NeverExpires(Fence):
    """It takes over what a router answers for, and keeps it."""

    def grant(self, until: int | None) -> None:
        super().grant(None if until is None else until + 10**15)


class GoesOffInItsSleep(Fence):
    """Its timer goes on while the machine does not."""

    def wake(self, slept_ns: int) -> None:
        super().wake(0)


@pytest.mark.parametrize("broken", [ExpiresLate, NeverExpires, GoesOffInItsSleep])
def test_a_broken_fence_is_found(broken: type[Fence], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "Fence", broken)
    assert is_found_by("holding")


def test_two_that_hold_an_address_after_a_crash_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By themselves, whatever the lease should have been."""
    monkeypatch.setattr(host_module, "Fence", NeverExpires)
    monkeypatch.setattr(Holding, "overdue", lambda self, now: None)
    assert is_found_by("holding")
