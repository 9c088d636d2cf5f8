from __future__ import annotations

from typing import Any

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab.group_rules import group_matches
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, default_group


def match(**attributes: Any) -> str:
    rule = SecurityGroupRule(**attributes)
    (text,) = group_matches(SecurityGroup("group", (rule,)), rule.direction)
    return text


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({}, "meta nfproto ipv4"),
        ({"ethertype": "IPv6"}, "meta nfproto ipv6"),
        ({"protocol": "vrrp"}, "meta nfproto ipv4 meta l4proto 112"),
        ({"protocol": "112"}, "meta nfproto ipv4 meta l4proto 112"),
        ({"protocol": "VRRP"}, "meta nfproto ipv4 meta l4proto 112"),
        ({"protocol": "ah"}, "meta nfproto ipv4 meta l4proto 51"),
        ({"protocol": "0"}, "meta nfproto ipv4"),
        (
            {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80},
            "meta nfproto ipv4 tcp dport 80",
        ),
        (
            {"protocol": "17", "port_range_min": 1, "port_range_max": 65535},
            "meta nfproto ipv4 udp dport 1-65535",
        ),
        (
            {"protocol": "sctp", "port_range_min": 5, "port_range_max": 6},
            "meta nfproto ipv4 sctp dport 5-6",
        ),
        ({"protocol": "tcp"}, "meta nfproto ipv4 meta l4proto 6"),
        ({"protocol": "icmp", "port_range_min": 8}, "meta nfproto ipv4 icmp type 8"),
        (
            {"protocol": "icmp", "port_range_min": 3, "port_range_max": 0},
            "meta nfproto ipv4 icmp type 3 icmp code 0",
        ),
        (
            {"ethertype": "IPv6", "protocol": "icmp", "port_range_min": 128},
            "meta nfproto ipv6 icmpv6 type 128",
        ),
        ({"ethertype": "IPv6", "protocol": "icmpv6"}, "meta nfproto ipv6 meta l4proto 58"),
        ({"ethertype": "IPv6", "protocol": "ipv6-icmp"}, "meta nfproto ipv6 meta l4proto 58"),
        ({"remote_ip_prefix": "10.0.0.5/24"}, "meta nfproto ipv4 ip saddr 10.0.0.0/24"),
        ({"remote_ip_prefix": "0.0.0.0/0"}, "meta nfproto ipv4"),
        (
            {"direction": "egress", "remote_ip_prefix": "10.0.0.5"},
            "meta nfproto ipv4 ip daddr 10.0.0.5/32",
        ),
        (
            {"direction": "egress", "ethertype": "IPv6", "remote_group": "web"},
            "meta nfproto ipv6 ip6 daddr @members6-web",
        ),
        (
            {"protocol": "112", "remote_group": "web"},
            "meta nfproto ipv4 ip saddr @members4-web meta l4proto 112",
        ),
    ],
)
def test_a_rule_becomes_a_match(attributes: dict[str, Any], text: str) -> None:
    assert match(**{"direction": "ingress", **attributes}) == text


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"direction": "in"}, "direction 'in' .* neither 'ingress' nor 'egress'"),
        ({"ethertype": "ipv4"}, "ethertype 'ipv4' .* neither 'IPv4' nor 'IPv6'"),
        ({"protocol": "carp"}, "protocol carp not supported.\n.*vrrp"),
        ({"protocol": "256"}, "protocol 256 not supported"),
        ({"protocol": "-1"}, "protocol -1 not supported"),
        ({"protocol": ""}, "protocol  not supported"),
        (
            {"protocol": "112", "port_range_min": 1, "port_range_max": 2},
            "Ports cannot be specified for protocol 112",
        ),
        ({"port_range_min": 80}, "Must also specify protocol"),
        ({"protocol": "tcp", "port_range_min": 80}, "port range 80 to None"),
        ({"protocol": "tcp", "port_range_min": 81, "port_range_max": 80}, "port range 81 to 80"),
        (
            {"protocol": "tcp", "port_range_min": 1, "port_range_max": 65536},
            "port range 1 to 65536",
        ),
        ({"protocol": "icmp", "port_range_min": 256}, "ICMP type 256"),
        ({"protocol": "icmp", "port_range_max": 1}, "ICMP type None code 1"),
        ({"remote_ip_prefix": "10.0.0.0/33"}, "'10.0.0.0/33' is not a valid IP address"),
        ({"remote_ip_prefix": "fe80::/64"}, "Conflicting value ethertype IPv4 for CIDR fe80::/64"),
        ({"remote_ip_prefix": "10.0.0.0/8", "remote_group": "web"}, "Only one of"),
        ({"remote_group": "a b"}, "'a b' is not a valid name of a security group"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        SecurityGroupRule(**{"direction": "ingress", **attributes})


def test_the_default_group_has_neutrons_four_rules() -> None:
    rules = default_group().rules
    assert [(rule.direction, rule.ethertype, rule.remote_group) for rule in rules] == [
        ("ingress", "IPv4", "default"),
        ("egress", "IPv4", None),
        ("ingress", "IPv6", "default"),
        ("egress", "IPv6", None),
    ]
