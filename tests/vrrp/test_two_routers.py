"""Two routers on one link, to the nanosecond: the walkthrough's, and those that disagree."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from tests.vrrp.examples import LOWER, NOW, OURS, V2, V3, V3_IPV6
from tests.vrrp.link import Link, Node, gaps
from vipkeeper.vrrp.admission import Admitted
from vipkeeper.vrrp.events import HandOver, PriorityChanged
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import SECOND_NS

MS = 1_000_000
LATENCY_NS = 1_000
TEST01 = replace(V2, priority=100, primary_address=OURS)
TEST02 = replace(V2, priority=50, primary_address=LOWER)
DOWN_100_NS = 3_609_375_000
DOWN_50_NS = 3_804_687_500
SKEW_50_NS = 804_687_500


def link(first: VirtualRouter = TEST01, second: VirtualRouter = TEST02) -> tuple[Link, Node, Node]:
    test01, test02 = Node(first), Node(second)
    return Link([test01, test02], LATENCY_NS), test01, test02


def elected() -> tuple[Link, Node, Node]:
    """Both started at 0; at 10 s test01 has been Active for a while."""
    wire, test01, test02 = link()
    wire.start(test01, test02)
    wire.run_until(10 * SECOND_NS)
    return wire, test01, test02


def test_election() -> None:
    _, test01, test02 = elected()

    assert test01.history == [(0, "6.4.1 b", "Backup"), (DOWN_100_NS, "6.4.2 b", "Active")]
    assert test02.history == [(0, "6.4.1 b", "Backup")]
    assert test01.adverts == [(DOWN_100_NS + n * SECOND_NS, 100) for n in range(7)]
    assert test02.adverts == []
    assert (test01.holds_addresses, test02.holds_addresses) == (True, False)


def test_failover_exactly_an_active_down_interval_after_the_last_advert() -> None:
    wire, test01, test02 = elected()
    wire.power_off(test01)
    wire.run_until(20 * SECOND_NS)

    last_advert, _ = test01.adverts[-1]
    assert last_advert == 9_609_375_000
    taken_over = last_advert + LATENCY_NS + DOWN_50_NS
    assert test02.history[1:] == [(taken_over, "6.4.2 b", "Active")]
    assert test02.announcements == [taken_over]


def test_return_and_preemption_without_a_gap() -> None:
    wire, test01, test02 = elected()
    wire.power_off(test01)
    wire.run_until(20 * SECOND_NS)
    wire.start(test01)
    wire.run_until(30 * SECOND_NS)

    back = 20 * SECOND_NS + DOWN_100_NS  # test02's adverts are of a lower priority: not heeded
    assert test01.history[2:] == [
        (20 * SECOND_NS, "6.4.1 b", "Backup"),
        (back, "6.4.2 b", "Active"),
    ]
    assert test02.history[2:] == [(back + LATENCY_NS, "6.4.3 d", "Backup")]
    assert wire.active() == [test01]
    assert not test02.holds_addresses


def test_priority_0_leaves_nothing_but_the_skew_time() -> None:
    """And in that time the addresses are answered for by the one that goes."""
    wire, test01, test02 = elected()
    wire.stop(test01)
    taken_over = 10 * SECOND_NS + LATENCY_NS + SKEW_50_NS
    wire.run_until(taken_over)
    assert test01.adverts[-1] == (10 * SECOND_NS, 0)
    assert test02.history[1:] == [(taken_over, "6.4.2 b", "Active")]
    assert test01.holds_addresses

    wire.run_until(12 * SECOND_NS)
    let_go = taken_over + LATENCY_NS + 20 * MS
    assert test01.history[2:] == [
        (10 * SECOND_NS, "handover b", "HandingOver"),
        (let_go, "handover d", "Initialize"),
    ]
    assert not test01.holds_addresses


def test_who_hands_over_and_goes_on_lets_the_lower_one_be() -> None:
    wire, test01, test02 = elected()
    wire.happen(test01, HandOver())
    wire.run_until(60 * SECOND_NS)
    assert wire.active() == [test02]
    assert test01.history[-1][1:] == ("handover d", "Backup")

    wire.power_off(test02)
    wire.run_until(64 * SECOND_NS)
    assert wire.active() == [test01]
    wire.start(test02)
    wire.run_until(80 * SECOND_NS)
    assert wire.active() == [test01]


def test_nobody_there_to_hand_over_to() -> None:
    wire, test01, test02 = elected()
    wire.power_off(test02)
    wire.happen(test01, HandOver())
    wire.run_until(20 * SECOND_NS)
    assert test01.history[2:] == [
        (10 * SECOND_NS, "handover a", "HandingOver"),
        (10 * SECOND_NS + DOWN_100_NS, "handover c", "Active"),
    ]
    assert test01.holds_addresses


def test_nopreempt_lets_the_lower_one_be() -> None:
    wire, test01, test02 = link(replace(TEST01, preempt=False))
    wire.start(test02)
    wire.run_until(10 * SECOND_NS)
    wire.start(test01)
    wire.run_until(40 * SECOND_NS)
    assert wire.active() == [test02]

    wire.stop(test02)
    wire.run_until(50 * SECOND_NS)
    resigned = 40 * SECOND_NS + LATENCY_NS
    assert test01.history[-1] == (resigned + 609_375_000, "6.4.2 b", "Active")


def test_preempt_delay_begins_with_the_first_advert_of_the_lower_router() -> None:
    """As keepalived 2.2.7 does it: measured with a delay of 3 s and adverts every half second,
    it took over an Active_Down_Interval after the last advert within the delay."""
    wire, test01, test02 = link(replace(TEST01, preempt_delay_ns=3 * SECOND_NS))
    wire.start(test02)
    wire.run_until(10 * SECOND_NS)
    wire.start(test01)
    wire.run_until(30 * SECOND_NS)

    heard = [at + LATENCY_NS for at, _ in test02.adverts if at + LATENCY_NS >= 10 * SECOND_NS]
    last_followed = max(at for at in heard if at < heard[0] + 3 * SECOND_NS)
    assert last_followed == heard[2]
    assert test01.history[-1] == (last_followed + DOWN_100_NS, "6.4.2 b", "Active")
    assert wire.active() == [test01]


def test_preempt_delay_does_not_hold_up_a_failover() -> None:
    wire, test01, test02 = link(replace(TEST01, preempt_delay_ns=300 * SECOND_NS))
    wire.start(test02)
    wire.run_until(10 * SECOND_NS)
    wire.start(test01)
    wire.run_until(20 * SECOND_NS)
    wire.power_off(test02)
    last_advert, _ = test02.adverts[-1]
    wire.run_until(30 * SECOND_NS)

    taken_over = last_advert + LATENCY_NS + DOWN_100_NS
    assert test01.history[-1] == (taken_over, "6.4.2 b", "Active")


def test_the_owner_takes_its_addresses_at_once_and_nopreempt_does_not_bind_it() -> None:
    wire, owner, test02 = link(replace(TEST01, priority=255, preempt=False))
    wire.start(test02)
    wire.run_until(10 * SECOND_NS)
    wire.start(owner)
    wire.run_until(20 * SECOND_NS)

    assert owner.history == [(10 * SECOND_NS, "6.4.1 a", "Active")]
    assert test02.history[-1] == (10 * SECOND_NS + LATENCY_NS, "6.4.3 d", "Backup")


def test_two_owners_settle_on_the_higher_address() -> None:
    wire, higher, lower = link(replace(TEST01, priority=255), replace(TEST02, priority=255))
    wire.start(higher, lower)
    wire.run_until(10 * SECOND_NS)

    assert wire.active() == [higher]
    assert lower.history[-1] == (LATENCY_NS, "6.4.3 d", "Backup")


def split(first: VirtualRouter, second: VirtualRouter) -> tuple[Link, Node, Node]:
    """Neither has heard the other since the start: both are Active at 30 s."""
    wire, test01, test02 = link(first, second)
    wire.hears = lambda sender, receiver: False
    wire.start(test01, test02)
    wire.run_until(30 * SECOND_NS)
    assert wire.active() == [test01, test02]
    wire.hears = lambda sender, receiver: True
    return wire, test01, test02


def test_a_split_brain_ends_with_the_first_advert_and_the_winner_has_the_last_word() -> None:
    """Both announced themselves while apart; who hears the loser last goes on sending to it."""
    wire, test01, test02 = split(TEST01, TEST02)
    wire.run_until(30_608_000_000)  # test01 advertises at .609375, test02 at .804687500
    assert wire.active() == [test01, test02]
    wire.hears = lambda sender, receiver: sender is test02 or wire.elapsed_ns > 30_700_000_000
    wire.run_until(32 * SECOND_NS)

    claimed = 30_804_687_500
    assert wire.active() == [test01]
    assert test01.announcements[-1] == claimed + LATENCY_NS
    assert test02.history[-1] == (claimed + 2 * LATENCY_NS, "6.4.3 d", "Backup")


@pytest.mark.parametrize(
    ("last_word", "announcements"),
    [(False, []), (True, [30_609_375_000 + 2 * LATENCY_NS, 30_734_375_000])],
)
def test_a_loser_that_yields_to_the_winners_advert_is_heard_only_with_the_setting(
    last_word: bool, announcements: list[int]
) -> None:
    """keepalived's higher_prio_send_advert. Without it the winner cannot know that somebody
    else had announced its addresses, and announces nothing (as keepalived's default is). With it
    they are announced at once, and with the answer, an eighth of an interval after its advert."""
    wire, test01, test02 = split(TEST01, replace(TEST02, advertise_before_yielding=last_word))
    wire.run_until(32 * SECOND_NS)

    assert wire.active() == [test01]
    assert test02.history[-1] == (30_609_375_000 + LATENCY_NS, "6.4.3 d", "Backup")
    assert test01.announcements[1:] == announcements


def test_a_loser_that_resigns_before_it_was_ever_heard_leaves_nobody_behind() -> None:
    """The path heals, and test02 is stopped before its next advert: test01 learns of it from
    priority 0 alone, but whoever was beside test02 must be called back all the same."""
    wire, test01, test02 = split(TEST01, TEST02)
    wire.stop(test02)
    wire.run_until(30_600_000_000)

    assert wire.active() == [test01]
    assert test01.announcements[-1] == 30 * SECOND_NS + LATENCY_NS


def test_one_priority_and_one_address_answer_each_other_within_the_bound() -> None:
    """Neither yields: equal is not higher. RFC 9568 6.4.3 has no bound, and two such routers
    exchange adverts as fast as the wire carries them. Admission takes them for its own packets;
    here they reach the machine all the same."""
    wire, one, other = link(TEST01, TEST01)
    wire.admission = lambda *_, **__: Admitted()
    wire.start(one, other)
    wire.run_until(DOWN_100_NS + 10 * SECOND_NS - 1)

    assert wire.active() == [one, other]
    assert len(one.adverts) + len(other.adverts) == 160  # eight in an interval from each
    for node in (one, other):
        assert min(gaps(node)) >= SECOND_NS // 8


def test_one_link_local_address_on_two_routers_still_has_one_winner() -> None:
    same = IPv6Address("fe80::200:5eff:fe00:201")  # of the virtual MAC, as on every node
    wire, higher, lower = link(
        replace(V3_IPV6, priority=200, primary_address=same),
        replace(V3_IPV6, priority=100, primary_address=same),
    )
    wire.start(higher, lower)
    wire.run_until(20 * SECOND_NS)
    assert wire.active() == [higher]

    wire.power_off(higher)
    wire.run_until(30 * SECOND_NS)
    assert wire.active() == [lower]


def test_v3_a_backup_learns_the_interval_and_waits_by_it() -> None:
    """Its own is 10 s, the Active router's 100 ms: it takes over after 3 x 100 ms and the skew."""
    wire, quick, slow = link(
        replace(V3, priority=200, advertisement_interval_ns=100 * MS),
        replace(V3, priority=100, primary_address=LOWER, advertisement_interval_ns=10 * SECOND_NS),
    )
    wire.start(quick, slow)
    wire.run_until(5 * SECOND_NS)
    wire.power_off(quick)
    last_advert, _ = quick.adverts[-1]
    wire.run_until(30 * SECOND_NS)

    taken_over = last_advert + LATENCY_NS + 360_937_500
    assert slow.history[-1] == (taken_over, "6.4.2 b", "Active")
    assert gaps(slow) == [10 * SECOND_NS] * 2


def test_v2_routers_with_other_intervals_do_not_agree() -> None:
    """RFC 3768 7.1 discards the packet; keepalived does too. Both are Active."""
    wire, test01, test02 = link(TEST01, replace(TEST02, advertisement_interval_ns=2 * SECOND_NS))
    wire.start(test01, test02)
    wire.run_until(20 * SECOND_NS)

    assert wire.active() == [test01, test02]


def test_equal_priorities_started_together_settle_on_the_higher_address() -> None:
    wire, higher, lower = link(TEST01, replace(TEST01, primary_address=LOWER))
    wire.start(higher, lower)
    wire.run_until(20 * SECOND_NS)

    assert wire.active() == [higher]
    assert lower.history[-1] == (DOWN_100_NS + LATENCY_NS, "6.4.3 d", "Backup")
    assert higher.history[1:] == [(DOWN_100_NS, "6.4.2 b", "Active")]


def test_a_priority_that_sinks_below_the_backups_hands_over() -> None:
    wire, test01, test02 = elected()
    test01.router = replace(TEST01, priority=40)
    wire.happen(test01, PriorityChanged(previous=100))
    wire.run_until(20 * SECOND_NS)

    last_followed = 9_609_375_000 + LATENCY_NS
    assert test02.history[-1] == (last_followed + DOWN_50_NS, "6.4.2 b", "Active")
    assert wire.active() == [test02]


def test_a_late_wake_up_is_not_followed_by_a_burst() -> None:
    """test01 was stopped for 2.9 of its intervals: one advert at once, then the new schedule."""
    wire, test01, test02 = elected()
    late = 9_609_375_000 + 2_900_000_000
    wire.now = NOW + late
    wire.run_until(16 * SECOND_NS)

    adverts = [at for at, _ in test01.adverts if at > 9_609_375_000]
    assert adverts[:3] == [late, late + SECOND_NS, late + 2 * SECOND_NS]
    assert wire.active() == [test01]
    assert test02.history == [(0, "6.4.1 b", "Backup")]
