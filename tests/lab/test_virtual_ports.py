"""OVN's virtual ports, and their claims."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests.netns.frames import ARP_REPLY, ICMPV6, arp, icmp, ip_frame
from vipkeeper.lab.ports import AddressPair, Port
from vipkeeper.lab.virtual_ports import (
    SECOND_NS,
    Claims,
    UnboundPort,
    VirtualPort,
    announced,
    virtual_ports,
)

VIP, VIP6 = "192.168.100.201", "2001:db8::201"
MAC = "fa:16:3e:00:00:01"
NODES = tuple(
    Port(
        f"test0{number}",
        f"tap-test0{number}",
        "int_net",
        f"fa:16:3e:00:00:0{number}",
        (f"192.168.100.1{number}",),
        (AddressPair(VIP),),
        number=number,
    )
    for number in (1, 2)
)
USER_VIP = UnboundPort("USER-vip", "int_net", (VIP,))


def with_pairs(*pairs: str) -> tuple[Port, ...]:
    wanted = tuple(AddressPair(pair) for pair in pairs)
    return tuple(replace(port, allowed_address_pairs=wanted) for port in NODES)


class TestVirtualPorts:
    def test_the_vips_port_has_the_nodes_as_parents(self) -> None:
        assert virtual_ports((USER_VIP,), NODES) == {
            "USER-vip": VirtualPort(VIP, ("test01", "test02"))
        }

    @pytest.mark.parametrize("pair", [f"{VIP}/32", "192.168.100.0/24", "192.168.100.202"])
    def test_a_pair_that_is_not_that_text(self, pair: str) -> None:
        assert virtual_ports((USER_VIP,), with_pairs(pair)) == {}

    def test_without_port_security(self) -> None:
        off = tuple(replace(port, port_security_enabled=False) for port in NODES)
        assert virtual_ports((USER_VIP,), off) == {}
        assert virtual_ports((USER_VIP,), (off[0], NODES[1]))["USER-vip"].parents == ("test02",)

    def test_another_network(self) -> None:
        assert virtual_ports((replace(USER_VIP, bridge="other"),), NODES) == {}

    def test_one_address_of_a_port_counts(self) -> None:
        dual = replace(USER_VIP, fixed_ips=("192.168.100.77", VIP6, VIP))
        assert virtual_ports((dual,), with_pairs(VIP, VIP6))["USER-vip"].address == VIP6
        assert virtual_ports((dual,), with_pairs(VIP))["USER-vip"].address == VIP


class TestClaims:
    def test_the_first_announcement_claims(self) -> None:
        claims = Claims().observe("test01", 5)
        assert claims.parent == "test01"
        assert claims.next_claim_ns == 5 + SECOND_NS

    def test_the_holder_may_announce_as_often_as_it_likes(self) -> None:
        claims = Claims().observe("test01", 0)
        assert claims.observe("test01", 5 * SECOND_NS) is claims

    def test_too_early(self) -> None:
        claims = Claims().observe("test01", 0)
        assert claims.observe("test02", SECOND_NS).parent == "test02"
        waiting = claims.observe("test03", 1).observe("test02", SECOND_NS - 1)
        assert waiting.parent == "test01"
        assert waiting.observe("test01", SECOND_NS - 1) == claims  # it says that it stays
        assert waiting.catch_up(SECOND_NS - 1) is waiting
        late = waiting.catch_up(SECOND_NS)
        assert late == Claims("test02", next_claim_ns=3 * SECOND_NS, back_off_ns=2 * SECOND_NS)
        assert late.catch_up(10 * SECOND_NS) is late
        assert waiting.restrict(("test01",)).catch_up(SECOND_NS).parent == "test01"

    def test_each_claim_makes_the_next_wait_longer_up_to_ten_seconds(self) -> None:
        claims, now, waits = Claims(), 0, []
        for claim in range(13):
            claims = claims.observe(f"test0{claim % 2}", now)
            waits.append((claims.next_claim_ns - now) // SECOND_NS)
            now = claims.next_claim_ns
        assert waits == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10]

    def test_a_quiet_time_ends_that(self) -> None:
        claims = Claims("test01", next_claim_ns=0, back_off_ns=6 * SECOND_NS)
        soon = claims.observe("test02", 10 * SECOND_NS - 1)
        assert soon.back_off_ns == 7 * SECOND_NS
        late = claims.observe("test02", 10 * SECOND_NS)
        assert late.back_off_ns == SECOND_NS

    def test_who_is_no_parent_any_more(self) -> None:
        claims = Claims().observe("test01", 0)
        assert claims.restrict(("test01", "test02")) is claims
        assert claims.restrict(("test02",)).parent is None
        assert Claims().restrict(()) == Claims()


ADDRESSES = {ip_address(VIP): "USER-vip", ip_address(VIP6): "USER-vip6"}


class TestAnnounced:
    @pytest.mark.parametrize(
        ("frame", "name"),
        [
            (arp(MAC, VIP, VIP), "USER-vip"),
            (arp(MAC, VIP, VIP, ARP_REPLY), "USER-vip"),
            (arp(MAC, VIP, "192.168.100.1", ARP_REPLY), "USER-vip"),
            (arp(MAC, VIP, "192.168.100.1"), None),  # a question under the VIP is no claim
            (arp(MAC, "192.168.100.11", VIP), None),
            (arp(MAC, "192.168.100.11", "192.168.100.11"), None),
            (arp(MAC, VIP, VIP)[:40], None),
            (b"", None),
        ],
    )
    def test_arp(self, frame: bytes, name: str | None) -> None:
        assert announced(frame, ADDRESSES) == name

    @pytest.mark.parametrize(
        ("kind", "target", "name"),
        [
            (136, VIP6, "USER-vip6"),
            (135, VIP6, "USER-vip6"),
            (136, "2001:db8::11", None),
            (134, VIP6, None),
        ],
    )
    def test_neighbour_discovery(self, kind: int, target: str, name: str | None) -> None:
        body = icmp(kind, rest=bytes(4) + ip_address(target).packed)
        frame = ip_frame(MAC, "33:33:00:00:00:01", "fe80::1", "ff02::1", ICMPV6, body)
        assert announced(frame, ADDRESSES) == name
