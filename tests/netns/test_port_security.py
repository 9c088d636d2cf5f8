"""Port security against the kernel: crafted frames, what arrives, and what is counted."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.netns.frames import (
    ARP_REPLY,
    BROADCAST,
    ICMP,
    ICMPV6,
    IPV4,
    TCP,
    UDP,
    VLAN,
    VRRP,
    Wire,
    arp,
    ethernet,
    icmp,
    ip_frame,
    packet,
    tcp,
    udp,
)
from tests.topology import Network, wait_until
from vipkeeper.lab.connections import Enforced, forgotten
from vipkeeper.lab.drops import Reason, parse_counters
from vipkeeper.lab.port_security import SYSCTLS, ruleset
from vipkeeper.lab.ports import AddressPair, Port
from vipkeeper.lab.security_groups import (
    SecurityGroup,
    SecurityGroupRule,
    default_group,
    egress_to_anywhere,
)

A, B, C, ROUTER = "192.168.100.11", "192.168.100.12", "192.168.100.13", "192.168.100.1"
VIP, ELSEWHERE = "192.168.100.201", "192.168.100.99"
ADDRESSES = {"a": A, "b": B, "c": C, "router": ROUTER}
VIRTUAL_MAC = "00:00:5e:00:01:33"
VRRP_GROUP_MAC = "01:00:5e:00:00:12"
RST = 0x04

OUT = SecurityGroup("out", egress_to_anywhere())
IN = SecurityGroup("in", (*egress_to_anywhere(), SecurityGroupRule("ingress")))
ECHO = SecurityGroup(
    "echo",
    (
        *egress_to_anywhere(),
        SecurityGroupRule("ingress", protocol="udp", port_range_min=7, port_range_max=7),
    ),
)
VRRP_RULE = SecurityGroup(
    "vrrp", (*egress_to_anywhere(), SecurityGroupRule("ingress", protocol="vrrp"))
)
GROUPS = (OUT, IN, ECHO, VRRP_RULE, default_group())


class Switch:
    """Three instances a, b, c and a router on one bridge, with their port security."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.bridges = ["switch"]
        for name, value in SYSCTLS.items():
            network.run("sysctl", "-qw", f"{name}={value}")
        nodes = {
            name: network.add_node(f"tap-{name}", f"{address}/24")
            for name, address in ADDRESSES.items()
        }
        for name, node in nodes.items():
            # Nothing but the tests' own frames; fe80 addresses would be announced.
            network.run("sysctl", "-qw", f"net.ipv6.conf.tap-{name}.disable_ipv6=1")
            node.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
            node.run("ip", "address", "flush", "dev", "eth0")
        self.wires = {name: Wire(node) for name, node in nodes.items()}
        self.macs = {name: wire.mac for name, wire in self.wires.items()}
        self.ports = {
            name: Port(
                name, f"tap-{name}", "switch", self.macs[name], (address,),
                trusted=name == "router",
                security_groups=("in",),
            )
            for name, address in ADDRESSES.items()
        }  # fmt: skip

    def apply(self, groups: Sequence[SecurityGroup] = GROUPS, /, **ports: Port) -> None:
        """Put these ports in force instead of what they were in the test before."""
        text = ruleset([*(self.ports | ports).values()], groups, self.bridges)
        self.run(["nft", "-f", "-"], text)

    def run(self, argv: Sequence[str], text: str) -> None:
        argv = [*self.network.enter, *argv]
        subprocess.run(argv, input=text, text=True, check=True, timeout=10)

    def port(self, name: str, *groups: str, **changes: object) -> Port:
        return replace(self.ports[name], security_groups=groups or ("in",), **changes)  # type: ignore[arg-type]  # any attribute

    def learn(self) -> None:
        """Let the bridge know who is where, so that it floods nothing that has one receiver."""
        for name, wire in self.wires.items():
            listener = self.wires["a" if name != "a" else "b"]
            listener.until(wire.mark())

    def drops(self) -> dict[tuple[str, Reason], int]:
        counts = parse_counters(self.network.run("nft", "-j", "list", "counters"))
        return {(count.port, count.reason): count.packets for count in counts if count.packets}

    def frame(
        self, sender: str, receiver: str, protocol: int, data: bytes, *,
        source: str = "", destination: str = "", source_mac: str = "", destination_mac: str = "",
    ) -> bytes:  # fmt: skip
        return ip_frame(
            source_mac or self.macs[sender],
            destination_mac or self.macs[receiver],
            source or ADDRESSES[sender],
            destination or ADDRESSES[receiver],
            protocol,
            data,
        )

    def passes(self, sender: str, receiver: str, frame: bytes) -> None:
        before = self.drops()
        self.wires[receiver].forget()
        self.wires[sender].send(frame)
        came = self.wires[receiver].until(frame)
        assert frame in came
        assert self.drops() == before

    def dropped(
        self, sender: str, receiver: str, frame: bytes, reason: Reason, *, at: str = ""
    ) -> None:
        """It is counted, for this reason at this port and for no other, and does not arrive."""
        before = self.drops()
        counter = (at or sender, reason)
        for wire in self.wires.values():
            wire.forget()
        self.wires[sender].send(frame)
        wait_until(lambda: self.drops() != before, what=f"{counter} is counted, not {self.drops()}")
        after = self.drops()
        changed = {key for key in after if after[key] != before.get(key, 0)}
        assert changed == {counter}
        assert frame not in self.wires[receiver].until(self.wires[sender].mark())


