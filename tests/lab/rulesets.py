"""Ports and groups of the walkthrough, their ruleset as text, and what is in it."""

from __future__ import annotations

import re
from dataclasses import replace

from vipkeeper.lab.port_security import ruleset, transaction
from vipkeeper.lab.ports import AddressPair, Port
from vipkeeper.lab.security_groups import (
    SecurityGroup,
    SecurityGroupRule,
    default_group,
    egress_to_anywhere,
)

MAC = "fa:16:3e:d4:11:db"
VIRTUAL_MAC = "00:00:5e:00:01:33"
VIP = "192.168.100.201"

WEB = SecurityGroup(
    "web",
    (
        *egress_to_anywhere(),
        SecurityGroupRule("ingress", protocol="tcp", port_range_min=22, port_range_max=22),
        SecurityGroupRule("ingress", protocol="tcp", port_range_min=80, port_range_max=80),
        SecurityGroupRule("ingress", protocol="icmp"),
    ),
)
VRRP = SecurityGroup("vrrp", (*egress_to_anywhere(), SecurityGroupRule("ingress", protocol="112")))
VRRP_SELF = SecurityGroup(
    "vrrp-self",
    (
        *egress_to_anywhere(),
        SecurityGroupRule("ingress", protocol="vrrp", remote_group="vrrp-self"),
    ),
)
GROUPS = (WEB, VRRP, VRRP_SELF, default_group())

TEST01 = Port(
    "test01", "tap-test01", "int_net", MAC, ("192.168.100.11",), security_groups=("web",), number=1
)
TEST02 = Port(
    "test02", "tap-test02", "int_net", "fa:16:3e:00:00:02", ("192.168.100.12",),
    security_groups=("default", "vrrp-self"), number=2,
)  # fmt: skip
ROUTER = Port("router", "tap-router", "int_net", "fa:16:3e:00:00:01", trusted=True, number=300)
BRIDGES = {"int_net": 7}


def compiled(port: Port, *others: Port, groups: tuple[SecurityGroup, ...] = GROUPS) -> str:
    return transaction(None, ruleset((port, *others, ROUTER), groups, BRIDGES))


def rules_of(text: str, chain: str) -> list[str] | None:
    found = re.search(rf"^    chain {re.escape(chain)} {{\n(.*?)^    }}", text, re.M | re.S)
    return [line.strip() for line in found[1].splitlines()] if found else None


def elements(text: str, name: str) -> str | None:
    found = re.search(rf"^add element \w+ \w+ {re.escape(name)} {{ (.*) }}$", text, re.M)
    return found[1] if found else None


def drop(reason: str) -> str:
    return f'counter name "{reason}/test01" drop'


def with_pairs(*pairs: AddressPair, groups: tuple[str, ...] = ("web", "vrrp")) -> Port:
    return replace(TEST01, allowed_address_pairs=pairs, security_groups=groups)
