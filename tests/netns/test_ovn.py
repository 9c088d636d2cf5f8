"""What OVN does otherwise than linuxbridge, frame by frame.

Sources: ovn-nb(5), port_security of Logical_Switch_Port; ovn-controller's lflow.c,
``build_port_security_ip`` and ``build_port_security_nd``; ovn-northd(8).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.netns.frames import (
    ARP_REPLY,
    BROADCAST,
    ICMPV6,
    TCP,
    UDP,
    VRRP,
    arp,
    ethernet,
    icmp,
    tcp,
    udp,
)
from tests.netns.switch import ELSEWHERE, GROUPS, VIP, VIRTUAL_MAC, VRRP_RULE, A, Switch
from vipkeeper.lab.drops import Reason
from vipkeeper.lab.ports import AddressPair, Member, link_local
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, egress_to_anywhere

VRRP_GROUP_MAC = "01:00:5e:00:00:12"
A6, B6 = "2001:db8::11", "2001:db8::12"
IN6 = SecurityGroup(
    "in6",
    (
        *egress_to_anywhere(),
        SecurityGroupRule("ingress"),
        SecurityGroupRule("ingress", "IPv6"),
    ),
)
RST = 0x04


class TestArp:
    def test_sender_and_mac_together(self, ovn: Switch) -> None:
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        ovn.dropped("a", "router", arp(ovn.macs["a"], VIP, VIP), Reason.ARP_SPOOFING)
        ovn.dropped("a", "router", arp(VIRTUAL_MAC, A, A), Reason.ARP_SPOOFING)
        ovn.passes("a", "router", arp(VIRTUAL_MAC, VIP, VIP))

    def test_the_senders_mac_in_the_packet_is_the_frames(self, ovn: Switch) -> None:
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        own = ovn.macs["a"]
        frame = arp(VIRTUAL_MAC, A, A)
        mixed = frame[:6] + bytes.fromhex(own.replace(":", "")) + frame[12:]
        ovn.dropped("a", "router", mixed, Reason.ARP_SPOOFING)

    @pytest.mark.parametrize("operation", [1, ARP_REPLY])
    def test_the_vip_needs_a_pair(self, ovn: Switch, operation: int) -> None:
        frame = arp(ovn.macs["a"], VIP, VIP, operation)
        ovn.dropped("a", "router", frame, Reason.ARP_SPOOFING)
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair(VIP),)))
        ovn.passes("a", "router", frame)

    def test_a_pair_with_everything(self, ovn: Switch) -> None:
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair("0.0.0.0/0"),)))
        ovn.passes("a", "b", arp(ovn.macs["a"], VIP, VIP))
        ovn.passes("a", "b", ovn.frame("a", "b", UDP, udp(7, 7), source=ELSEWHERE))
        ovn.passes("b", "a", ovn.frame("b", "a", UDP, udp(7, 8), destination=ELSEWHERE))


class TestDestination:
    """Egress pipeline, "Egress Port Security - IP"."""

    def test_the_vip_without_a_pair_does_not_even_arrive(self, ovn: Switch) -> None:
        frame = ovn.frame("router", "a", UDP, udp(5, 7), destination=VIP)
        ovn.dropped("router", "a", frame, Reason.DESTINATION_NOT_ALLOWED, at="a")
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair(VIP),)))
        ovn.passes("router", "a", frame)

    @pytest.mark.parametrize("destination", ["255.255.255.255", "224.0.0.18", A])
    def test_what_every_instance_may_hear_by_its_mac(self, ovn: Switch, destination: str) -> None:
        frame = ovn.frame("router", "a", UDP, udp(5, 7), destination=destination)
        ovn.passes("router", "a", frame)

    def test_what_is_flooded_is_not_checked(self, ovn: Switch) -> None:
        frame = ovn.frame("router", "a", UDP, udp(5, 7), destination=VIP, destination_mac=BROADCAST)
        ovn.passes("router", "a", frame)

    def test_a_pair_is_heard_under_its_own_mac(self, ovn: Switch) -> None:
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        ovn.passes("a", "router", arp(VIRTUAL_MAC, VIP, VIP))
        frame = ovn.frame("router", "a", UDP, udp(5, 7), destination=VIP)
        ovn.dropped("router", "a", frame, Reason.DESTINATION_NOT_ALLOWED, at="a")
        frame = ovn.frame(
            "router", "a", UDP, udp(5, 7), destination=VIP, destination_mac=VIRTUAL_MAC
        )
        ovn.passes("router", "a", frame)

    def test_ipv6(self, ovn: Switch) -> None:
        groups = (*GROUPS, IN6)
        ovn.apply(groups, a=ovn.port("a", "in6", fixed_ips=(A, A6)))
        link = str(link_local(ovn.macs["a"]).network_address)
        for destination in (A6, link, "ff02::12"):
            frame = ovn.frame("router", "a", UDP, udp(5, 7), source=B6, destination=destination)
            ovn.passes("router", "a", frame)
        frame = ovn.frame("router", "a", UDP, udp(5, 7), source=B6, destination="2001:db8::201")
        ovn.dropped("router", "a", frame, Reason.DESTINATION_NOT_ALLOWED, at="a")

    def test_a_port_with_ipv4_only_gets_no_ipv6(self, ovn: Switch) -> None:
        """Priority 80: "drop all IPv4 and IPv6 traffic" beside what the entry has."""
        ovn.apply((*GROUPS, IN6), a=ovn.port("a", "in6"))
        frame = ovn.frame("router", "a", UDP, udp(5, 7), source=B6, destination="fe80::11")
        ovn.dropped("router", "a", frame, Reason.DESTINATION_NOT_ALLOWED, at="a")


class TestSource:
    def test_a_port_with_ipv4_only_sends_no_ipv6(self, ovn: Switch) -> None:
        source = str(link_local(ovn.macs["a"]).network_address)
        frame = ovn.frame("a", "b", UDP, udp(5, 7), source=source, destination=B6)
        ovn.dropped("a", "b", frame, Reason.IP_SPOOFING)

    def test_a_pair_is_an_address_if_it_looks_like_one(self, ovn: Switch) -> None:
        """ovn-nb(5): bits of the host that are not zero make an address of a prefix."""
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair(f"{VIP}/24"),)))
        ovn.passes("a", "b", ovn.frame("a", "b", UDP, udp(7, 7), source=VIP))
        frame = ovn.frame("a", "b", UDP, udp(7, 7), source=ELSEWHERE)
        ovn.dropped("a", "b", frame, Reason.IP_SPOOFING)
        ovn.passes("b", "a", ovn.frame("b", "a", UDP, udp(7, 8), destination="192.168.100.255"))
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair("192.168.100.0/24"),)))
        ovn.passes("a", "b", frame)

    def test_the_own_address_under_a_pairs_mac(self, ovn: Switch) -> None:
        ovn.apply(a=ovn.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        frame = ovn.frame("a", "b", UDP, udp(7, 7), source_mac=VIRTUAL_MAC)
        ovn.dropped("a", "b", frame, Reason.IP_SPOOFING)

    def test_the_target_of_an_advertisement(self, ovn: Switch) -> None:
        ovn.apply(a=ovn.port("a", fixed_ips=(A, A6)), b=ovn.port("b", fixed_ips=(B6,)))
        for last, passes in (("11", True), ("99", False)):
            target = bytes.fromhex("20010db8" + "00" * 11 + last)
            body = icmp(136, rest=bytes(4) + target)
            frame = ovn.frame("a", "b", ICMPV6, body, source=A6, destination=B6)
            if passes:
                ovn.passes("a", "b", frame)
            else:
                ovn.dropped("a", "b", frame, Reason.ND_SPOOFING)

    def test_a_port_without_addresses_may_send_from_any(self, ovn: Switch) -> None:
        ovn.apply(a=ovn.port("a", fixed_ips=()))
        ovn.passes("a", "b", ovn.frame("a", "b", UDP, udp(7, 7), source=ELSEWHERE))
        ovn.passes("a", "b", arp(ovn.macs["a"], VIP, VIP))
        ovn.passes("b", "a", ovn.frame("b", "a", UDP, udp(7, 8), destination=ELSEWHERE))

    def test_other_ethertypes_need_the_mac_only(self, ovn: Switch) -> None:
        ovn.passes("a", "b", ethernet(ovn.macs["a"], BROADCAST, 0x88B5, b"hello"))
        frame = ethernet(VIRTUAL_MAC, BROADCAST, 0x88B5, b"hello")
        ovn.dropped("a", "b", frame, Reason.MAC_SPOOFING)

    def test_dhcp(self, ovn: Switch) -> None:
        ovn.apply(a=replace(ovn.ports["a"], security_groups=()))
        discover = ovn.frame(
            "a", "router", UDP, udp(68, 67), source="0.0.0.0",
            destination="255.255.255.255", destination_mac=BROADCAST,
        )  # fmt: skip
        ovn.passes("a", "router", discover)
        ovn.passes("router", "a", ovn.frame("router", "a", UDP, udp(67, 68)))


class TestGroups:
    def test_multicast_adverts_need_a_rule(self, ovn: Switch) -> None:
        """``eth.mcast`` is exempt from connection tracking, and not from the ACLs."""
        ovn.apply(b=ovn.port("b", "out"), c=ovn.port("c", "vrrp"))
        frame = ovn.frame(
            "a", "b", VRRP, b"advert", destination="224.0.0.18", destination_mac=VRRP_GROUP_MAC
        )
        ovn.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")
        assert frame in ovn.wires["c"].until(ovn.mark("a"))

    def test_pairs_are_no_members_and_the_vips_own_port_is_one(self, ovn: Switch) -> None:
        """northd, build_port_group_address_set: the addresses of a group's logical ports."""
        a = ovn.port("a", "default", allowed_address_pairs=(AddressPair(VIP),))
        ovn.apply(a=a, b=ovn.port("b", "default"))
        ovn.passes("a", "b", ovn.frame("a", "b", UDP, udp(5, 9)))
        frame = ovn.frame("a", "b", UDP, udp(5, 9), source=VIP)
        ovn.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")
        vip = Member((VIP,), (), ("default",))
        ovn.apply(GROUPS, [vip], a=a, b=ovn.port("b", "default"))
        ovn.passes("a", "b", frame)

    def test_a_rule_that_is_taken_away_is_felt_at_once(self, ovn: Switch) -> None:
        """Only replies are let pass at priority 65532."""
        a, b = ovn.port("a", "out"), ovn.port("b", "vrrp")
        ovn.apply(a=a, b=b)
        advert, answer = (ovn.frame(*way, VRRP, b"advert") for way in (("a", "b"), ("b", "a")))
        ovn.passes("a", "b", advert)
        ovn.passes("b", "a", answer)
        closed = replace(VRRP_RULE, rules=egress_to_anywhere())
        ovn.apply([closed if group == VRRP_RULE else group for group in GROUPS], a=a, b=b)
        ovn.passes("b", "a", answer)
        ovn.dropped("a", "b", advert, Reason.NO_INGRESS_RULE, at="b")
        ovn.dropped("b", "a", answer, Reason.INVALID)
        ovn.apply(a=a, b=b)
        ovn.passes("a", "b", advert)
        ovn.passes("b", "a", answer)

    def test_what_is_invalid_is_dropped_though_a_rule_would_let_it_in(self, ovn: Switch) -> None:
        ovn.dropped("a", "b", ovn.frame("a", "b", TCP, tcp(5, 9, RST)), Reason.INVALID)

    def test_router_advertisements_pass(self, ovn: Switch) -> None:
        """nd_ra is among what is let pass at priority 65532, whoever sends it."""
        a = ovn.port("a", fixed_ips=(A, A6))
        ovn.apply(a=a, b=ovn.port("b", "out"))
        frame = ovn.frame(
            "a", "b", ICMPV6, icmp(134, rest=bytes(12)), source=A6, destination="ff02::1",
            destination_mac="33:33:00:00:00:01",
        )  # fmt: skip
        ovn.passes("a", "b", frame)

    def test_stateless(self, ovn: Switch) -> None:
        stateless = SecurityGroup("stateless", egress_to_anywhere(), stateful=False)
        ovn.apply((*GROUPS, stateless), a=ovn.port("a", "stateless"))
        ovn.passes("a", "b", ovn.frame("a", "b", UDP, udp(5, 7)))
        frame = ovn.frame("b", "a", UDP, udp(7, 5))
        ovn.dropped("b", "a", frame, Reason.NO_INGRESS_RULE, at="a")


def test_a_virtual_mac_stays_at_one_port(ovn: Switch) -> None:
    """It is an address of both logical ports, and one lookup flow wins."""
    pairs = (AddressPair(VIP, VIRTUAL_MAC),)
    ports = {name: ovn.port(name, allowed_address_pairs=pairs) for name in ("a", "b")}
    ovn.apply(**ports)
    frame = ovn.frame("router", "a", UDP, udp(5, 7), destination=VIP, destination_mac=VIRTUAL_MAC)
    ovn.passes("a", "router", arp(VIRTUAL_MAC, VIP, VIP))
    ovn.passes("router", "a", frame)
    ovn.passes("b", "router", arp(VIRTUAL_MAC, VIP, VIP))
    ovn.dropped("router", "b", frame, Reason.UNKNOWN_DESTINATION_MAC, at="b")


def test_without_port_security_nothing_is_checked(ovn: Switch) -> None:
    ovn.apply(a=replace(ovn.ports["a"], port_security_enabled=False, security_groups=()))
    ovn.passes("a", "b", arp("fa:16:3e:99:99:99", VIP, VIP))
    ovn.passes("b", "a", ovn.frame("b", "a", UDP, udp(5, 9), destination=VIP))
