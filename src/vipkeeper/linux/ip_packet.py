"""IP packets with protocol 112 as bytes: what is sent whole, and the header that is received."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from vipkeeper.vrrp.advertisement import IPPROTO_VRRP, MULTICAST_TTL, internet_checksum
from vipkeeper.vrrp.datagram import Address, Datagram

TRAFFIC_CLASS_NETWORK_CONTROL = 0xC0  # DSCP CS6, what every peer sends

_IPV4_HEADER = struct.Struct("!BBHHHBBH4s4s")
_IDENTIFICATION = struct.Struct("!H")
_IPV6_HEADER = struct.Struct("!IHBB16s16s")


def ip_packet(
    source: Address,
    destination: Address,
    identification: int,
    payload: bytes,
    ttl: int = MULTICAST_TTL,
) -> bytes:
    """A packet with an advert: DSCP CS6, DF clear (RFC 9568 5.1).

    Args:
        identification: IPv4's; IPv6 has none.
    """
    if isinstance(source, IPv6Address):
        traffic_class = 6 << 28 | TRAFFIC_CLASS_NETWORK_CONTROL << 20
        header = _IPV6_HEADER.pack(
            traffic_class, len(payload), IPPROTO_VRRP, ttl, source.packed, destination.packed
        )
        return header + payload

    def header_with(checksum: int) -> bytes:
        return _IPV4_HEADER.pack(
            0x45,
            TRAFFIC_CLASS_NETWORK_CONTROL,
            _IPV4_HEADER.size + len(payload),
            identification,
            0,
            ttl,
            IPPROTO_VRRP,
            checksum,
            source.packed,
            destination.packed,
        )

    return header_with(internet_checksum(header_with(0))) + payload


def with_identification(packet: bytes, identification: int) -> bytes:
    """The same packet with this IP identification, its checksum updated (RFC 1624 3, eqn. 3).

    A packet of IPv6 has none, and is returned as it is.
    """
    if packet[0] >> 4 != 4:
        return packet
    previous, checksum = _IDENTIFICATION.unpack_from(packet, 4)[0], packet[10] << 8 | packet[11]
    total = (~checksum & 0xFFFF) + (~previous & 0xFFFF) + identification
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return b"".join(
        (
            packet[:4],
            _IDENTIFICATION.pack(identification),
            packet[6:10],
            _IDENTIFICATION.pack(~total & 0xFFFF),
            packet[12:],
        )
    )


def parse_ipv4(packet: bytes) -> Datagram | None:
    """Take the header off, with its options; None if it is cut short or is none.

    What follows the total length (padding of a short Ethernet frame) is no part of the payload.
    """
    if len(packet) < _IPV4_HEADER.size:
        return None
    first, _tos, total, _id, _fragment, ttl, _protocol, _sum, source, destination = (
        _IPV4_HEADER.unpack_from(packet)
    )
    header_size = (first & 0x0F) * 4
    if first >> 4 != 4 or header_size < _IPV4_HEADER.size or total < header_size:
        return None
    if len(packet) < total:
        return None
    return Datagram(IPv4Address(source), IPv4Address(destination), ttl, packet[header_size:total])
