from __future__ import annotations

import gc
from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from tests.daemon.recording import OURS, SECOND, SETTINGS, THEIRS, Bench
from vipkeeper.daemon.instance import RECOVERY_NS
from vipkeeper.daemon.settings import VirtualAddress
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.states import Active, Backup, Initialize

DOWN_INTERVAL = 3 * SECOND + (256 - 50) * SECOND // 256
ADDRESS = "192.168.100.196/24 dev eth0"


def test_it_waits_as_backup_without_the_addresses_that_a_predecessor_may_have_left() -> None:
    bench = Bench()
    bench.instance.circumstances_changed(None, 50, OURS, 7)
    assert bench.effects.take() == [f"remove {ADDRESS}"]
    assert bench.instance.deadline() == 7 + DOWN_INTERVAL
    assert isinstance(bench.instance.state, Backup)


def test_after_silence_it_adds_the_address_then_advertises_then_announces_five_times() -> None:
    bench = Bench()
    assert bench.become_active() == DOWN_INTERVAL
    assert bench.effects.take() == [
        f"add {ADDRESS}",
        f"advert 50 from {OURS}",
        *["announce 192.168.100.196 on eth0"] * 5,
    ]
    assert bench.instance.statistics["master-transitions"] == 1
    assert bench.instance.statistics["advertisement-sent"] == 1
    assert bench.instance.statistics["gratuitous-arps-sent"] == 5


def test_the_second_burst_comes_five_seconds_later() -> None:
    bench = Bench()
    active_at = bench.become_active()
    bench.effects.take()
    now = active_at
    for _ in range(5):
        due = bench.instance.deadline()
        assert due is not None
        now = due
        bench.instance.on_timer(now)
    assert now == active_at + 5 * SECOND
    announced = [line for line in bench.effects.take() if line.startswith("announce")]
    assert len(announced) == 5


def test_a_better_router_takes_the_addresses_away_and_the_announcements_end() -> None:
    bench = Bench()
    now = bench.become_active() + 1
    bench.effects.take()
    bench.hear(100, now)
    assert bench.effects.take() == [f"remove {ADDRESS}"]
    assert bench.instance.deadline() == now + DOWN_INTERVAL
    assert bench.instance.to_plain()["active_router"] == {
        "address": str(THEIRS),
        "priority": 100,
        "is_self": False,
    }


def test_shutdown_resigns_before_it_removes_the_addresses() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.effects.take()
    bench.instance.shutdown(ShutdownCause.RECONFIGURED, now)
    assert bench.effects.take() == [f"advert 0 from {OURS}", f"remove {ADDRESS}"]
    assert bench.instance.statistics["priority-zero-pkts-sent"] == 1
    assert bench.instance.deadline() is None


def test_without_the_address_it_does_not_stay_active() -> None:
    bench = Bench()
    bench.start()
    bench.effects.failing = {"add"}
    bench.instance.on_timer(DOWN_INTERVAL)
    assert isinstance(bench.instance.state, Initialize)
    assert bench.effects.take() == [f"advert 0 from {OURS}", f"remove {ADDRESS}"]
    bench.effects.failing = set()
    assert bench.instance.deadline() == DOWN_INTERVAL + RECOVERY_NS
    bench.instance.on_timer(DOWN_INTERVAL + RECOVERY_NS)
    assert isinstance(bench.instance.state, Backup)


def test_when_nothing_can_be_sent_the_addresses_go_all_the_same() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.effects.take()
    bench.effects.failing = {"send"}
    bench.instance.on_timer(now + SECOND)
    assert isinstance(bench.instance.state, Initialize)
    assert bench.effects.held == set()
    assert bench.effects.leased_until is None
    assert bench.instance.statistics["send-errors"] == 2  # the advert, then the resignation


def test_all_addresses_are_removed_though_one_cannot_be() -> None:
    second = VirtualAddress(ip_interface("192.168.100.197/24"), "eth0")
    bench = Bench(replace(SETTINGS, addresses=(*SETTINGS.addresses, second)))
    now = bench.become_active()
    removed = []
    remove = bench.effects.remove_address

    def fail_first(address: VirtualAddress) -> bool:
        removed.append(str(address))
        if len(removed) == 1:
            bench.effects.failing = {"remove"}
        else:
            bench.effects.failing = set()
        return remove(address)

    bench.effects.remove_address = fail_first  # type: ignore[method-assign]
    bench.instance.shutdown(ShutdownCause.STOPPED_AT_ONCE, now)
    assert removed == [ADDRESS, str(second)]
    assert "kernel-error" in bench.kinds()


