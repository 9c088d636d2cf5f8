"""What Open vSwitch's native firewall does otherwise than linuxbridge, frame by frame.

Tables are those of neutron/agent/linux/openvswitch_firewall/firewall.py.
"""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from tests.netns.frames import (
    ARP_REPLY,
    BROADCAST,
    ICMPV6,
    IPV4,
    RARP,
    TCP,
    UDP,
    VLAN,
    VRRP,
    arp,
    ethernet,
    icmp,
    packet,
    tcp,
    udp,
)
from tests.netns.switch import ELSEWHERE, GROUPS, VIP, VIRTUAL_MAC, VRRP_RULE, A, B, Switch
from tests.topology import wait_until
from vipkeeper.lab.drops import Reason
from vipkeeper.lab.ports import AddressPair, link_local
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, egress_to_anywhere

VRRP_GROUP_MAC = "01:00:5e:00:00:12"
A6, B6 = "2001:db8::11", "2001:db8::12"
RST = 0x04


def advertisement(switch: Switch, target: bytes) -> bytes:
    body = icmp(136, rest=bytes(4) + target)
    return switch.frame("a", "b", ICMPV6, body, source=A6, destination=B6)


class TestBaseEgress:
    """Table 71: what is not let pass there is dropped."""

    def test_arp_has_the_sender_and_the_mac_together(self, ovs: Switch) -> None:
        """Priority 95; linuxbridge lets the router believe what then cannot send data."""
        ovs.apply(a=ovs.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        ovs.dropped("a", "router", arp(ovs.macs["a"], VIP, VIP), Reason.ARP_SPOOFING)
        ovs.dropped("a", "router", arp(VIRTUAL_MAC, A, A), Reason.ARP_SPOOFING)
        ovs.passes("a", "router", arp(VIRTUAL_MAC, VIP, VIP))

    @pytest.mark.parametrize("operation", [1, ARP_REPLY])
    def test_arp_for_the_vip_needs_a_pair(self, ovs: Switch, operation: int) -> None:
        frame = arp(ovs.macs["a"], VIP, VIP, operation)
        ovs.dropped("a", "router", frame, Reason.ARP_SPOOFING)
        ovs.apply(a=ovs.port("a", allowed_address_pairs=(AddressPair(VIP),)))
        ovs.passes("a", "router", frame)

    def test_a_pair_with_everything_opens_arp_as_well(self, ovs: Switch) -> None:
        ovs.apply(a=ovs.port("a", allowed_address_pairs=(AddressPair("0.0.0.0/0"),)))
        ovs.passes("a", "b", arp(ovs.macs["a"], VIP, VIP))
        ovs.passes("a", "b", ovs.frame("a", "b", UDP, udp(7, 7), source=ELSEWHERE))

    def test_the_target_of_an_advertisement_is_checked(self, ovs: Switch) -> None:
        """LP#1902917."""
        pair = (AddressPair("2001:db8::200/125"),)
        ovs.apply(a=ovs.port("a", fixed_ips=(A, A6), allowed_address_pairs=pair))
        ovs.passes("a", "b", advertisement(ovs, bytes.fromhex("20010db8" + "00" * 10 + "0011")))
        ovs.passes("a", "b", advertisement(ovs, bytes.fromhex("20010db8" + "00" * 10 + "0207")))
        other = advertisement(ovs, bytes.fromhex("20010db8" + "00" * 10 + "0208"))
        ovs.dropped("a", "b", other, Reason.ND_SPOOFING)

    def test_nothing_but_ip_and_arp(self, ovs: Switch) -> None:
        """permitted_ethertypes, LP#1832758."""
        frame = ethernet(ovs.macs["a"], BROADCAST, 0x88B5, b"hello")
        ovs.dropped("a", "b", frame, Reason.ETHERTYPE)
        ovs.passes("a", "b", ethernet(ovs.macs["a"], BROADCAST, RARP, bytes(28)))

    def test_a_tagged_frame(self, ovs: Switch) -> None:
        inner = struct.pack("!HH", 5, IPV4) + packet(A, B, UDP, udp(5, 7))
        frame = ethernet(ovs.macs["a"], ovs.macs["b"], VLAN, inner)
        ovs.dropped("a", "b", frame, Reason.ETHERTYPE)

    def test_a_port_without_addresses_may_send_from_none(self, ovs: Switch) -> None:
        ovs.apply(a=ovs.port("a", fixed_ips=()))
        frame = ovs.frame("a", "b", UDP, udp(5, 7))
        ovs.counted("a", frame, Reason.IP_SPOOFING, at="a")

    def test_ipv6_of_a_port_that_has_none(self, ovs: Switch) -> None:
        """The link-local address of the port's MAC address is always allowed, no other is."""
        frame = ovs.frame("a", "b", UDP, udp(5, 7), source=A6, destination=B6)
        ovs.dropped("a", "b", frame, Reason.IP_SPOOFING)
        own = str(link_local(ovs.macs["a"]).network_address)
        query = icmp(135, rest=bytes(20))
        ovs.passes("a", "b", ovs.frame("a", "b", ICMPV6, query, source=own, destination=B6))

    def test_a_pair_brings_no_link_local_address_of_its_mac(self, ovs: Switch) -> None:
        pairs = (AddressPair("2001:db8::201", VIRTUAL_MAC),)
        ovs.apply(a=ovs.port("a", fixed_ips=(A, A6), allowed_address_pairs=pairs))
        source = str(link_local(VIRTUAL_MAC).network_address)
        frame = ovs.frame(
            "a", "b", UDP, udp(5, 7), source=source, source_mac=VIRTUAL_MAC, destination=B6
        )
        ovs.dropped("a", "b", frame, Reason.IP_SPOOFING)

    def test_router_advertisement(self, ovs: Switch) -> None:
        ovs.apply(a=ovs.port("a", fixed_ips=(A, A6)))
        body = icmp(134, rest=bytes(12))
        frame = ovs.frame("a", "b", ICMPV6, body, source=A6, destination="ff02::1")
        ovs.dropped("a", "b", frame, Reason.ROUTER_ADVERTISEMENT)

    def test_dhcp(self, ovs: Switch) -> None:
        ovs.apply(a=replace(ovs.ports["a"], security_groups=()))
        discover = ovs.frame(
            "a", "router", UDP, udp(68, 67), source="0.0.0.0",
            destination="255.255.255.255", destination_mac=BROADCAST,
        )  # fmt: skip
        ovs.passes("a", "router", discover)
        ovs.passes("router", "a", ovs.frame("router", "a", UDP, udp(67, 68)))
        ovs.dropped("a", "b", ovs.frame("a", "b", UDP, udp(67, 68)), Reason.DHCP_SERVER)


class TestMulticast:
    """Flooded after table 73, so that table 82 never sees it: LP#1889631, LP#1899967."""

    def advert(self, switch: Switch) -> bytes:
        return switch.frame(
            "a", "b", VRRP, b"advert", destination="224.0.0.18", destination_mac=VRRP_GROUP_MAC
        )

    def test_an_advert_needs_no_rule_at_the_receiver(self, ovs: Switch) -> None:
        ovs.apply(b=ovs.port("b", "out"))
        ovs.passes("a", "b", self.advert(ovs))

    def test_a_unicast_advert_does(self, ovs: Switch) -> None:
        ovs.apply(b=ovs.port("b", "out"))
        frame = ovs.frame("a", "b", VRRP, b"advert")
        ovs.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")

    def test_the_sender_needs_one(self, ovs: Switch) -> None:
        ovs.apply(a=replace(ovs.ports["a"], security_groups=()))
        before = ovs.drops().get(("a", Reason.NO_EGRESS_RULE), 0)
        ovs.wires["a"].send(self.advert(ovs))
        wait_until(lambda: ovs.drops().get(("a", Reason.NO_EGRESS_RULE), 0) == before + 3)


class TestDelivery:
    """Table 60 knows the MAC addresses of ports and pairs."""

    def test_to_a_pairs_mac(self, ovs: Switch) -> None:
        ovs.apply(a=ovs.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        ovs.passes("a", "router", arp(VIRTUAL_MAC, VIP, VIP))
        frame = ovs.frame(
            "router", "a", UDP, udp(5, 7), destination=VIP, destination_mac=VIRTUAL_MAC
        )
        ovs.passes("router", "a", frame)

    def test_to_a_mac_that_is_nobodys(self, ovs: Switch) -> None:
        frame = ovs.frame("a", "b", UDP, udp(5, 7), destination_mac="fa:16:3e:77:77:77")
        before = ovs.drops().get(("b", Reason.UNKNOWN_DESTINATION_MAC), 0)
        ovs.wires["b"].forget()
        ovs.wires["a"].send(frame)
        wait_until(lambda: ovs.drops().get(("b", Reason.UNKNOWN_DESTINATION_MAC), 0) > before)
        assert frame not in ovs.wires["b"].until(ovs.mark("a"))

    def test_what_the_bridge_floods_for_another_port_is_not_counted(self, ovs: Switch) -> None:
        """The back end would not have brought it there."""
        ovs.network.run("ip", "link", "set", "tap-b", "type", "bridge_slave", "fdb_flush")
        ovs.passes("a", "b", ovs.frame("a", "b", UDP, udp(5, 7)))

    def test_the_destination_address_is_not_checked(self, ovs: Switch) -> None:
        ovs.passes("router", "a", ovs.frame("router", "a", UDP, udp(5, 7), destination=VIP))


class TestConnections:
    def test_a_rule_that_is_taken_away_is_felt_at_once(self, ovs: Switch) -> None:
        """Only answers are accepted for being known, priority 50 of tables 72 and 82."""
        a, b = ovs.port("a", "out"), ovs.port("b", "vrrp")
        ovs.apply(a=a, b=b)
        advert, answer = (ovs.frame(*way, VRRP, b"advert") for way in (("a", "b"), ("b", "a")))
        ovs.passes("a", "b", advert)
        ovs.passes("b", "a", answer)
        closed = replace(VRRP_RULE, rules=egress_to_anywhere())
        ovs.apply([closed if group == VRRP_RULE else group for group in GROUPS], a=a, b=b)
        ovs.passes("b", "a", answer)
        ovs.dropped("a", "b", advert, Reason.NO_INGRESS_RULE, at="b")
        ovs.dropped("b", "a", answer, Reason.INVALID)
        ovs.apply(a=a, b=b)
        # Its flows at priority 70 ask for no mark, and those of answers do.
        ovs.passes("a", "b", advert)
        ovs.dropped("b", "a", answer, Reason.INVALID)

    def test_what_is_invalid_is_dropped_though_a_rule_would_let_it_in(self, ovs: Switch) -> None:
        ovs.dropped("a", "b", ovs.frame("a", "b", TCP, tcp(5, 9, RST)), Reason.INVALID)

    def test_groups_are_never_stateless(self, ovs: Switch) -> None:
        stateless = SecurityGroup("stateless", egress_to_anywhere(), stateful=False)
        ovs.apply((*GROUPS, stateless), a=ovs.port("a", "stateless"))
        ovs.passes("a", "b", ovs.frame("a", "b", UDP, udp(5, 7)))
        ovs.passes("b", "a", ovs.frame("b", "a", UDP, udp(7, 5)))


class TestRemoteGroups:
    def test_pairs_are_members(self, ovs: Switch) -> None:
        """neutron/db/securitygroups_rpc_base.py, _select_ips_for_remote_group."""
        pair = (AddressPair(VIP),)
        ovs.apply(
            a=ovs.port("a", "default", allowed_address_pairs=pair), b=ovs.port("b", "default")
        )
        ovs.passes("a", "b", ovs.frame("a", "b", UDP, udp(5, 9), source=VIP))

    def test_a_pair_with_everything_makes_a_member_of_its_mac_only(self, ovs: Switch) -> None:
        """LP#1867119; with linuxbridge everybody becomes a member."""
        everything = (AddressPair("0.0.0.0/0"),)
        ovs.apply(
            a=ovs.port("a", "out"),
            b=ovs.port("b", "default"),
            c=ovs.port("c", "default", allowed_address_pairs=everything),
        )
        ovs.passes("c", "b", ovs.frame("c", "b", UDP, udp(5, 9), source=ELSEWHERE))
        frame = ovs.frame("a", "b", UDP, udp(5, 9))
        ovs.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")


def test_without_port_security_nothing_is_checked(ovs: Switch) -> None:
    ovs.apply(a=replace(ovs.ports["a"], port_security_enabled=False, security_groups=()))
    ovs.passes("a", "b", arp("fa:16:3e:99:99:99", VIP, VIP))
    ovs.passes("a", "b", ethernet(ovs.macs["a"], BROADCAST, 0x88B5, b"hello"))
    ovs.passes("b", "a", ovs.frame("b", "a", UDP, udp(5, 9), destination=VIP))


def test_a_rule_for_a_port(ovs: Switch) -> None:
    rule = SecurityGroupRule("ingress", protocol="udp", port_range_min=7, port_range_max=7)
    ovs.apply((*GROUPS, SecurityGroup("seven", (rule,))), b=ovs.port("b", "seven"))
    ovs.passes("a", "b", ovs.frame("a", "b", UDP, udp(5, 7)))
    frame = ovs.frame("a", "b", UDP, udp(5, 8))
    ovs.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")