@pytest.fixture(scope="module")
def built() -> Iterator[Switch]:
    network = Network()
    switch = Switch(network)
    yield switch
    for wire in switch.wires.values():
        wire.close()
    network.close()


@pytest.fixture
def switch(built: Switch) -> Switch:
    """The switch with all groups open and no connection known."""
    built.network.run("conntrack", "-F")
    built.apply()
    built.learn()
    return built


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


class TestGroups:
    def test_no_rule_at_the_receiver(self, switch: Switch) -> None:
        switch.apply(b=switch.port("b", "out"))
        switch.dropped(
            "a", "b", switch.frame("a", "b", UDP, udp(5, 7)), Reason.NO_INGRESS_RULE, at="b"
        )

    def test_no_group_at_the_sender(self, switch: Switch) -> None:
        switch.apply(a=replace(switch.ports["a"], security_groups=()))
        switch.dropped("a", "b", switch.frame("a", "b", UDP, udp(5, 7)), Reason.NO_EGRESS_RULE)

    def test_a_rule_for_one_port(self, switch: Switch) -> None:
        switch.apply(b=switch.port("b", "echo"))
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 7)))
        switch.dropped(
            "a", "b", switch.frame("a", "b", UDP, udp(5, 8)), Reason.NO_INGRESS_RULE, at="b"
        )

    def test_what_belongs_to_no_connection(self, switch: Switch) -> None:
        switch.apply(b=switch.port("b", "echo"))
        frame = switch.frame("a", "b", TCP, tcp(5, 9, RST))
        switch.dropped("a", "b", frame, Reason.INVALID, at="b")

    def test_from_a_trusted_port(self, switch: Switch) -> None:
        switch.apply(a=switch.port("a", "echo"))
        switch.passes("router", "a", switch.frame("router", "a", UDP, udp(5, 7), source=ELSEWHERE))
        frame = switch.frame("router", "a", UDP, udp(5, 8))
        switch.dropped("router", "a", frame, Reason.NO_INGRESS_RULE, at="a")

    def test_members_of_the_default_group(self, switch: Switch) -> None:
        pair = (AddressPair(VIP),)
        switch.apply(
            a=switch.port("a", "default", allowed_address_pairs=pair),
            b=switch.port("b", "default"),
            c=switch.port("c", "out"),
        )
        switch.passes("a", "b", switch.frame("a", "b", VRRP, b"advert"))
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 9), source=VIP))
        switch.dropped(
            "c", "b", switch.frame("c", "b", UDP, udp(5, 9)), Reason.NO_INGRESS_RULE, at="b"
        )

    def test_an_advert_is_flooded_and_judged_at_each_receiver(self, switch: Switch) -> None:
        switch.apply(b=switch.port("b", "vrrp"), c=switch.port("c", "out"))
        frame = switch.frame(
            "a", "b", VRRP, b"advert", destination="224.0.0.18", destination_mac=VRRP_GROUP_MAC
        )
        switch.dropped("a", "c", frame, Reason.NO_INGRESS_RULE, at="c")
        assert frame in switch.wires["b"].until(switch.wires["a"].mark())

    def test_ipv4_with_the_number_of_icmpv6_gets_nothing_of_what_icmpv6_may(
        self, switch: Switch
    ) -> None:
        switch.apply(a=replace(switch.ports["a"], security_groups=()))
        switch.dropped("a", "b", switch.frame("a", "b", ICMPV6, icmp(128)), Reason.INVALID)


