"""Port security against the kernel: crafted frames, what arrives, and what is counted."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from tests.netns.frames import ARP_REPLY, BROADCAST, IPV4, UDP, VLAN, arp, ethernet, packet, udp
from tests.netns.switch import ELSEWHERE, GROUPS, ROUTER, VIP, VIRTUAL_MAC, A, B, Switch
from tests.topology import wait_until
from vipkeeper.lab.drops import Reason
from vipkeeper.lab.port_security import ruleset
from vipkeeper.lab.ports import AddressPair


class TestMacChain:
    def test_anothers_mac(self, switch: Switch) -> None:
        frame = switch.frame("a", "b", UDP, udp(7, 7), source_mac="fa:16:3e:99:99:99")
        switch.dropped("a", "b", frame, Reason.MAC_SPOOFING)

    def test_neighbours_mac_in_a_frame_that_is_no_ip(self, switch: Switch) -> None:
        frame = ethernet(switch.macs["b"], BROADCAST, 0x88B6, b"hello")
        switch.dropped("a", "c", frame, Reason.MAC_SPOOFING)

    def test_a_pairs_mac_passes(self, switch: Switch) -> None:
        switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        frame = switch.frame("a", "b", UDP, udp(7, 7), source=VIP, source_mac=VIRTUAL_MAC)
        switch.passes("a", "b", frame)


class TestArpChain:
    @pytest.mark.parametrize("operation", [1, ARP_REPLY])
    def test_the_vip_without_a_pair(self, switch: Switch, operation: int) -> None:
        frame = arp(switch.macs["a"], VIP, VIP, operation)
        switch.dropped("a", "router", frame, Reason.ARP_SPOOFING)

    def test_a_request_with_the_vip_as_its_sender(self, switch: Switch) -> None:
        frame = arp(switch.macs["a"], VIP, ROUTER)
        switch.dropped("a", "router", frame, Reason.ARP_SPOOFING)

    def test_the_own_address_passes(self, switch: Switch) -> None:
        switch.passes("a", "b", arp(switch.macs["a"], A, B))

    def test_a_request_for_the_vip_reaches_who_has_no_pair(self, switch: Switch) -> None:
        switch.passes("router", "a", arp(switch.macs["router"], ROUTER, VIP))

    @pytest.mark.parametrize("pair", [VIP, "192.168.100.200/29"])
    def test_a_pair_passes(self, switch: Switch, pair: str) -> None:
        switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(pair),)))
        switch.passes("a", "router", arp(switch.macs["a"], VIP, VIP))

    def test_a_pair_with_another_mac_passes_under_the_own_mac(self, switch: Switch) -> None:
        """ARP is judged by address alone: the router believes what then cannot send data."""
        switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        switch.passes("a", "router", arp(switch.macs["a"], VIP, VIP))
        data = switch.frame("a", "router", UDP, udp(7, 7), source=VIP)
        switch.dropped("a", "router", data, Reason.IP_SPOOFING)

    def test_a_pair_with_everything_does_not_open_arp(self, switch: Switch) -> None:
        switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair("0.0.0.0/0"),)))
        switch.dropped("a", "b", arp(switch.macs["a"], VIP, VIP), Reason.ARP_SPOOFING)
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(7, 7), source=ELSEWHERE))


class TestSourceChain:
    def test_the_vip_without_a_pair(self, switch: Switch) -> None:
        frame = switch.frame("a", "b", UDP, udp(7, 7), source=VIP)
        switch.dropped("a", "b", frame, Reason.IP_SPOOFING)

    def test_towards_a_trusted_port(self, switch: Switch) -> None:
        frame = switch.frame("a", "router", UDP, udp(7, 7), source=VIP)
        switch.dropped("a", "router", frame, Reason.IP_SPOOFING)

    def test_the_own_address_under_a_pairs_mac(self, switch: Switch) -> None:
        switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),)))
        frame = switch.frame("a", "b", UDP, udp(7, 7), source_mac=VIRTUAL_MAC)
        switch.dropped("a", "b", frame, Reason.IP_SPOOFING)

    def test_before_a_known_connection(self, switch: Switch) -> None:
        """A node that has lost its pair cannot go on with the connections it had."""
        with_pair = switch.port("a", allowed_address_pairs=(AddressPair(VIP),))
        switch.apply(a=with_pair)
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 6), source=VIP))
        switch.passes("b", "a", switch.frame("b", "a", UDP, udp(6, 5), destination=VIP))
        switch.apply()
        frame = switch.frame("a", "b", UDP, udp(5, 6), source=VIP)
        switch.dropped("a", "b", frame, Reason.IP_SPOOFING)

    @pytest.mark.parametrize("pair", [VIP, f"{VIP}/32", "192.168.100.0/24"])
    def test_a_pair_passes(self, switch: Switch, pair: str) -> None:
        switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(pair),)))
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(7, 7), source=VIP))

    def test_a_flooded_packet_counts_once_for_each_receiver(self, switch: Switch) -> None:
        frame = switch.frame("a", "b", UDP, udp(7, 7), source=VIP, destination_mac=BROADCAST)
        before = switch.drops().get(("a", Reason.IP_SPOOFING), 0)
        switch.wires["a"].send(frame)
        wait_until(lambda: switch.drops().get(("a", Reason.IP_SPOOFING), 0) == before + 3)


class TestDhcp:
    def test_a_client_without_an_address_yet(self, switch: Switch) -> None:
        switch.apply(a=replace(switch.ports["a"], security_groups=()))
        frame = switch.frame(
            "a", "router", UDP, udp(68, 67, b"discover"), source="0.0.0.0",
            destination="255.255.255.255", destination_mac=BROADCAST,
        )  # fmt: skip
        switch.passes("a", "router", frame)

    @pytest.mark.parametrize("destination", [A, "255.255.255.255"])
    def test_the_servers_answer_needs_no_rule(self, switch: Switch, destination: str) -> None:
        switch.apply(a=replace(switch.ports["a"], security_groups=()))
        frame = switch.frame("router", "a", UDP, udp(67, 68), destination=destination)
        switch.passes("router", "a", frame)

    def test_an_answer_to_anothers_address_needs_one(self, switch: Switch) -> None:
        switch.apply(a=switch.port("a", "out"))
        frame = switch.frame("router", "a", UDP, udp(67, 68), destination=ELSEWHERE)
        switch.dropped("router", "a", frame, Reason.NO_INGRESS_RULE, at="a")

    def test_an_instance_is_no_server(self, switch: Switch) -> None:
        frame = switch.frame("a", "b", UDP, udp(67, 68))
        switch.dropped("a", "b", frame, Reason.DHCP_SERVER)


class TestPortSecurityOff:
    def test_nothing_is_checked_in_either_direction(self, switch: Switch) -> None:
        switch.apply(a=replace(switch.ports["a"], port_security_enabled=False, security_groups=()))
        switch.passes("a", "b", arp("fa:16:3e:99:99:99", VIP, VIP))
        frame = switch.frame(
            "a", "b", UDP, udp(67, 68), source=ELSEWHERE, source_mac="fa:16:3e:99:99:99"
        )
        switch.passes("a", "b", frame)
        switch.passes("b", "a", switch.frame("b", "a", UDP, udp(5, 9)))

    def test_the_other_ports_groups_still_hold(self, switch: Switch) -> None:
        switch.apply(
            a=replace(switch.ports["a"], port_security_enabled=False, security_groups=()),
            b=switch.port("b", "out"),
        )
        frame = switch.frame("a", "b", UDP, udp(5, 7))
        switch.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")


class TestAdminStateDown:
    @pytest.mark.parametrize("port_security_enabled", [True, False])
    def test_nothing_passes_in_either_direction(
        self, switch: Switch, port_security_enabled: bool
    ) -> None:
        down = replace(
            switch.ports["a"],
            admin_state_up=False,
            port_security_enabled=port_security_enabled,
            security_groups=("in",) if port_security_enabled else (),
        )
        switch.apply(a=down)
        for frame in (arp(switch.macs["a"], A, B), switch.frame("a", "b", UDP, udp(5, 7))):
            switch.counted("a", frame, Reason.PORT_DOWN, at="a")
        for frame in (arp(switch.macs["b"], B, A), switch.frame("b", "a", UDP, udp(5, 7))):
            switch.wires["c"].forget()
            switch.counted("b", frame, Reason.PORT_DOWN, at="a")
        switch.apply()
        switch.passes("a", "b", arp(switch.macs["a"], A, B))

    def test_the_routers_port_too(self, switch: Switch) -> None:
        switch.apply(router=replace(switch.ports["router"], admin_state_up=False))
        frame = switch.frame("router", "a", UDP, udp(5, 7))
        switch.counted("router", frame, Reason.PORT_DOWN, at="router")


def test_counters_go_on_over_a_change_of_the_rules(switch: Switch) -> None:
    switch.dropped("a", "b", arp(switch.macs["a"], VIP, VIP), Reason.ARP_SPOOFING)
    before = switch.drops()
    switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(VIP),)))
    assert switch.drops() == before
    switch.apply(a=replace(switch.ports["a"], port_security_enabled=False))
    assert switch.drops() == before
    others = [port for name, port in switch.ports.items() if name != "a"]
    switch.load(ruleset(others, GROUPS, switch.bridges))
    assert switch.drops() == {key: count for key, count in before.items() if key[0] != "a"}


def test_a_pair_that_is_taken_away_is_gone_at_once(switch: Switch) -> None:
    frame = arp(switch.macs["a"], VIP, VIP)
    for _ in range(3):
        switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(VIP),)))
        switch.passes("a", "b", frame)
        switch.apply()
        switch.dropped("a", "b", frame, Reason.ARP_SPOOFING)


def test_a_tagged_frame_is_checked_for_its_mac_only(switch: Switch) -> None:
    """As with the agent, whose kernel keeps VLAN tags from iptables by default."""
    inner = packet(ELSEWHERE, B, UDP, udp(5, 7))
    tag = struct.pack("!HH", 5, IPV4)
    switch.wires["a"].send(ethernet(switch.macs["a"], switch.macs["b"], VLAN, tag + inner))
    # A packet socket gets the tag beside the frame.
    assert switch.wires["b"].until(ethernet(switch.macs["a"], switch.macs["b"], IPV4, inner))
    spoofed = ethernet(VIRTUAL_MAC, switch.macs["b"], VLAN, tag + inner)
    switch.dropped("a", "b", spoofed, Reason.MAC_SPOOFING)
