from __future__ import annotations

from dataclasses import replace

from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.connections import Enforced, forgotten
from vipkeeper.lab.ports import Port
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, default_group

TCP_80 = SecurityGroupRule("ingress", protocol="tcp", port_range_min=80, port_range_max=80)
VRRP = SecurityGroupRule("ingress", protocol="vrrp")
PORT = Port(
    "test01",
    "tap-test01",
    "int_net",
    "fa:16:3e:d4:11:db",
    ("192.168.100.11", "2001:db8::11"),
    security_groups=("web",),
    number=1,
)
BRIDGES = {"ext": 1, "int_net": 2}


def lines(before: tuple[Port, SecurityGroup], after: tuple[Port, SecurityGroup]) -> list[str]:
    states = [Enforced((port,), (group, default_group())) for port, group in (before, after)]
    return forgotten(states[0], states[1], BRIDGES)


def web(*rules: SecurityGroupRule) -> SecurityGroup:
    return SecurityGroup("web", rules)


def test_a_rule_that_went_takes_its_protocols_connections() -> None:
    assert lines((PORT, web(TCP_80, VRRP)), (PORT, web(TCP_80))) == [
        "-D -f ipv4 -w 2 -d 192.168.100.11 -p 112"
    ]


def test_an_egress_rule_that_went_takes_what_the_port_began() -> None:
    assert lines((PORT, web(SecurityGroupRule("egress", "IPv6"))), (PORT, web())) == [
        "-D -f ipv6 -w 2 -s 2001:db8::11"
    ]


def test_a_group_that_went_takes_its_rules() -> None:
    group = web(TCP_80)
    assert lines((PORT, group), (replace(PORT, security_groups=()), group)) == [
        "-D -f ipv4 -w 2 -d 192.168.100.11 -p 6"
    ]


def test_port_security_that_came_leaves_what_is_still_admitted_to_be_seen_anew() -> None:
    off = replace(PORT, port_security_enabled=False)
    assert lines((off, web(TCP_80)), (PORT, web(TCP_80))) == [
        "-D -f ipv4 -w 2 -d 192.168.100.11",
        "-D -f ipv4 -w 2 -s 192.168.100.11",
        "-D -f ipv6 -w 2 -d 2001:db8::11",
        "-D -f ipv6 -w 2 -s 2001:db8::11",
    ]


def test_nothing_is_forgotten_where_rules_come_or_stay_or_end() -> None:
    off = replace(PORT, port_security_enabled=False)
    same = (PORT, web(TCP_80))
    assert lines(same, same) == []
    assert lines(same, (PORT, web(TCP_80, VRRP))) == []
    assert lines(same, (off, web())) == []


def test_open_vswitch_and_ovn_forget_nothing() -> None:
    states = [Enforced((PORT,), (web(*rules), default_group())) for rules in ((TCP_80,), ())]
    for back_end in BackEnd:
        lines = forgotten(states[0], states[1], BRIDGES, back_end)
        assert bool(lines) == (back_end == BackEnd.LINUXBRIDGE)
