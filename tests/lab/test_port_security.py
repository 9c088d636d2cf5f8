"""The cases A to H are rulesets that a running Neutron was seen to have."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab.port_security import ruleset, transaction
from vipkeeper.lab.ports import AddressPair, Member, Port
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


class TestCaseA:
    """No pairs, group web."""

    text = compiled(TEST01)

    def test_frames_come_from_the_ports_own_mac(self) -> None:
        assert rules_of(self.text, "mac-test01") == [
            f"ether saddr {{ {MAC} }} return",
            drop("mac-spoofing"),
        ]

    def test_arp_speaks_for_the_fixed_ip_only(self) -> None:
        assert rules_of(self.text, "arp-test01") == [
            "arp saddr ip 192.168.100.11/32 accept",
            drop("arp-spoofing"),
        ]

    def test_packets_have_the_fixed_ip_and_the_mac_together(self) -> None:
        assert rules_of(self.text, "source4-test01") == [
            f"ip saddr 192.168.100.11/32 ether saddr {MAC} return",
            drop("ip-spoofing"),
        ]

    def test_egress(self) -> None:
        assert rules_of(self.text, "egress-test01") == [
            "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept",
            "ip6 saddr :: ip6 daddr ff02::/16 icmpv6 type { 131, 135, 143 } accept",
            "meta nfproto ipv4 jump source4-test01",
            "meta nfproto ipv4 udp sport 68 udp dport 67 accept",
            f"meta nfproto ipv6 icmpv6 type 134 {drop('router-advertisement')}",
            "meta nfproto ipv6 meta l4proto 58 accept",
            "meta nfproto ipv6 udp sport 546 udp dport 547 accept",
            f"meta nfproto ipv4 udp sport 67 udp dport 68 {drop('dhcp-server')}",
            f"meta nfproto ipv6 udp sport 547 udp dport 546 {drop('dhcp-server')}",
            "ct state established,related accept",
            "jump group-egress-web",
            f"ct state invalid {drop('invalid')}",
            drop("no-egress-rule"),
        ]
        assert rules_of(self.text, "group-egress-web") == [
            "meta nfproto ipv4 accept",
            "meta nfproto ipv6 accept",
        ]

    def test_ingress(self) -> None:
        assert rules_of(self.text, "ingress-test01") == [
            "meta nfproto ipv6 icmpv6 type { 130, 135, 136 } accept",
            "ct state established,related accept",
            "ip daddr 192.168.100.11 udp sport 67 udp dport 68 accept",
            "ip daddr 255.255.255.255 udp sport 67 udp dport 68 accept",
            "ip6 daddr fe80::/64 udp sport 547 udp dport 546 accept",
            "jump group-ingress-web",
            f"ct state invalid {drop('invalid')}",
            drop("no-ingress-rule"),
        ]
        assert rules_of(self.text, "group-ingress-web") == [
            "meta nfproto ipv4 tcp dport 22 accept",
            "meta nfproto ipv4 tcp dport 80 accept",
            "meta nfproto ipv4 meta l4proto 1 accept",
        ]

    def test_the_chains_are_reached_by_tap_and_by_mark(self) -> None:
        bridge, _, inet = self.text.partition("table inet")
        assert rules_of(bridge, "prerouting") == [
            "type filter hook prerouting priority dstnat; policy accept;",
            "meta mark set 0",
            "meta mark set iifname map @in-ports",
            "iifname vmap @mac-chains",
            "ether type arp iifname vmap @arp-chains",
        ]
        assert rules_of(bridge, "forward") == [
            "type filter hook forward priority -10; policy accept;",
            "oifname vmap @out-chains",
        ]
        assert elements(bridge, "in-ports") == '"tap-test01" : 1, "tap-router" : 300'
        assert elements(bridge, "mac-chains") == '"tap-test01" : jump mac-test01'
        assert elements(bridge, "arp-chains") == '"tap-test01" : jump arp-test01'
        assert elements(bridge, "out-chains") == (
            '"tap-test01" : jump out-test01, "tap-router" : jump out-router'
        )
        assert rules_of(bridge, "out-router") == [
            "meta mark set meta mark & 0x0000ffff | 0x12c0000"
        ]
        assert rules_of(inet, "egress") == [
            "type filter hook forward priority filter - 1; policy accept;",
            "meta mark & 0x0000ffff vmap @egress-chains",
        ]
        assert rules_of(inet, "ingress") == [
            "type filter hook forward priority filter; policy accept;",
            "meta mark & 0xffff0000 vmap @ingress-chains",
        ]
        assert elements(inet, "egress-chains") == "1 : jump egress-test01"
        assert elements(inet, "ingress-chains") == "0x10000 : jump ingress-test01"
        assert rules_of(inet, "prerouting") == [
            "type filter hook prerouting priority raw; policy accept;",
            "meta mark & 0x0000ffff @stateless-ports notrack accept",
            "ct zone set iifname map @zones",
        ]
        assert elements(inet, "zones") == '"int_net" : 7'
        assert elements(inet, "stateless-ports") is None


def test_case_b_pair_by_address_takes_the_ports_mac() -> None:
    text = compiled(with_pairs(AddressPair(VIP)))
    assert rules_of(text, "mac-test01") == rules_of(TestCaseA.text, "mac-test01")
    assert rules_of(text, "arp-test01") == [
        f"arp saddr ip {VIP}/32 accept",
        "arp saddr ip 192.168.100.11/32 accept",
        drop("arp-spoofing"),
    ]
    assert rules_of(text, "source4-test01") == [
        f"ip saddr {VIP}/32 ether saddr {MAC} return",
        f"ip saddr 192.168.100.11/32 ether saddr {MAC} return",
        drop("ip-spoofing"),
    ]
    assert "jump group-ingress-vrrp" in (rules_of(text, "ingress-test01") or [])
    assert rules_of(text, "group-ingress-vrrp") == ["meta nfproto ipv4 meta l4proto 112 accept"]


@pytest.mark.parametrize("typed", [VIRTUAL_MAC, VIRTUAL_MAC.upper()])
def test_case_c_pair_with_a_mac_allows_that_mac_for_the_address_only(typed: str) -> None:
    text = compiled(with_pairs(AddressPair(VIP, typed)))
    assert rules_of(text, "mac-test01") == [
        f"ether saddr {{ {MAC}, {VIRTUAL_MAC} }} return",
        drop("mac-spoofing"),
    ]
    assert rules_of(text, "source4-test01") == [
        f"ip saddr {VIP}/32 ether saddr {VIRTUAL_MAC} return",
        f"ip saddr 192.168.100.11/32 ether saddr {MAC} return",
        drop("ip-spoofing"),
    ]


@pytest.mark.parametrize("typed", ["192.168.100.0/24", "192.168.100.5/24"])
def test_case_d_pair_with_a_prefix(typed: str) -> None:
    text = compiled(with_pairs(AddressPair(typed)))
    assert rules_of(text, "arp-test01") == [
        "arp saddr ip 192.168.100.0/24 accept",
        "arp saddr ip 192.168.100.11/32 accept",
        drop("arp-spoofing"),
    ]
    assert rules_of(text, "source4-test01") == [
        f"ip saddr 192.168.100.0/24 ether saddr {MAC} return",
        f"ip saddr 192.168.100.11/32 ether saddr {MAC} return",
        drop("ip-spoofing"),
    ]


def test_case_d2_pair_with_everything_opens_data_and_leaves_arp_as_it_was() -> None:
    text = compiled(with_pairs(AddressPair("0.0.0.0/0")))
    assert rules_of(text, "arp-test01") == rules_of(TestCaseA.text, "arp-test01")
    assert rules_of(text, "source4-test01") == [
        f"ether saddr {MAC} return",
        f"ip saddr 192.168.100.11/32 ether saddr {MAC} return",
        drop("ip-spoofing"),
    ]


def test_case_e_default_group_admits_its_members_and_their_pairs() -> None:
    port = with_pairs(AddressPair(VIP), groups=("default", "web"))
    text = compiled(port, TEST02)
    assert "jump group-ingress-default" in (rules_of(text, "ingress-test01") or [])
    assert rules_of(text, "group-ingress-default") == [
        "meta nfproto ipv4 ip saddr @members4-default accept",
        "meta nfproto ipv6 ip6 saddr @members6-default accept",
    ]
    assert (
        "add element inet vipkeeper_groups members4-default"
        f" {{ 192.168.100.11/32, 192.168.100.12/32, {VIP}/32 }}"
    ) in text


def test_case_f_protocol_from_the_own_group() -> None:
    port = with_pairs(AddressPair(VIP), groups=("web", "vrrp-self"))
    text = compiled(port, TEST02)
    assert "jump group-ingress-vrrp-self" in (rules_of(text, "ingress-test01") or [])
    assert rules_of(text, "group-ingress-vrrp-self") == [
        "meta nfproto ipv4 ip saddr @members4-vrrp-self meta l4proto 112 accept"
    ]
    assert (
        "add element inet vipkeeper_groups members4-vrrp-self"
        f" {{ 192.168.100.11/32, 192.168.100.12/32, {VIP}/32 }}"
    ) in text


def test_case_g_port_security_off_leaves_no_rule_for_the_port() -> None:
    text = compiled(replace(TEST01, port_security_enabled=False, security_groups=()))
    chains = re.findall(r"^    chain (\S*test01) {", text, re.M)
    assert chains == ["out-test01"]
    assert rules_of(text, "out-test01") == ["meta mark set meta mark & 0x0000ffff | 0x10000"]
    assert elements(text, "mac-chains") is None
    assert elements(text, "arp-chains") is None
    assert elements(text, "egress-chains") is None
    assert elements(text, "ingress-chains") is None
    assert "drop" not in text


def test_case_h_no_groups_leaves_dhcp_and_known_connections() -> None:
    text = compiled(replace(TEST01, security_groups=()))
    egress, ingress = rules_of(text, "egress-test01"), rules_of(text, "ingress-test01")
    assert egress is not None
    assert ingress is not None
    assert egress[-3:] == [
        "ct state established,related accept",
        f"ct state invalid {drop('invalid')}",
        drop("no-egress-rule"),
    ]
    assert ingress[1:] == [
        "ct state established,related accept",
        "ip daddr 192.168.100.11 udp sport 67 udp dport 68 accept",
        "ip daddr 255.255.255.255 udp sport 67 udp dport 68 accept",
        "ip6 daddr fe80::/64 udp sport 547 udp dport 546 accept",
        f"ct state invalid {drop('invalid')}",
        drop("no-ingress-rule"),
    ]


class TestIPv6:
    def test_an_address_brings_the_link_local_one_of_its_mac(self) -> None:
        text = compiled(replace(TEST01, fixed_ips=("2001:db8::11",)))
        assert rules_of(text, "source6-test01") == [
            f"ip6 saddr 2001:db8::11/128 ether saddr {MAC} return",
            f"ip6 saddr fe80::f816:3eff:fed4:11db/128 ether saddr {MAC} return",
            drop("ip-spoofing"),
        ]
        assert rules_of(text, "source4-test01") is None

    def test_a_pair_brings_the_link_local_one_of_the_pairs_mac(self) -> None:
        text = compiled(with_pairs(AddressPair("2001:db8::201", VIRTUAL_MAC)))
        assert rules_of(text, "source6-test01") == [
            f"ip6 saddr 2001:db8::201/128 ether saddr {VIRTUAL_MAC} return",
            f"ip6 saddr fe80::200:5eff:fe00:133/128 ether saddr {VIRTUAL_MAC} return",
            drop("ip-spoofing"),
        ]

    def test_an_ipv4_port_is_not_checked_for_its_ipv6_source_as_in_the_agent(self) -> None:
        assert rules_of(TestCaseA.text, "source6-test01") is None

    def test_router_advertisements_reach_who_has_an_ipv6_address(self) -> None:
        text = compiled(replace(TEST01, fixed_ips=("2001:db8::11",)))
        assert "meta nfproto ipv6 icmpv6 type 134 accept" in (
            rules_of(text, "ingress-test01") or []
        )

    def test_addresses_of_both_families_are_members(self) -> None:
        port = replace(
            TEST01, fixed_ips=("192.168.100.11", "2001:db8::11"), security_groups=("default",)
        )
        assert "members6-default { 2001:db8::11/128 }" in compiled(port)


def test_a_port_without_addresses_may_send_from_any_but_without_arp() -> None:
    text = compiled(replace(TEST01, fixed_ips=()))
    assert rules_of(text, "source4-test01") == [f"ether saddr {MAC} return", drop("ip-spoofing")]
    assert rules_of(text, "arp-test01") == [drop("arp-spoofing")]


def test_trusted_ports_have_no_chains() -> None:
    assert "mac-router" not in TestCaseA.text
    assert "ingress-router" not in TestCaseA.text


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
