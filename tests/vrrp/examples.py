"""What the tests of the protocol core start from: the walkthrough's router and its adverts."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from vipkeeper.vrrp.advertisement import Advertisement
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.events import AdvertisementReceived
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import CENTISECOND_NS, SECOND_NS, VRRPV2, VRRPV3, Family

NOW = 1_000 * SECOND_NS
"""An instant well away from zero, so that a duration taken for an instant shows."""

LOWER = IPv4Address("192.168.100.67")
OURS = IPv4Address("192.168.100.131")
HIGHER = IPv4Address("192.168.100.200")
VIRTUAL_IP = IPv4Address("192.168.100.196")

V2 = VirtualRouter(
    name="vrrp_group_1",
    interface="eth0",
    vrid=1,
    version=VRRPV2,
    family=Family.IPV4,
    priority=100,
    advertisement_interval_ns=SECOND_NS,
    addresses=(VIRTUAL_IP,),
    primary_address=OURS,
)
V3 = replace(V2, version=VRRPV3)
V3_IPV6 = replace(
    V3,
    family=Family.IPV6,
    addresses=(IPv6Address("fe80::1:1"), IPv6Address("2001:db8::196")),
    primary_address=IPv6Address("fe80::131"),
)


def arrived(
    router: VirtualRouter,
    source: Address = LOWER,
    ttl: int = 255,
    destination: Address | None = None,
) -> Datagram:
    """What an advert came in: from there, to the group."""
    return Datagram(source, destination or router.multicast_group, ttl, b"")


def heard(
    priority: int,
    source: Address = LOWER,
    *,
    router: VirtualRouter = V2,
    interval_cs: int = 100,
) -> AdvertisementReceived:
    """An advert of another node of the same virtual router."""
    advertisement = replace(
        router.advertisement(priority),
        interval=interval_cs * CENTISECOND_NS // router.version.interval_unit_ns,
    )
    return AdvertisementReceived(advertisement, source)


def advertisement(priority: int = 100, router: VirtualRouter = V2) -> Advertisement:
    return router.advertisement(priority)