class TestConnections:
    def test_an_answer_passes_and_what_nobody_asked_for_does_not(self, switch: Switch) -> None:
        switch.apply(a=switch.port("a", "out"), b=switch.port("b", "echo"))
        answer = switch.frame("b", "a", UDP, udp(7, 5))
        switch.dropped("b", "a", answer, Reason.NO_INGRESS_RULE, at="a")
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 7)))
        switch.passes("b", "a", answer)
        switch.dropped(
            "b", "a", switch.frame("b", "a", UDP, udp(7, 6)), Reason.NO_INGRESS_RULE, at="a"
        )

    def test_an_answer_needs_no_egress_rule(self, switch: Switch) -> None:
        only_in = SecurityGroup("only-in", (SecurityGroupRule("ingress"),))
        switch.apply((*GROUPS, only_in), b=switch.port("b", "only-in"))
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 7)))
        switch.passes("b", "a", switch.frame("b", "a", UDP, udp(7, 5)))
        switch.dropped("b", "a", switch.frame("b", "a", UDP, udp(7, 6)), Reason.NO_EGRESS_RULE)

    def test_an_error_about_a_connection_is_related_to_it(self, switch: Switch) -> None:
        switch.apply(a=switch.port("a", "out"))
        port_unreachable = icmp(3, 3, bytes(4) + packet(A, B, UDP, udp(5, 7)))
        error = switch.frame("b", "a", ICMP, port_unreachable)
        switch.dropped("b", "a", error, Reason.INVALID, at="a")
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 7)))
        switch.passes("b", "a", error)

    def test_unicast_vrrp_is_one_connection_for_both_directions(self, switch: Switch) -> None:
        """One node's rule is enough, once that node's peer has been heard."""
        switch.apply(a=switch.port("a", "out"), b=switch.port("b", "vrrp"))
        from_b = switch.frame("b", "a", VRRP, b"advert")
        switch.dropped("b", "a", from_b, Reason.NO_INGRESS_RULE, at="a")
        switch.passes("a", "b", switch.frame("a", "b", VRRP, b"advert"))
        switch.passes("b", "a", from_b)

    def test_a_rule_that_is_taken_away_ends_what_it_let_in(self, switch: Switch) -> None:
        a, b = switch.port("a", "out"), switch.port("b", "vrrp")
        switch.apply(a=a, b=b)
        from_a, from_b = (switch.frame(*way, VRRP, b"advert") for way in (("a", "b"), ("b", "a")))
        switch.passes("a", "b", from_a)
        switch.passes("b", "a", from_b)
        closed = replace(VRRP_RULE, rules=egress_to_anywhere())
        groups = [closed if group == VRRP_RULE else group for group in GROUPS]
        switch.apply(groups, a=a, b=b)
        switch.passes("a", "b", from_a)  # is known, and would be for ever
        lines = forgotten(Enforced((a, b), GROUPS), Enforced((a, b), groups), switch.bridges)
        switch.run(["conntrack", "-R", "-"], "".join(f"{line}\n" for line in lines))
        switch.dropped("a", "b", from_a, Reason.NO_INGRESS_RULE, at="b")

    def test_a_connection_of_another_network_is_another_connection(self, switch: Switch) -> None:
        """Two networks with the same addresses: each has its own connection tracking zone."""
        switch.apply(a=switch.port("a", "out"), b=switch.port("b", "echo"))
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 7)))
        network = switch.network
        network.run("ip", "link", "add", "other", "type", "bridge")
        network.run("ip", "link", "set", "other", "up")
        switch.bridges = ["switch", "other"]
        try:
            for name in ("a", "b"):
                network.run("ip", "link", "set", f"tap-{name}", "master", "other")
            moved = {name: replace(switch.port(name, "out"), bridge="other") for name in ("a", "b")}
            switch.apply(**moved)
            answer = switch.frame("b", "a", UDP, udp(7, 5))
            switch.dropped("b", "a", answer, Reason.NO_INGRESS_RULE, at="a")
        finally:
            for name in ("a", "b"):
                network.run("ip", "link", "set", f"tap-{name}", "master", "switch")
            network.run("ip", "link", "delete", "other")
            switch.bridges = ["switch"]


