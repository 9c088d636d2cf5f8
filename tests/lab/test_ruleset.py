"""What ports and groups become beyond the cases that were seen, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.lab.rulesets import (
    BRIDGES,
    GROUPS,
    MAC,
    ROUTER,
    TEST01,
    TEST02,
    VIP,
    WEB,
    compiled,
    drop,
    elements,
    rules_of,
    with_pairs,
)
from vipkeeper.errors import LabError
from vipkeeper.lab.port_security import ruleset, transaction
from vipkeeper.lab.ports import AddressPair, Member, Port
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule


def test_a_port_without_addresses_may_send_from_any_but_without_arp() -> None:
    text = compiled(replace(TEST01, fixed_ips=()))
    assert rules_of(text, "source4-test01") == [f"ether saddr {MAC} return", drop("ip-spoofing")]
    assert rules_of(text, "arp-test01") == [drop("arp-spoofing")]


def test_trusted_ports_have_no_chains() -> None:
    assert "mac-router" not in compiled(TEST01)
    assert "ingress-router" not in compiled(TEST01)


def test_members_that_overlap_become_one_prefix() -> None:
    port = with_pairs(AddressPair("192.168.100.0/24"), AddressPair(VIP), groups=("default",))
    assert "members4-default { 192.168.100.0/24 }" in compiled(port)


def test_a_group_without_members_is_an_empty_set() -> None:
    text = compiled(TEST01)
    assert "    set members4-default {\n" in text
    assert elements(text, "members4-default") is None


def test_a_port_without_port_security_is_no_member() -> None:
    port = replace(TEST01, port_security_enabled=False, security_groups=("default",))
    assert elements(compiled(port), "members4-default") is None


@pytest.mark.parametrize(
    ("member", "version", "addresses"),
    [
        (Member((VIP,), (), ("default",)), 4, f"192.168.100.11/32, {VIP}/32"),
        (Member((), (AddressPair("10.0.0.0/8"),), ("web", "default")), 4, "10.0.0.0/8, "),
        (Member(("2001:db8::201",), (), ("default",)), 6, "2001:db8::201/128"),
        (Member((VIP,), (), ("web",)), 4, "192.168.100.11/32"),
    ],
)
def test_a_port_that_is_not_plugged_in_is_a_member(
    member: Member, version: int, addresses: str
) -> None:
    port = replace(TEST01, security_groups=("default",))
    text = transaction(None, ruleset((port,), GROUPS, BRIDGES, [member]))
    found = elements(text, f"members{version}-default")
    assert found is not None
    assert found.startswith(addresses)


def test_a_groups_rules_are_there_once_for_all_its_ports() -> None:
    twin = replace(WEB, name="twin", rules=(*WEB.rules, *WEB.rules))
    ports = [replace(port, security_groups=("web", "twin")) for port in (TEST01, TEST02)]
    text = compiled(*ports, groups=(*GROUPS, twin))
    assert rules_of(text, "group-ingress-twin") == rules_of(text, "group-ingress-web")
    assert text.count("tcp dport 80") == 2


def test_nothing_at_all_compiles() -> None:
    text = transaction(None, ruleset((), (), {}))
    assert "jump" not in text
    assert text.startswith(
        "table bridge vipkeeper_ports\ndelete table bridge vipkeeper_ports\n"
        "table bridge vipkeeper_ports\n"
    )


def test_a_port_that_is_down_lets_nothing_pass() -> None:
    text = compiled(replace(TEST01, admin_state_up=False))
    assert rules_of(text, "mac-test01") == rules_of(text, "out-test01") == [drop("port-down")]
    assert elements(text, "mac-chains") == '"tap-test01" : jump mac-test01'
    assert elements(text, "arp-chains") is None
    assert elements(text, "egress-chains") is None


def test_the_router_may_be_down_too() -> None:
    text = transaction(None, ruleset((replace(ROUTER, admin_state_up=False),), (), BRIDGES))
    assert rules_of(text, "out-router") == ['counter name "port-down/router" drop']
    assert elements(text, "mac-chains") == '"tap-router" : jump mac-router'


def test_a_stateless_group_knows_no_connections() -> None:
    text = compiled(TEST01, groups=(replace(WEB, stateful=False), *GROUPS[1:]))
    assert elements(text, "stateless-ports") == "1"
    egress, ingress = rules_of(text, "egress-test01"), rules_of(text, "ingress-test01")
    assert egress is not None
    assert egress[-2:] == ["jump group-egress-web", drop("no-egress-rule")]
    assert "ct state" not in "".join((*egress, *(ingress or ())))


@pytest.mark.parametrize(
    ("ports", "groups", "message"),
    [
        ((replace(TEST01, security_groups=("wbe",)),), (WEB,), "port test01: .* 'wbe' does not"),
        ((TEST01, replace(TEST02, name="test01")), GROUPS, "port 'test01' is there twice"),
        ((TEST01, replace(TEST02, device="tap-test01")), GROUPS, "device 'tap-test01' is there tw"),
        ((), (WEB, WEB), "security group 'web' is there twice"),
        ((TEST01, replace(TEST02, number=1)), GROUPS, "port's number 1 is there twice"),
        ((replace(TEST01, bridge="int"),), (WEB,), "bridge int does not exist"),
        (
            (),
            (SecurityGroup("a", (SecurityGroupRule("ingress", remote_group="b"),)),),
            "security group a: security group 'b' does not exist",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused(
    ports: tuple[Port, ...], groups: tuple[SecurityGroup, ...], message: str
) -> None:
    with pytest.raises(LabError, match=message):
        ruleset(ports, groups, BRIDGES)


def test_two_bridges_cannot_share_a_zone() -> None:
    with pytest.raises(LabError, match="bridge's zone 1 is there twice"):
        ruleset((), (), {"int_net": 1, "ext": 1})
