"""The cases A to H are rulesets that a running Neutron was seen to have."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.lab.rulesets import (
    MAC,
    TEST01,
    TEST02,
    VIP,
    VIRTUAL_MAC,
    compiled,
    drop,
    elements,
    rules_of,
    with_pairs,
)
from vipkeeper.lab.ports import AddressPair


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
