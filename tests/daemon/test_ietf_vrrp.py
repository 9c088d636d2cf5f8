"""The state leaves of RFC 8347, in virtual time: what each event leaves in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest

from tests.daemon.recording import OURS, SECOND, SETTINGS, THEIRS, Bench
from vipkeeper.daemon import ietf_vrrp
from vipkeeper.daemon.ietf_events import LastEvent
from vipkeeper.daemon.settings import InstanceSettings, TrackedInterface, VirtualAddress
from vipkeeper.daemon.statistics import global_statistics
from vipkeeper.vrrp.events import ShutdownCause

OWNER = replace(SETTINGS, priority=255)
WAITING_OWNER = replace(OWNER, owner_starts_active=False)
HOLDING = replace(SETTINGS, preempt_delay_ns=10 * SECOND)


def leaves(bench: Bench) -> dict[str, Any]:
    tree = bench.instance.to_plain()["ietf-vrrp"]
    assert isinstance(tree, dict)
    return tree


def start(bench: Bench) -> None:
    bench.start()


def time_out(bench: Bench) -> None:
    due = bench.instance.deadline()
    assert due is not None
    bench.instance.on_timer(due)


def hear(priority: int, at: int = SECOND) -> Callable[[Bench], None]:
    return lambda bench: bench.hear(priority, at)


def obstacle(cause: ShutdownCause | None, at: int = 20 * SECOND) -> Callable[[Bench], None]:
    return lambda bench: bench.instance.circumstances_changed(
        cause, bench.instance.settings.priority, OURS, at
    )


def stop(bench: Bench) -> None:
    bench.instance.shutdown(ShutdownCause.STOPPED, 20 * SECOND)


Step = Callable[[Bench], None]
NO_RESPONSE, PREEMPTED, PRIORITY, NOT_MASTER = "no-response", "preempted", "priority", "not-master"

CASES: list[tuple[InstanceSettings, tuple[Step, ...], str, str, str]] = [
    (SETTINGS, (), "none", NOT_MASTER, "initialize"),
    (SETTINGS, (start,), "startup", NOT_MASTER, "backup"),
    (OWNER, (start,), "startup", PRIORITY, "master"),
    (SETTINGS, (start, stop), "shutdown", NOT_MASTER, "initialize"),
    (SETTINGS, (start, time_out, stop), "shutdown", NO_RESPONSE, "initialize"),
    # How it became Active
    (SETTINGS, (start, time_out), "master-timeout", NO_RESPONSE, "master"),
    (SETTINGS, (start, hear(100), time_out), "master-timeout", NO_RESPONSE, "master"),
    (SETTINGS, (start, hear(100), hear(0), time_out), "master-timeout", PRIORITY, "master"),
    (SETTINGS, (start, hear(10), time_out), "lower-priority-master", PREEMPTED, "master"),
    (SETTINGS, (start, hear(10), hear(100), time_out), "master-timeout", NO_RESPONSE, "master"),
    (SETTINGS, (start, hear(100), hear(10), time_out), "lower-priority-master", PREEMPTED,
     "master"),
    (HOLDING, (start, hear(10), time_out), "master-timeout", NO_RESPONSE, "master"),
    (HOLDING, (start, hear(10), hear(10, 11 * SECOND), time_out), "preempt-hold-timeout",
     PREEMPTED, "master"),
    (WAITING_OWNER, (start, hear(100), time_out), "owner-preempt", PREEMPTED, "master"),
    (WAITING_OWNER, (start, time_out), "master-timeout", NO_RESPONSE, "master"),
    # How it ended to be
    (SETTINGS, (start, time_out, hear(100, 5 * SECOND)), "higher-priority-backup", NO_RESPONSE,
     "backup"),
    (SETTINGS, (start, time_out, hear(255, 5 * SECOND)), "owner-preempt", NO_RESPONSE, "backup"),
    # What keeps it from taking part, and what lets it
    *(
        case
        for cause, came, went in (
            (ShutdownCause.INTERFACE_DOWN, "interface-down", "interface-up"),
            (ShutdownCause.NO_INTERFACE, "interface-down", "interface-up"),
            (ShutdownCause.TRACKED_INTERFACE_DOWN, "interface-down", "interface-up"),
            (ShutdownCause.NO_VIRTUAL_INTERFACE, "interface-down", "interface-up"),
            (ShutdownCause.NO_PRIMARY_ADDRESS, "no-primary-ip-address", "primary-ip-address"),
            (ShutdownCause.NO_SOURCE_ADDRESS, "no-primary-ip-address", "primary-ip-address"),
            (ShutdownCause.NO_VIRTUAL_ADDRESS, "no-virtual-ip-addresses",
             "virtual-ip-addresses"),
            (ShutdownCause.KERNEL_ERROR, "shutdown", "startup"),
        )
        for case in (
            (SETTINGS, (start, time_out, obstacle(cause)), came, NO_RESPONSE, "initialize"),
            (SETTINGS, (start, time_out, obstacle(cause), obstacle(None)), went, NO_RESPONSE,
             "backup"),
            (SETTINGS, (obstacle(cause),), came, NOT_MASTER, "initialize"),
            (SETTINGS, (obstacle(cause), obstacle(None)), went, NOT_MASTER, "backup"),
        )
    ),
    (SETTINGS, (obstacle(ShutdownCause.INTERFACE_DOWN), obstacle(ShutdownCause.NO_PRIMARY_ADDRESS),
                obstacle(None)), "primary-ip-address", NOT_MASTER, "backup"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "steps", "event", "reason", "state"), CASES)
def test_what_happened_last_and_why_it_was_active(
    settings: InstanceSettings, steps: tuple[Step, ...], event: str, reason: str, state: str
) -> None:
    bench = Bench(settings)
    for step in steps:
        step(bench)
    tree = leaves(bench)
    assert (tree["last-event"], tree["new-master-reason"], tree["state"]) == (
        f"vrrp-event-{event}",
        reason,
        state,
    )


def test_each_event_of_the_model_is_one_of_these_cases() -> None:
    assert {f"vrrp-event-{event}" for _, _, event, _, _ in CASES} == {
        event.value for event in LastEvent
    }


def test_a_change_of_state_is_recorded_in_the_models_words() -> None:
    """What ``vrrp-new-master-event`` would tell: ``vipkeeper status`` and the log show it."""
    bench = Bench()
    bench.become_active()
    record = next(item for item in bench.records if item.get("new") == "Active")
    assert record["last-event"] == "vrrp-event-master-timeout"
    assert record["new-master-reason"] == "no-response"


def test_the_leaves_of_an_instance_are_those_of_the_model() -> None:
    settings = replace(
        SETTINGS,
        preempt_delay_ns=30 * SECOND,
        tracked=(TrackedInterface("eth1", -20), TrackedInterface("eth2"), TrackedInterface("e", 9)),
    )
    bench = Bench(settings)
    bench.instance.circumstances_changed(None, 30, OURS, 7)
    bench.hear(100, 9)
    assert leaves(bench) == {
        "vrid": 1,
        "version": "vrrp-v2",
        "log-state-change": True,
        "preempt": {"enabled": True, "hold-time": 30},
        "priority": 50,
        "advertise-interval-sec": 1,
        "track": {"interfaces": {"interface": [{"interface": "eth1", "priority-decrement": 20}]}},
        "virtual-ipv4-addresses": {"virtual-ipv4-address": [{"ipv4-address": "192.168.100.196"}]},
        "state": "backup",
        "is-owner": False,
        "last-adv-source": str(THEIRS),
        "up-datetime": 7,
        "master-down-interval": 388,
        "skew-time": (256 - 30) * 1_000_000 // 256,
        "last-event": "vrrp-event-startup",
        "new-master-reason": "not-master",
        "statistics": {
            "discontinuity-datetime": 0,
            "master-transitions": 0,
            "advertisement-rcvd": 1,
            "advertisement-sent": 0,
            "interval-errors": 0,
            "priority-zero-pkts-rcvd": 0,
            "priority-zero-pkts-sent": 0,
            "invalid-type-pkts-rcvd": 0,
            "address-list-errors": 0,
            "packet-length-errors": 0,
        },
    }


def test_version_3_over_ipv6_has_leaves_of_its_own_and_learns_the_interval() -> None:
    addresses = tuple(
        VirtualAddress(ip_interface(item), "eth0") for item in ("fe80::1/64", "2001:db8::1/64")
    )
    settings = replace(
        SETTINGS,
        version=3,
        family=6,
        password=None,
        addresses=addresses,
        advertisement_interval_ns=SECOND // 100,
        priority=100,
        preempt=False,
    )
    bench = Bench(settings)
    own = ip_address("fe80::67")
    bench.instance.circumstances_changed(None, 100, own, 0)
    tree = leaves(bench)
    assert tree["version"] == "vrrp-v3"
    assert tree["advertise-interval-centi-sec"] == 1
    assert tree["accept-mode"] is True
    assert tree["preempt"] == {"enabled": False, "hold-time": 0}
    assert tree["virtual-ipv6-addresses"] == {
        "virtual-ipv6-address": [{"ipv6-address": "fe80::1"}, {"ipv6-address": "2001:db8::1"}]
    }
    assert tree["skew-time"] == 6093  # a part of an interval of 10 ms, in microseconds
    assert tree["master-down-interval"] == 3


def test_an_owner_has_no_priority_to_configure() -> None:
    bench = Bench(OWNER)
    start(bench)
    tree = leaves(bench)
    assert tree["is-owner"] is True
    assert "priority" not in tree


def test_what_has_no_value_is_left_out() -> None:
    tree = leaves(Bench())
    assert "last-adv-source" not in tree
    assert "up-datetime" not in tree
    assert "accept-mode" not in tree  # of version 3 alone
    assert "track" not in tree


def test_up_is_since_it_left_initialize_whatever_it_became() -> None:
    bench = Bench()
    bench.instance.circumstances_changed(None, 50, OURS, 7)
    time_out(bench)
    bench.hear(100, 10 * SECOND)
    assert leaves(bench)["up-datetime"] == 7
    stop(bench)
    assert "up-datetime" not in leaves(bench)


def test_the_container_of_all_counts_routers_and_interfaces() -> None:
    statistics = global_statistics(5)
    statistics.count("vrid-errors")
    three = [SETTINGS, replace(SETTINGS, vrid=2), replace(SETTINGS, interface="eth1")]
    assert ietf_vrrp.vrrp(three, statistics) == {
        "virtual-routers": 3,
        "interfaces": 2,
        "statistics": {
            "discontinuity-datetime": 5,
            "checksum-errors": 0,
            "version-errors": 0,
            "vrid-errors": 1,
            "ip-ttl-errors": 0,
        },
    }


def test_instants_become_times_and_nothing_else_does() -> None:
    tree = {"a": 1, "up-datetime": 2, "statistics": {"discontinuity-datetime": 3, "b": 4}}
    assert ietf_vrrp.with_datetimes(tree, lambda ns: f"at {ns}") == {
        "a": 1,
        "up-datetime": "at 2",
        "statistics": {"discontinuity-datetime": "at 3", "b": 4},
    }
