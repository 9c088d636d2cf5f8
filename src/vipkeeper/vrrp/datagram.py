"""An IP packet with protocol 112, taken apart: what an advert came in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Datagram:
    """One received packet.

    Attributes:
        ttl: TTL of IPv4, Hop Limit of IPv6.
        payload: what follows the IP header, without the padding of a short Ethernet frame.
    """

    source: Address
    destination: Address
    ttl: int
    payload: bytes
