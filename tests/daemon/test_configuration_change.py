from __future__ import annotations

from dataclasses import dataclass

import pytest

from vipkeeper.daemon.configuration_change import InstanceChange, compare
from vipkeeper.keepalived import load
from vipkeeper.keepalived.configuration import Configuration

INSTANCE = """\
vrrp_instance {name} {{
    interface eth0
    virtual_router_id {vrid}
    priority {priority}
    {body}
    virtual_ipaddress {{
        {addresses}
    }}
}}
"""
VIP, OTHER = "192.0.2.1/24", "192.0.2.2/24"


@dataclass
class Written:
    text: str

    def read(self, path: str) -> str:
        return self.text

    def glob(self, pattern: str, relative_to: str) -> list[str]:
        return []


def instance(
    body: str = "", name: str = "VI_1", vrid: int = 51, priority: int = 100, addresses: str = VIP
) -> str:
    return INSTANCE.format(name=name, vrid=vrid, priority=priority, body=body, addresses=addresses)


def configuration(text: str) -> Configuration:
    loaded = load("keepalived.conf", Written(text))
    assert loaded.configuration.instances, loaded.findings
    return loaded.configuration


def changes(old: str, new: str) -> list[InstanceChange]:
    return compare(configuration(old), configuration(new))


def test_the_same_file_changes_nothing() -> None:
    (change,) = changes(instance(), instance())
    assert (change.kind, change.lines()) == ("unchanged", ["(VI_1) unchanged"])


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (instance(priority=90), "(VI_1) priority 100 -> 90"),
        (instance(body="lower_prio_no_advert"), "(VI_1) lower_prio_no_advert off -> on"),
        (instance(body="state MASTER"), "(VI_1) state BACKUP -> MASTER"),
        (instance(body="garp_master_refresh 60"), "(VI_1) garp_master_refresh 0 -> 60"),
        (
            instance(body="track_interface {\neth1 weight -20\n}"),
            "(VI_1) track_interface none -> eth1 weight -20",
        ),
        (instance("advert_int 2"), "(VI_1) advert_int 1 -> 2"),
        (instance("nopreempt"), "(VI_1) preempt on -> off"),
        (instance(name="VI_9"), "(VI_9) vrrp_instance VI_1 -> VI_9"),
        (instance("notify /bin/true"), "(VI_1) notify none -> /bin/true"),
    ],
)
def test_what_is_changed_in_place_is_told_field_by_field(new: str, line: str) -> None:
    (change,) = changes(instance(), new)
    assert change.kind == "changed"
    assert change.lines() == [line]
    assert not change.warning


def test_a_password_is_not_told() -> None:
    old, new = (
        instance(f"version 2\nauthentication {{\nauth_type PASS\nauth_pass {word}\n}}")
        for word in ("secret", "hidden")
    )
    (change,) = changes(old, new)
    assert change.lines() == ["(VI_1) auth_pass (the old one) -> (the new one)"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("version 3", "version"),
        ("use_vmac", "use_vmac"),
        ("unicast_peer {\n192.0.2.9\n}", "unicast_peer"),
        ("mcast_dst_ip 224.0.0.99", "multicast group"),
    ],
)
def test_an_instance_that_keepalived_would_not_know_again_is_started_anew(
    body: str, reason: str
) -> None:
    (change,) = changes(instance(), instance(body))
    assert change.kind == "started anew"
    assert reason in change.reasons


def test_instances_are_known_by_vrid_and_interface_not_by_name() -> None:
    added, removed = changes(instance(), instance(vrid=52))
    assert (added.kind, added.name) == ("added", "VI_1")
    assert (removed.kind, removed.addresses_removed) == ("removed", (f"{VIP} dev eth0",))


def test_another_list_in_the_adverts_is_a_warning_and_an_excluded_address_is_none() -> None:
    (change,) = changes(instance(), instance(addresses=f"{VIP}\n{OTHER}"))
    assert change.lines() == [f"(VI_1) address added: {OTHER} dev eth0"]
    assert "within one down interval (3.6 s)" in change.warning
    excluded = instance(f"virtual_ipaddress_excluded {{\n{OTHER}\n}}")
    (change,) = changes(instance(), excluded)
    assert change.addresses_added == (f"{OTHER} dev eth0",)
    assert not change.warning
