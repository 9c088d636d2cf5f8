"""What the packets say is what holds now, though they are kept (RFC 9568 7.2)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests.vrrp.examples import V2, V3
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.kernel_effects import KernelEffects
from vipkeeper.linux.ip_packet import parse_ipv4
from vipkeeper.vrrp.advertisement import Advertisement, decode
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import Peer, VirtualRouter


class Wire(KernelEffects):
    """Its packets are kept instead of sent."""

    def __init__(self) -> None:
        self._interfaces = Interfaces()
        self._identifications = {}
        self._packets = {}
        self.sent: list[tuple[int, Address, Advertisement]] = []

    def _way_out(self, router: VirtualRouter):  # type: ignore[no-untyped-def]
        return self._keep

    def _keep(self, packet: bytes, destination: Address) -> None:
        datagram = parse_ipv4(packet)
        assert datagram is not None
        assert datagram.destination == destination
        advert = decode(datagram.payload, datagram.source, datagram.destination)
        assert isinstance(advert, Advertisement)
        self.sent.append((int.from_bytes(packet[4:6], "big"), datagram.source, advert))


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 7},
        {"addresses": (ip_address("192.0.2.9"),)},
        {"advertisement_interval_ns": 3_000_000_000},
        {"primary_address": ip_address("192.168.100.99")},
        {"peers": (Peer(ip_address("192.0.2.1")), Peer(ip_address("192.0.2.2")))},
    ],
)
@pytest.mark.parametrize("router", [V2, V3], ids=["v2", "v3"])
def test_whatever_changes_is_in_the_next_advert(
    router: VirtualRouter, change: dict[str, object]
) -> None:
    wire = Wire()
    changed = replace(router, **change)  # type: ignore[arg-type]
    for sender in (router, router, changed, changed, router):
        wire.sent.clear()
        wire.send_advertisement(sender, sender.advertisement())
        wire.send_advertisement(sender, sender.advertisement(0))
        expected = [sender.advertisement(), sender.advertisement(0)]
        said = [advert for _, _, advert in wire.sent]
        count = len(sender.destinations)
        assert [replace(advert, authentication_data=b"") for advert in said] == [
            advert for advert in expected for _ in range(count)
        ]
        assert {source for _, source, _ in wire.sent} == {sender.primary_address}


def test_the_identification_rises_with_each_advert_whatever_it_says() -> None:
    wire = Wire()
    for priority in (None, None, 0, None):
        wire.send_advertisement(V2, V2.advertisement(priority))
    assert [identification for identification, _, _ in wire.sent] == [1, 2, 3, 4]
