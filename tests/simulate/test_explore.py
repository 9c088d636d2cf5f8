"""The exhaustive search: what it finds in the state machine, and in machines that are broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vipkeeper.simulate.explore import Choice, Packet, Step, explore
from vipkeeper.simulate.groups import DELAY_NS, GROUPS, TWO, Group
from vipkeeper.vrrp.actions import AcquireAddresses, ReleaseAddresses, SendAdvertisement
from vipkeeper.vrrp.events import AdvertisementReceived, Event, Shutdown, TimerFired
from vipkeeper.vrrp.machine import Transition, step
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, Initialize, State

DEPTHS = {2: 12, 3: 7}
ALL = [(count, group) for count, groups in GROUPS.items() for group in groups]
BY_NAME = {group.name: group for group in TWO}


@pytest.mark.parametrize(
    ("count", "group"), ALL, ids=[f"{count} routers: {group.name}" for count, group in ALL]
)
def test_whatever_happens_in_whatever_order(count: int, group: Group) -> None:
    depth = DEPTHS[count] - group.shallow
    found = explore(group.routers, DELAY_NS, depth)
    assert found.violation == "", [str(choice) for choice in found.way]
    assert found.depth == depth
    assert found.situations > 100


def test_it_is_the_same_search_each_time() -> None:
    first, second = (explore(TWO[0].routers, DELAY_NS, 9) for _ in range(2))
    assert first == second


def test_a_choice_is_told_in_words() -> None:
    packet = Packet(sender=0, receiver=1, priority=200, age_ns=50_000_000)
    assert str(Choice("lose", packet)) == "lose advert 200 from 0 to 1, 50 ms old"
    assert str(Choice("crash", 1)) == "crash 1"
    assert str(Choice("wait")) == "wait"


# -- broken machines ----------------------------------------------------------------------------


def never_yields(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = step(router, state, event, now)
    if isinstance(state, Active) and isinstance(transition.new, Backup):
        return replace(transition, new=state, actions=())
    return transition


def yields_to_the_lower_address(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = step(router, state, event, now)
    if isinstance(state, Active) and isinstance(event, AdvertisementReceived):
        same = event.advertisement.priority == router.priority
        if same and isinstance(transition.new, Active):
            follows = Backup(now + 4 * 10**9, 10**9)
            return replace(transition, new=follows, actions=(ReleaseAddresses(),))
    return transition


def answers_without_a_bound(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = step(router, state, event, now)
    waits = isinstance(transition.new, Active) and not transition.actions
    if isinstance(event, AdvertisementReceived) and waits:
        return replace(transition, new=state, actions=(SendAdvertisement(),))
    return transition


def keeps_the_addresses(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = step(router, state, event, now)
    kept = tuple(item for item in transition.actions if not isinstance(item, ReleaseAddresses))
    return replace(transition, actions=kept)


def advertises_without_the_addresses(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    transition = step(router, state, event, now)
    kept = tuple(item for item in transition.actions if not isinstance(item, AcquireAddresses))
    return replace(transition, actions=kept)


def advertises_as_backup(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = step(router, state, event, now)
    if isinstance(transition.new, Backup):
        return replace(transition, actions=(*transition.actions, SendAdvertisement()))
    return transition


def resigns_at_every_end(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = step(router, state, event, now)
    if isinstance(event, Shutdown) and isinstance(state, Backup):
        return replace(transition, actions=(SendAdvertisement(resigning=True),))
    return transition


def falls_silent(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = step(router, state, event, now)
    if isinstance(state, Active) and isinstance(event, TimerFired):
        return replace(transition, actions=())
    return transition


def never_takes_over(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    if isinstance(state, Backup) and isinstance(event, TimerFired):
        later = replace(state, active_down_timer=now + 10**9)
        return Transition(state, later, event, None, ())
    return step(router, state, event, now)


def takes_over_late(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    transition = step(router, state, event, now)
    if isinstance(transition.new, Backup) and not isinstance(state, Backup):
        late = replace(transition.new, active_down_timer=transition.new.active_down_timer + 10**9)
        return replace(transition, new=late)
    return transition


def never_preempts(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    return step(replace(router, preempt=False), state, event, now)


def hears_what_it_should_not(
    router: VirtualRouter, state: State, event: Event, now: int
) -> Transition:
    """Acts on adverts after it was shut down."""
    if isinstance(state, Initialize) and isinstance(event, AdvertisementReceived):
        return Transition(state, Active(now, now), event, None, (AcquireAddresses(),))
    return step(router, state, event, now)


@pytest.mark.parametrize(
    ("group", "broken", "complaint"),
    [
        ("VRRPv3", never_yields, "have both been Active for"),
        ("one priority", yields_to_the_lower_address, "which does not beat its own"),
        ("one priority", answers_without_a_bound, "sends three adverts in"),
        ("VRRPv3", keeps_the_addresses, "not Active and holds the addresses"),
        ("VRRPv3", advertises_without_the_addresses, "Active and does not hold the addresses"),
        ("VRRPv3", advertises_as_backup, "advertises, and is not Active"),
        ("VRRPv3", resigns_at_every_end, "resigns, and was not Active"),
        ("VRRPv3", falls_silent, "has said nothing for"),
        ("VRRPv3", never_takes_over, "0 of 1 routers are Active"),
        ("VRRPv3", takes_over_late, "healed after"),
        ("VRRPv3", hears_what_it_should_not, "is Active and has said nothing"),
        ("VRRPv3", never_preempts, "has a higher priority and preempts"),
    ],
)
def test_a_broken_machine_is_found_out(group: str, broken: Step, complaint: str) -> None:
    found = explore(BY_NAME[group].routers, DELAY_NS, 12, step=broken)
    assert complaint in found.violation
    assert len(found.way) == found.depth
