"""The exhaustive search: what it finds in the state machine, and in machines that are broken."""

from __future__ import annotations

import pytest

from tests.simulate.broken import (
    advertises_as_a_backup,
    advertises_without_the_addresses,
    answers_without_a_bound,
    falls_silent,
    hears_no_announcement,
    hears_what_it_should_not,
    keeps_addresses,
    lets_go_at_once,
    lets_go_at_the_successors_advert,
    never_preempts,
    never_takes_over,
    never_yields,
    resigns_at_every_end,
    takes_over_late,
    yields_to_the_lower_address,
)
from vipkeeper.simulate.explore import ANNOUNCEMENT, Choice, Packet, Step, explore
from vipkeeper.simulate.groups import DELAY_NS, GROUPS, TWO, Group

DEPTHS = {2: 10, 3: 6}
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
    announcement = Packet(sender=1, receiver=0, priority=ANNOUNCEMENT)
    assert str(Choice("deliver", announcement)) == "deliver announcement from 1 to 0"
    assert str(Choice("crash", 1)) == "crash 1"
    assert str(Choice("wait")) == "wait"


@pytest.mark.parametrize(
    ("group", "broken", "complaint"),
    [
        ("VRRPv3", never_yields, "have both been Active for"),
        ("one priority", yields_to_the_lower_address, "which does not beat its own"),
        ("one priority", answers_without_a_bound, "sends three adverts in"),
        ("VRRPv3", keeps_addresses, "not Active and holds the addresses"),
        ("VRRPv3", advertises_without_the_addresses, "Active and does not hold the addresses"),
        ("VRRPv3", advertises_as_a_backup, "advertises, and is not Active"),
        ("VRRPv3", resigns_at_every_end, "resigns, and was not Active"),
        ("VRRPv3", falls_silent, "has said nothing for"),
        ("VRRPv3", never_takes_over, "0 of 1 routers are Active"),
        ("VRRPv3", takes_over_late, "healed after"),
        ("VRRPv3", hears_what_it_should_not, "is Active and has said nothing"),
        ("VRRPv3", never_preempts, "has a higher priority and preempts"),
        ("VRRPv3", lets_go_at_once, "and nobody has come"),
        ("VRRPv3", lets_go_at_the_successors_advert, "and nobody has come"),
        ("VRRPv3", hears_no_announcement, "and its successor have held the addresses for"),
    ],
)
def test_a_broken_machine_is_found_out(group: str, broken: Step, complaint: str) -> None:
    found = explore(BY_NAME[group].routers, DELAY_NS, 12, step=broken)
    assert complaint in found.violation
    assert len(found.way) == found.depth
