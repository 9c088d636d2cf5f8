"""Security groups and connections against the kernel, in both families."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.netns.frames import (
    ICMP,
    ICMPV6,
    TCP,
    UDP,
    VRRP,
    icmp,
    packet,
    tcp,
    udp,
)
from tests.netns.switch import ECHO, ELSEWHERE, GROUPS, IN, VIP, VRRP_RULE, A, B, Switch
from vipkeeper.lab.connections import Enforced, forgotten
from vipkeeper.lab.drops import Reason
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, egress_to_anywhere

VRRP_GROUP_MAC = "01:00:5e:00:00:12"
RST = 0x04


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
        assert frame in switch.wires["b"].until(switch.mark("a"))

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
        switch.bridges = {"switch": 1, "other": 2}
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
            switch.bridges = {"switch": 1}


class TestStateless:
    """The group's ports have no connections: neutron, extension "stateful-security-group"."""

    def test_an_answer_needs_a_rule(self, switch: Switch) -> None:
        stateless = SecurityGroup("stateless", egress_to_anywhere(), stateful=False)
        switch.apply((*GROUPS, stateless), a=switch.port("a", "stateless"))
        switch.passes("a", "b", switch.frame("a", "b", UDP, udp(5, 7)))
        answer = switch.frame("b", "a", UDP, udp(7, 5))
        switch.dropped("b", "a", answer, Reason.NO_INGRESS_RULE, at="a")
        assert "sport=5 " not in switch.network.run("conntrack", "-L")

    def test_nothing_is_invalid(self, switch: Switch) -> None:
        stateless = SecurityGroup("stateless", ECHO.rules, stateful=False)
        switch.apply((*GROUPS, stateless), b=switch.port("b", "stateless"))
        frame = switch.frame("a", "b", TCP, tcp(5, 9, RST))
        switch.dropped("a", "b", frame, Reason.NO_INGRESS_RULE, at="b")


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
