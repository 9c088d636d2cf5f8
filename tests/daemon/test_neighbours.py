"""Misconfigured neighbours, in virtual time: the protocol's own reaction, and who is named."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from tests.daemon.recording import OURS, SECOND, SETTINGS, THEIRS, Bench
from vipkeeper.daemon import log_lines
from vipkeeper.daemon.neighbours import FORGET_AFTER_NS, MOST, Fault, Neighbours
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.vrrp.advertisement import GROUPS
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.states import Active, Backup
from vipkeeper.vrrp.version import VRRPV3, Family

V3 = replace(SETTINGS, version=3, password=None)
OWNER = replace(SETTINGS, priority=255)
OTHER = (ip_address("10.0.0.9"),)
HIGHER, LOWER = ip_address("192.168.100.131"), ip_address("192.168.100.5")
FAST = replace(V3, advertisement_interval_ns=SECOND // 100)


def hear(
    bench: Bench, priority: int, source: Address = THEIRS, now: int = 10 * SECOND, **changes: object
) -> None:
    advertisement = bench.instance.router.advertisement(priority)
    advertisement = replace(
        advertisement, authentication_data=advertisement.authentication_data.ljust(8, b"\0")
    )
    advertisement = replace(advertisement, **changes)  # type: ignore[arg-type]
    bench.instance.receive(advertisement, Datagram(source, GROUPS[Family.IPV4], 255, b""), now)


def named(bench: Bench, now: int = 10 * SECOND) -> list[dict[str, Any]]:
    neighbours = bench.instance.to_plain(now)["neighbours"]
    assert isinstance(neighbours, list)
    return neighbours


def told(bench: Bench) -> list[str]:
    records = [record for record in bench.records if record["record"] == "neighbour"]
    return [line.text for record in records for line in log_lines.lines(record)]


CASES: list[tuple[InstanceSettings, int, Address, dict[str, object], Fault, type, str]] = [
    # Another cluster, or unlike files. VRRPv3 and keepalived act on other addresses and intervals.
    (V3, 10, THEIRS, {"addresses": OTHER}, Fault.OTHER_ADDRESSES, Active,
     "sends adverts for VRID 1 with other addresses 10.0.0.9 (ours 192.168.100.196): another "
     "cluster with the same VRID, or one of the two files is not up to date"),
    (V3, 200, THEIRS, {"addresses": OTHER}, Fault.OTHER_ADDRESSES, Backup, "10.0.0.9"),
    (SETTINGS, 200, THEIRS, {"authentication_data": b"passwort"}, Fault.OTHER_PASSWORD, Active,
     "with another password"),
    (SETTINGS, 200, THEIRS, {"authentication_type": 0}, Fault.OTHER_AUTHENTICATION, Active,
     "received a 0 auth, expecting 1!"),
    (SETTINGS, 200, THEIRS, {"interval": 2}, Fault.OTHER_INTERVAL, Active,
     "advertises VRID 1 every 2 s, we every 1 s: VRRPv2 discards such adverts"),
    (V3, 10, THEIRS, {"interval": 50}, Fault.OTHER_INTERVAL, Active,
     "every 0.5 s, we every 1 s: a Backup follows"),
    (SETTINGS, 200, THEIRS, {"version": VRRPV3}, Fault.OTHER_VERSION, Active,
     "in another version than ours (VRRPv2)"),
    # Nothing tells the two apart: the address breaks the tie, where there are two.
    (SETTINGS, 50, HIGHER, {}, Fault.SAME_PRIORITY, Backup,
     "has the same priority 50 as we for VRID 1: addresses break the tie; give each router its "
     "own"),
    (SETTINGS, 50, LOWER, {}, Fault.SAME_PRIORITY, Active, "addresses break the tie"),
    (SETTINGS, 50, OURS, {}, Fault.SAME_IDENTITY, Active,
     "with our own address and priority: another host has this address and a copy of this file"),
    # Two owners (RFC 9568 8.3.2)
    (OWNER, 255, LOWER, {}, Fault.SECOND_OWNER, Active, "says that it owns the addresses"),
    (OWNER, 255, HIGHER, {}, Fault.SECOND_OWNER, Backup, "(priority 255)"),
    (replace(OWNER, owner_ignores_adverts=True), 255, HIGHER, {}, Fault.SECOND_OWNER, Active,
     "give the other one a lower priority"),
]  # fmt: skip


def active(settings: InstanceSettings) -> Bench:
    bench = Bench(settings)
    bench.start()
    if settings.priority != 255:
        due = bench.instance.deadline()
        assert due is not None
        bench.instance.on_timer(due)
    assert isinstance(bench.instance.state, Active)
    return bench


@pytest.mark.parametrize(
    ("settings", "priority", "source", "changes", "fault", "state", "words"),
    CASES,
    ids=[f"{case[4].value} {case[1]} {case[5].__name__}" for case in CASES],
)
def test_the_state_is_the_protocols_and_the_offender_is_named(
    settings: InstanceSettings,
    priority: int,
    source: Address,
    changes: dict[str, object],
    fault: Fault,
    state: type,
    words: str,
) -> None:
    bench = active(settings)
    for second in (10, 11):
        hear(bench, priority, source, second * SECOND, **changes)
    assert isinstance(bench.instance.state, state)
    (neighbour,) = named(bench)
    assert (neighbour["source"], neighbour["fault"]) == (str(source), fault.value)
    assert words in neighbour["words"]
    assert (neighbour["count"], neighbour["first_ns"], neighbour["last_ns"]) == (
        2,
        10 * SECOND,
        11 * SECOND,
    )
    assert told(bench) == [f"(vrrp_group_1) {source} {neighbour['words']}"]


def test_a_backup_follows_a_router_with_its_own_address_and_names_it() -> None:
    bench = Bench()
    bench.start()
    hear(bench, 50, OURS, SECOND)
    assert isinstance(bench.instance.state, Backup)
    assert [item["fault"] for item in named(bench)] == ["same-address-and-priority"]


def test_who_fits_is_not_named() -> None:
    bench = active(V3)
    hear(bench, 10)
    hear(bench, 0)
    hear(bench, 200)
    assert named(bench) == []


def test_an_offender_is_told_at_once_then_once_a_minute_with_how_often() -> None:
    bench = active(V3)
    for second in range(121):
        hear(bench, 10, THEIRS, (10 + second) * SECOND, addresses=OTHER)
    lines = told(bench)
    assert len(lines) == 3
    assert "since" not in lines[0]
    assert lines[1].endswith("(60 times since this was last said)")


def test_an_equal_priority_is_advice_and_told_once() -> None:
    bench = active(V3)
    for second in range(300):
        hear(bench, 50, LOWER, (10 + second) * SECOND)
    assert len(told(bench)) == 1


def test_a_flood_of_sources_takes_no_room_says_little_and_hides_nobody() -> None:
    bench = active(V3)
    hear(bench, 10, LOWER, 9 * SECOND, addresses=OTHER)
    bench.records.clear()
    for number in range(20_000):
        now = 10 * SECOND + number * SECOND // 10_000
        hear(bench, 10, ip_address(f"10.1.{number // 250}.{number % 250}"), now, addresses=OTHER)
        if number % 1_000 == 0:
            hear(bench, 10, LOWER, now, addresses=OTHER)
    neighbours = named(bench, 12 * SECOND)
    assert len(neighbours) == MOST
    assert str(LOWER) in [item["source"] for item in neighbours]
    assert len(told(bench)) <= MOST


def test_who_was_not_seen_for_ten_minutes_is_forgotten() -> None:
    bench = active(V3)
    hear(bench, 10, THEIRS, 10 * SECOND, addresses=OTHER)
    assert named(bench, 10 * SECOND + FORGET_AFTER_NS - 1)
    assert named(bench, 10 * SECOND + FORGET_AFTER_NS) == []


def test_who_is_away_makes_room_first_though_it_was_seen_often() -> None:
    neighbours = Neighbours(lambda record: None)
    for number in range(MOST):
        for _ in range(100 if number == 0 else 1):
            neighbours.note("VI", Fault.UNREADABLE, f"10.0.0.{number}", lambda: "", number)
    later = FORGET_AFTER_NS + 1
    neighbours.note("VI", Fault.UNREADABLE, "10.0.0.99", lambda: "", later)
    sources = [item["source"] for item in neighbours.to_plain(later)]
    assert "10.0.0.99" in sources
    assert "10.0.0.0" not in sources


def test_other_settings_begin_a_new_list() -> None:
    bench = active(V3)
    hear(bench, 10, addresses=OTHER)
    bench.instance.reconfigure(replace(V3, preempt=False), 11 * SECOND)
    assert named(bench) == []


# -- adverts that are late (RFC 9568 2.5) -------------------------------------------------------


def flap(bench: Bench, start: int, away: int) -> int:
    """It hears the better router, then nothing for an Active_Down_Interval, then it again."""
    hear(bench, 200, HIGHER, start)
    due = bench.instance.deadline()
    assert due is not None
    bench.instance.on_timer(due)
    assert bench.instance.to_plain()["state"] == "Active"
    hear(bench, 200, HIGHER, due + away)
    assert bench.instance.to_plain()["state"] == "Backup"
    return due + away


def test_taking_over_again_and_again_from_who_is_there_is_told_with_what_to_set() -> None:
    bench = Bench(FAST)
    bench.start()
    now = SECOND // 100
    for _ in range(3):
        assert named(bench) == []
        now = flap(bench, now, 5_000_000)
    (neighbour,) = named(bench, now)
    assert (neighbour["source"], neighbour["fault"]) == (str(HIGHER), "late-adverts")
    # 30 ms and a skew of 8 ms passed, and 5 ms more: 43 ms apart.
    assert neighbour["words"] == (
        "was late 3 times within 0.0861 s (its adverts came up to 0.043 s apart), and each time "
        "we were Active until it was heard: the interval of 0.01 s is too short for these "
        "machines or this network; set advert_int to 0.03 or more on all nodes, or raise "
        "down_timer_adverts"
    )


def test_a_router_that_really_went_away_is_not_late() -> None:
    bench = Bench(FAST)
    bench.start()
    now = SECOND // 100
    for _ in range(6):
        now = flap(bench, now, 50_000_000)
    assert named(bench, now) == []


def test_now_and_then_is_not_too_often() -> None:
    bench = Bench(FAST)
    bench.start()
    now = SECOND // 100
    for _ in range(6):
        now = flap(bench, now + 31 * SECOND, 5_000_000)
    assert named(bench, now) == []