def test_the_owners_own_address_is_left_on_its_interface() -> None:
    owned = replace(SETTINGS, priority=255)
    bench = Bench(owned)
    vip = owned.addresses[0].address
    bench.instance.circumstances_changed(None, 255, vip, 0)
    assert isinstance(bench.instance.state, Active)
    bench.effects.take()
    bench.instance.shutdown(ShutdownCause.STOPPED_AT_ONCE, 1)
    assert bench.effects.take() == [f"advert 0 from {vip}"]


@pytest.mark.parametrize("obstacle", [cause for cause in ShutdownCause if not cause.is_planned])
def test_an_obstacle_ends_it_and_its_end_starts_it_again(obstacle: ShutdownCause) -> None:
    bench = Bench()
    now = bench.become_active()
    bench.instance.circumstances_changed(obstacle, 50, OURS, now)
    assert isinstance(bench.instance.state, Initialize)
    assert bench.effects.held == set()
    bench.instance.circumstances_changed(None, 50, OURS, now + SECOND)
    assert isinstance(bench.instance.state, Backup)
    assert bench.records[-1]["cause"] == "what kept it from taking part has gone"


def test_an_obstacle_from_the_start_is_told_once() -> None:
    bench = Bench()
    for now in range(3):
        bench.instance.circumstances_changed(ShutdownCause.INTERFACE_DOWN, 50, None, now)
    assert bench.kinds() == ["waiting"]
    assert bench.instance.to_plain()["because"] == "interface down"


def test_a_changed_priority_moves_the_timer_by_the_difference_of_the_skews() -> None:
    bench = Bench()
    bench.start()
    bench.instance.circumstances_changed(None, 40, OURS, SECOND)
    assert bench.instance.deadline() == 3 * SECOND + (256 - 40) * SECOND // 256
    assert bench.records[-2] == {
        "record": "priority",
        "at_ns": SECOND,
        "instance": "vrrp_group_1",
        "old": 50,
        "new": 40,
    }


def test_routine_adverts_make_no_record_and_a_flood_of_losing_ones_few() -> None:
    bench = Bench()
    bench.start()
    bench.records.clear()
    for second in range(1, 100):
        bench.hear(100, second * SECOND)
    assert bench.records == []
    bench = Bench()
    active_at = bench.become_active()
    bench.records.clear()
    for millisecond in range(10_000):
        bench.hear(10, active_at + millisecond * 1_000_000)
    assert len([r for r in bench.records if r["record"] == "transition"]) <= 20


def test_a_discard_moves_its_counter_and_is_told_once_a_minute() -> None:
    bench = Bench()
    bench.start()
    bench.records.clear()
    for second in range(61):
        bench.hear(100, second * SECOND, interval=2)
    assert bench.instance.statistics["interval-errors"] == 61
    told = [record for record in bench.records if record["record"] == "discard"]
    assert [record["suppressed"] for record in told] == [0, 59]
    assert told[0]["detail"] == "advertisement interval mismatch mine=1 sec rcv'd=2 sec"


def test_another_list_of_addresses_is_counted_and_acted_on() -> None:
    bench = Bench()
    bench.start()
    bench.hear(100, SECOND, addresses=(ip_address("192.168.100.99"),))
    assert bench.instance.statistics["address-list-errors"] == 1
    assert bench.instance.deadline() == SECOND + DOWN_INTERVAL


def test_announcements_that_fail_are_told_and_leave_the_state_alone() -> None:
    bench = Bench()
    bench.start()
    bench.effects.failing = {"announce"}
    bench.instance.on_timer(DOWN_INTERVAL)
    assert isinstance(bench.instance.state, Active)
    assert bench.records[-1]["record"] == "kernel-error"


def test_failures_make_no_cycles_for_nobody_collects_them() -> None:
    bench = Bench()
    bench.start()
    bench.effects.failing = {"add", "remove", "send"}
    gc.collect()
    gc.disable()
    try:
        now = DOWN_INTERVAL
        for _ in range(10):
            bench.instance.on_timer(now)
            now = bench.instance.deadline() or now
        bench.records.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_other_settings_leave_the_state_alone() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.effects.take()
    changed = replace(SETTINGS, name="other", password="secret", preempt=False)
    bench.instance.release_what_is_not_in(changed, now)
    bench.instance.reconfigure(changed, now)
    assert isinstance(bench.instance.state, Active)
    assert bench.effects.take() == []
    assert bench.records == []
    assert bench.instance.to_plain()["name"] == "other"


def test_other_addresses_are_changed_while_it_stays_active() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.effects.take()
    other = VirtualAddress(ip_interface("192.168.100.197/24"), "eth0")
    changed = replace(SETTINGS, addresses=(other,))
    bench.instance.release_what_is_not_in(changed, now)
    bench.instance.reconfigure(changed, now)
    assert isinstance(bench.instance.state, Active)
    assert bench.effects.take() == [
        f"remove {ADDRESS}",
        f"add {other}",
        *["announce 192.168.100.197 on eth0"] * 5,
    ]


