"""Whether a rule that is there does what a wanted one would do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.openstack.clouds import declared, group, ingress
from vipkeeper.openstack.plans.rules import admits, missing, obsolete, wanted
from vipkeeper.openstack.resources import Rule

VRRP = ingress("112", remote_group_id="group-vip")
HTTP = ingress("tcp", 80)
LINK_LOCAL = ingress("112", ethertype="IPv6", remote_ip_prefix="fe80::/64")
OURS = "vipkeeper vip=web"


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (ingress("vrrp", remote_group_id="group-vip"), VRRP),
        (ingress("VRRP"), VRRP),
        (ingress("112", remote_ip_prefix="0.0.0.0/0"), VRRP),
        (ingress(None), VRRP),
        (ingress("any"), HTTP),
        (ingress(None, remote_group_id="group-vip"), VRRP),
        (ingress("tcp", 1, port_range_max=1024), HTTP),
        (ingress("tcp"), HTTP),
        (ingress("6", 80), HTTP),
        (ingress("tcp", 80, remote_ip_prefix="10.0.0.0/8"),) * 2,
        (
            ingress("tcp", 80, remote_ip_prefix="10.0.0.0/8"),
            ingress("tcp", 80, remote_ip_prefix="10.1.0.0/16"),
        ),
        (ingress("icmp", ethertype="IPv6"), ingress("ipv6-icmp", ethertype="IPv6")),
        (ingress("icmpv6", ethertype="IPv6"), ingress("58", ethertype="IPv6")),
        (
            ingress("112", ethertype="IPv6"),
            ingress("112", ethertype="IPv6", remote_ip_prefix="fe80::/64"),
        ),
    ],
)
def test_it_admits_as_much(there: Rule, asked: Rule) -> None:
    assert admits(there, asked)


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (ingress("51"), VRRP),
        (ingress("112", ethertype="IPv6"), VRRP),
        (replace(VRRP, direction="egress"), VRRP),
        (ingress("112", remote_group_id="group-other"), VRRP),
        (ingress("112", remote_ip_prefix="192.168.100.0/24"), VRRP),
        (ingress("112", remote_address_group_id="some"), VRRP),
        (ingress("tcp", 81), HTTP),
        (ingress("udp", 80), HTTP),
        (ingress("tcp", 80, remote_ip_prefix="10.0.0.0/8"), HTTP),
        (ingress("tcp", 80, remote_group_id="group-vip"), HTTP),
        (ingress("tcp", 80), ingress("tcp")),
        (ingress("icmp", 8), ingress("icmp")),
    ],
)
def test_it_admits_less(there: Rule, asked: Rule) -> None:
    assert not admits(there, asked)


def test_a_rule_that_another_one_covers_is_not_wanted() -> None:
    services = (
        {"first": 80, "source": "10.0.0.0/8"},
        {"first": 1, "last": 1024},
        {"protocol": "udp", "first": 53},
    )
    rules = wanted(declared(service_ports=services), "group-vip", egress=False)
    assert [(one.protocol, one.port_range_min, one.port_range_max) for one in rules] == [
        ("112", None, None),
        ("tcp", 1, 1024),
        ("udp", 53, 53),
    ]


def test_authentication_by_ah_needs_its_protocol_as_well() -> None:
    spec = declared(vrrp={"authentication": {"type": "ah", "password": "secret"}})
    rules = wanted(spec, "group-vip", egress=False)
    assert [(one.protocol, one.remote_group_id) for one in rules[:2]] == [
        ("112", "group-vip"),
        ("51", "group-vip"),
    ]


def test_icmp_has_its_own_protocol_in_each_family() -> None:
    spec = declared(families=(4, 6), addresses=(), service_ports=({"protocol": "icmp"},))
    rules = wanted(spec, "group-vip", egress=False)
    assert [(one.ethertype, one.protocol) for one in rules[-2:]] == [
        ("IPv4", "icmp"),
        ("IPv6", "ipv6-icmp"),
    ]


def test_a_rule_of_somebody_else_s_that_suffices_is_left_alone_and_ours_too() -> None:
    rules = wanted(declared(), "group-vip", egress=False)
    theirs = group("vip", ingress(None), replace(HTTP, description=OURS))
    assert missing(rules, theirs, "web") == ()
    assert obsolete(rules, theirs, "web") == ()


def test_what_is_ours_and_wider_than_is_wanted_is_replaced() -> None:
    rules = wanted(declared(), "group-vip", egress=False)
    there = group("vip", VRRP, ingress("tcp", 1, port_range_max=1024, description=OURS))
    assert [one.port_range_max for one in missing(rules, there, "web")] == [80]
    assert [one.port_range_max for one in obsolete(rules, there, "web")] == [1024]


def test_rules_of_another_virtual_ip_are_not_ours() -> None:
    there = group("vip", ingress("tcp", 443, description="vipkeeper vip=web-2"))
    assert obsolete((), there, "web") == ()
