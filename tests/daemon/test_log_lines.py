"""The words are keepalived 2.2.7's, as it wrote them when it was watched."""

from __future__ import annotations

import json

from tests.daemon.recording import OURS, SECOND, SETTINGS, Bench
from vipkeeper.daemon import log_lines
from vipkeeper.daemon.journal import Record
from vipkeeper.vrrp.events import ShutdownCause


def words(records: list[Record], *, detail: bool = True) -> list[str]:
    lines = [line for record in records for line in log_lines.lines(record)]
    return [line.text for line in lines if detail or not line.detail]


def test_from_start_to_active() -> None:
    bench = Bench()
    bench.become_active()
    assert words(bench.records) == [
        "(vrrp_group_1) removing VIPs.",
        "(vrrp_group_1) Entering BACKUP STATE (init)",
        "(vrrp_group_1) Receive advertisement timeout",
        "(vrrp_group_1) Entering MASTER STATE",
        "(vrrp_group_1) setting VIPs.",
        "(vrrp_group_1) Sending/queueing gratuitous ARPs on eth0 for 192.168.100.196",
        *["Sending gratuitous ARP on eth0 for 192.168.100.196"] * 5,
    ]


def test_without_detail_only_the_states() -> None:
    bench = Bench()
    bench.become_active()
    assert words(bench.records, detail=False) == [
        "(vrrp_group_1) Entering BACKUP STATE (init)",
        "(vrrp_group_1) Entering MASTER STATE",
    ]


def test_yielding_to_a_higher_priority() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.hear(100, now + 1)
    assert words(bench.records) == [
        "(vrrp_group_1) Master received advert from 192.168.100.131 "
        "with higher priority 100, ours 50",
        "(vrrp_group_1) Entering BACKUP STATE",
        "(vrrp_group_1) removing VIPs.",
    ]


def test_yielding_to_the_higher_address() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.hear(50, now + 1)
    assert words(bench.records)[0] == (
        "(vrrp_group_1) Master received advert from 192.168.100.131 "
        "with same priority 50 but higher IP address than ours"
    )


def test_answering_a_loser_and_ignoring_one() -> None:
    bench = Bench()
    bench.start()
    bench.records.clear()
    bench.hear(10, 1)
    assert words(bench.records) == [
        "(vrrp_group_1) received lower priority (10) advert from 192.168.100.131 - discarding"
    ]
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.hear(10, now + SECOND // 2)
    assert words(bench.records)[0] == (
        "(vrrp_group_1) Received advert from 192.168.100.131 with lower priority 10, ours 50, "
        "forcing new election"
    )


def test_a_resignation_heard_and_one_sent() -> None:
    bench = Bench()
    bench.start()
    bench.records.clear()
    bench.hear(0, 1)
    assert words(bench.records) == ["(vrrp_group_1) Backup received priority 0 advertisement"]
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.instance.shutdown(ShutdownCause.STOPPED_AT_ONCE, now)
    assert words(bench.records) == [
        "(vrrp_group_1) sent 0 priority",
        "(vrrp_group_1) removing VIPs.",
    ]


def test_handing_over() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.instance.hand_over(now)
    bench.hear(100, now + 1)
    bench.instance.hear_announcement("eth0", SETTINGS.addresses[0].address, now + 2)
    bench.instance.on_timer(now + 20_000_002)
    assert words(bench.records) == [
        "(vrrp_group_1) sent 0 priority",
        "(vrrp_group_1) hands over: it answers for the VIPs until its successor does",
        "(vrrp_group_1) has handed over to 192.168.100.131",
        "(vrrp_group_1) removing VIPs.",
        "(vrrp_group_1) Entering BACKUP STATE",
    ]


def test_nobody_to_hand_over_to() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.instance.hand_over(now)
    bench.instance.on_timer(now + 10 * SECOND)
    assert words(bench.records)[2:5] == [
        "(vrrp_group_1) nobody came to take over",
        "(vrrp_group_1) Entering MASTER STATE",
        "(vrrp_group_1) setting VIPs.",
    ]


def test_not_run_for_too_long() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.instance.on_timer(now + 10 * SECOND)
    bench.instance.on_timer(now + 60 * SECOND)
    assert words(bench.records) == [
        "(vrrp_group_1) was not run for so long that others have taken over, and listens first",
        "(vrrp_group_1) Entering BACKUP STATE",
        "(vrrp_group_1) removing VIPs.",
        "(vrrp_group_1) was not run for too long, and listens first",
    ]


def test_fault_and_back() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    bench.instance.circumstances_changed(ShutdownCause.INTERFACE_DOWN, 50, OURS, now)
    bench.instance.circumstances_changed(None, 40, OURS, now + 1)
    assert words(bench.records) == [
        "(vrrp_group_1) Entering FAULT STATE",
        "(vrrp_group_1) sent 0 priority",
        "(vrrp_group_1) removing VIPs.",
        "(vrrp_group_1) Changing effective priority from 50 to 40",
        "(vrrp_group_1) Entering BACKUP STATE",
    ]


def test_fault_from_the_start_says_so() -> None:
    bench = Bench()
    bench.instance.circumstances_changed(ShutdownCause.NO_PRIMARY_ADDRESS, 50, None, 0)
    assert words(bench.records) == [
        "(vrrp_group_1) entering FAULT state (no IPv4 address for interface)",
        "(vrrp_group_1) entering FAULT state",
        "(vrrp_group_1) removing VIPs.",
    ]


def test_fault_is_entered_once_whatever_is_wrong_besides() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.records.clear()
    down, bare = ShutdownCause.INTERFACE_DOWN, ShutdownCause.NO_PRIMARY_ADDRESS
    for obstacle in (down, down, bare, bare):
        bench.instance.circumstances_changed(obstacle, 50, OURS, now)
        assert bench.instance.to_plain()["because"] == obstacle.value
    assert [line for line in words(bench.records) if "FAULT" in line] == [
        "(vrrp_group_1) Entering FAULT STATE"
    ]


def test_the_structured_record_names_the_rule() -> None:
    bench = Bench()
    bench.become_active()
    text = log_lines.structured(bench.records[1])
    assert text.startswith("transition {")
    record = json.loads(text.removeprefix("transition "))
    assert record["rule"] == "6.4.2 b"
    assert record["new"] == "Active"
    assert record["because"] == "Active_Down_Timer fired: no Active router is heard"


def test_discards_of_an_instance_of_an_unknown_one_and_of_nobody() -> None:
    discard = {"record": "discard", "at_ns": 0, "source": "192.0.2.1", "interface": "eth0"}
    discard |= {"vrid": 5, "suppressed": 0}
    of_ours = {**discard, "instance": "VI_1", "reason": "ip-ttl-errors"}
    of_ours["detail"] = "invalid TTL/HL. Received 64 and expect 255"
    unknown = {**discard, "instance": None, "reason": "vrid-errors"}
    unknown["detail"] = "Unknown VRID(5) received on interface(eth0). ignoring..."
    garbage = {**discard, "instance": None, "reason": "version-errors", "detail": "version 15"}
    assert words([of_ours, unknown, garbage]) == [
        "(VI_1) invalid TTL/HL. Received 64 and expect 255",
        "Unknown VRID(5) received on interface(eth0). ignoring...",
        "packet from 192.0.2.1 on eth0 discarded: version 15",
    ]
    assert words([unknown, garbage], detail=False) == []