def test_addresses_that_cannot_be_had_after_a_reload_end_it() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.effects.failing = {"add"}
    other = VirtualAddress(ip_interface("192.168.100.197/24"), "eth0")
    bench.instance.reconfigure(replace(SETTINGS, addresses=(other,)), now)
    assert isinstance(bench.instance.state, Initialize)
    assert bench.instance.deadline() == now + RECOVERY_NS


SECOND_VIP = VirtualAddress(ip_interface("192.168.100.197/24"), "eth0")
THEIR_DOWN_INTERVAL = 3 * SECOND + (256 - 50) * SECOND // 256
MS = 1_000_000


def handing_over(cause: ShutdownCause = ShutdownCause.STOPPED) -> tuple[Bench, int]:
    """Two addresses, priority 0 has just been sent."""
    bench = Bench(replace(SETTINGS, addresses=(*SETTINGS.addresses, SECOND_VIP)))
    now = bench.become_active() + 300 * MS
    bench.effects.take()
    bench.instance.circumstances_changed(cause, 50, OURS, now)
    assert bench.effects.take() == [f"advert 0 from {OURS}"]
    return bench, now


def live_until(bench: Bench, instant: int) -> None:
    """Serve the timers that are due until then, and at that instant."""
    while (due := bench.instance.deadline()) is not None and due < instant:
        bench.instance.on_timer(due)
    bench.instance.on_timer(instant)


def announce(bench: Bench, address: VirtualAddress, now: int, interface: str = "eth0") -> bool:
    return bench.instance.hear_announcement(interface, address.address, now)


def test_the_addresses_go_once_the_successor_has_advertised_and_announced_them_all() -> None:
    bench, now = handing_over()
    bench.hear(100, now + 800 * MS)
    assert announce(bench, SETTINGS.addresses[0], now + 801 * MS)
    live_until(bench, now + 802 * MS)
    assert bench.effects.held == {ADDRESS, str(SECOND_VIP)}
    assert announce(bench, SECOND_VIP, now + 802 * MS)
    live_until(bench, now + 822 * MS - 1)
    assert bench.effects.held == {ADDRESS, str(SECOND_VIP)}
    live_until(bench, now + 822 * MS)
    assert bench.effects.take() == [f"remove {ADDRESS}", f"remove {SECOND_VIP}"]
    assert isinstance(bench.instance.state, Initialize)
    assert bench.records[-1]["successor"] == str(THEIRS)
    assert bench.instance.deadline() is None


def test_what_it_does_not_have_or_comes_from_elsewhere_is_no_announcement() -> None:
    bench, now = handing_over()
    other = VirtualAddress(ip_interface("192.168.100.1/24"), "eth0")
    assert not announce(bench, other, now)
    assert not announce(bench, SECOND_VIP, now, interface="eth1")
    assert not announce(Bench(), SETTINGS.addresses[0], now)


def test_without_a_successor_the_addresses_stay_to_the_end() -> None:
    bench, now = handing_over()
    live_until(bench, now + THEIR_DOWN_INTERVAL - 1)
    assert bench.effects.take() == []
    live_until(bench, now + THEIR_DOWN_INTERVAL)
    assert bench.effects.take() == [f"remove {ADDRESS}", f"remove {SECOND_VIP}"]
    assert bench.records[-1]["successor"] is None


def test_the_lease_is_the_adverts_and_then_a_moment_at_a_time() -> None:
    """v2: 3 s and the Skew_Time of priority 255; a quarter of a second, every 50 ms."""
    bench = Bench()
    active_at = bench.become_active()
    assert bench.effects.leased_until == active_at + 3 * SECOND + SECOND // 256
    live_until(bench, active_at + SECOND)
    assert bench.effects.leased_until == active_at + 4 * SECOND + SECOND // 256
    now = active_at + SECOND + 1
    bench.instance.shutdown(ShutdownCause.STOPPED, now)
    assert bench.effects.leased_until == now + 250 * MS
    assert bench.instance.deadline() == now + 50 * MS
    live_until(bench, now + 50 * MS)
    assert bench.effects.leased_until == now + 300 * MS
    live_until(bench, now + THEIR_DOWN_INTERVAL)
    assert bench.effects.held == set()
    assert not bench.effects.leased_until


def test_maintenance_ends_while_it_hands_over() -> None:
    """It has said that it goes, and goes; then it starts again."""
    bench, now = handing_over(ShutdownCause.MAINTENANCE)
    bench.instance.circumstances_changed(None, 50, OURS, now + 1)
    assert bench.instance.is_handing_over
    live_until(bench, now + THEIR_DOWN_INTERVAL)
    assert isinstance(bench.instance.state, Backup)