class TestIPv6:
    A6, B6, LINK_A = "2001:db8::11", "2001:db8::12", "fe80::11"

    @pytest.fixture
    def switch6(self, switch: Switch) -> Switch:
        anything = SecurityGroup("in6", (*IN.rules, SecurityGroupRule("ingress", "IPv6")))
        a = switch.port("a", "in6", fixed_ips=(A, self.A6))
        b = switch.port("b", "in6", fixed_ips=(B, self.B6))
        switch.apply((*GROUPS, anything), a=a, b=b)
        return switch

    def test_the_fixed_ip_and_the_macs_link_local_address_pass(self, switch6: Switch) -> None:
        octets = bytes.fromhex(switch6.macs["a"].replace(":", ""))
        own = bytes((octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:])).hex(":", 2)
        for source in (self.A6, f"fe80::{own}"):
            frame = switch6.frame("a", "b", UDP, udp(5, 7), source=source, destination=self.B6)
            switch6.passes("a", "b", frame)

    @pytest.mark.parametrize("source", ["2001:db8::201", LINK_A])
    def test_another_address(self, switch6: Switch, source: str) -> None:
        frame = switch6.frame("a", "b", UDP, udp(5, 7), source=source, destination=self.B6)
        switch6.dropped("a", "b", frame, Reason.IP_SPOOFING)

    def test_router_advertisement(self, switch6: Switch) -> None:
        frame = switch6.frame(
            "a", "b", ICMPV6, icmp(134, rest=bytes(12)), source=self.A6, destination="ff02::1"
        )
        switch6.dropped("a", "b", frame, Reason.ROUTER_ADVERTISEMENT)

    def test_dhcp_server(self, switch6: Switch) -> None:
        frame = switch6.frame("a", "b", UDP, udp(547, 546), source=self.A6, destination=self.B6)
        switch6.dropped("a", "b", frame, Reason.DHCP_SERVER)

    def test_neighbour_discovery_needs_no_rule(self, switch: Switch) -> None:
        switch.apply(
            a=replace(switch.ports["a"], fixed_ips=(A, self.A6), security_groups=()),
            b=replace(switch.ports["b"], fixed_ips=(B, self.B6), security_groups=()),
        )
        for source in (self.A6, "::"):  # the latter is duplicate address detection
            frame = switch.frame(
                "a", "b", ICMPV6, icmp(135, rest=bytes(4) + bytes(16)), source=source,
                destination="ff02::1:ff00:12", destination_mac="33:33:ff:00:00:12",
            )  # fmt: skip
            switch.passes("a", "b", frame)

    def test_no_rule_at_the_receiver(self, switch: Switch) -> None:
        """A rule is for one ethertype: an IPv4 rule lets no IPv6 in."""
        switch.apply(a=switch.port("a", fixed_ips=(A, self.A6)))
        frame = switch.frame("a", "b", UDP, udp(5, 7), source=self.A6, destination=self.B6)
        switch.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")


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


def test_counters_go_on_over_a_change_of_the_rules(switch: Switch) -> None:
    switch.dropped("a", "b", arp(switch.macs["a"], VIP, VIP), Reason.ARP_SPOOFING)
    before = switch.drops()
    switch.apply(a=switch.port("a", allowed_address_pairs=(AddressPair(VIP),)))
    assert switch.drops() == before
    switch.apply(a=replace(switch.ports["a"], port_security_enabled=False))
    assert switch.drops() == before


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