def test_maintenance_is_why_it_takes_no_part() -> None:
    bench, now = handing_over(ShutdownCause.MAINTENANCE)
    live_until(bench, now + THEIR_DOWN_INTERVAL)
    assert bench.instance.to_plain()["because"] == "maintenance"
    bench.instance.circumstances_changed(ShutdownCause.MAINTENANCE, 50, OURS, now)
    assert isinstance(bench.instance.state, Initialize)


def test_who_finds_nobody_and_gets_no_addresses_waits_as_after_any_failure() -> None:
    bench = Bench()
    now = bench.become_active() + 300 * MS
    bench.instance.hand_over(now)
    bench.effects.failing = {"add"}
    live_until(bench, now + THEIR_DOWN_INTERVAL)
    assert isinstance(bench.instance.state, Initialize)
    live_until(bench, now + THEIR_DOWN_INTERVAL + RECOVERY_NS)
    assert isinstance(bench.instance.state, Backup)


def test_nothing_brings_it_back_from_maintenance_but_its_end() -> None:
    bench = Bench()
    now = bench.become_active() + 300 * MS
    bench.effects.failing = {"send"}
    bench.instance.circumstances_changed(ShutdownCause.MAINTENANCE, 50, OURS, now)
    assert isinstance(bench.instance.state, Initialize)
    bench.effects.failing = set()
    bench.instance.on_timer(now + RECOVERY_NS)
    assert isinstance(bench.instance.state, Initialize)
    bench.instance.circumstances_changed(None, 50, OURS, now + RECOVERY_NS)
    assert isinstance(bench.instance.state, Backup)


def test_an_interface_that_goes_ends_it_at_once() -> None:
    bench, now = handing_over()
    bench.instance.circumstances_changed(ShutdownCause.INTERFACE_DOWN, 50, OURS, now + MS)
    assert bench.effects.take() == [f"remove {ADDRESS}", f"remove {SECOND_VIP}"]
    assert bench.effects.leased_until is None


def test_on_order_it_stays_backup_whatever_its_priority() -> None:
    bench = Bench(replace(SETTINGS, priority=200))
    now = bench.become_active() + MS
    bench.instance.hand_over(now)
    bench.hear(100, now + MS)
    announce(bench, SETTINGS.addresses[0], now + MS)
    live_until(bench, now + 21 * MS)
    assert isinstance(bench.instance.state, Backup)
    for second in range(1, 30):
        bench.hear(100, now + second * SECOND)
        live_until(bench, now + second * SECOND)
    assert isinstance(bench.instance.state, Backup)


def test_who_was_not_run_for_too_long_lets_go_and_listens() -> None:
    bench = Bench()
    active_at = bench.become_active()
    bench.effects.take()
    lapsed = active_at + 3 * SECOND + SECOND // 256
    assert not bench.instance.has_overslept(lapsed - 1)
    assert bench.instance.has_overslept(lapsed)
    bench.instance.on_timer(lapsed)
    assert bench.effects.take() == [f"remove {ADDRESS}"]
    assert bench.effects.leased_until is None
    assert bench.instance.deadline() == lapsed + DOWN_INTERVAL


NEW = VirtualAddress(ip_interface("192.168.100.197/24"), "eth0")


def _settled(bench: Bench) -> int:
    """Active, with no announcement still to come; returns when."""
    now = bench.become_active()
    for _ in range(6):
        now = bench.instance.deadline() or now
        bench.instance.on_timer(now)
    bench.effects.take()
    return now


def test_an_address_that_is_added_is_announced_and_the_others_are_not() -> None:
    bench = Bench()
    now = _settled(bench)
    added = replace(SETTINGS, addresses=(*SETTINGS.addresses, NEW))
    bench.instance.release_what_is_not_in(added, now)
    bench.instance.reconfigure(added, now)
    told = [line for line in bench.effects.take() if line.startswith("announce")]
    assert set(told) == {"announce 192.168.100.197 on eth0"}


def test_an_address_that_is_removed_goes_alone_and_nothing_is_announced() -> None:
    bench = Bench(replace(SETTINGS, addresses=(*SETTINGS.addresses, NEW)))
    now = _settled(bench)
    bench.instance.release_what_is_not_in(SETTINGS, now)
    bench.instance.reconfigure(SETTINGS, now)
    effects = bench.effects.take()
    assert [line for line in effects if line.startswith("remove")] == [f"remove {NEW}"]
    assert not [line for line in effects if line.startswith(("announce", "advert"))]
