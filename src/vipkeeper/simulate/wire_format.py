"""Packets as the checkers read them: by offset, with no help from the codec they check."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

_WORDS = Struct("!BBBBH")
_PROTOCOL = 112


@dataclass(frozen=True, slots=True)
class Advert:
    """One advert and its IP header, as it stands in the packet.

    Attributes:
        is_well_formed: type 1, no field missing, nothing after the last.
        interval_ns: v2's Adver Int is in seconds, v3's in hundredths of a second.
        authentication: v2's eight bytes.
        has_message_checksum, has_pseudo_header_checksum: what the checksum is right for.
    """

    family: int
    source: bytes
    destination: bytes
    ttl: int
    version: int
    vrid: int
    priority: int
    interval_ns: int
    addresses: tuple[bytes, ...]
    authentication_type: int
    authentication: bytes
    is_well_formed: bool
    has_message_checksum: bool
    has_pseudo_header_checksum: bool


def parse(packet: bytes) -> Advert | None:
    """Read an IP packet; None if there is no advert in it that can be told apart."""
    if packet[0] >> 4 == 4:
        family, size, ttl = 4, 4, packet[8]
        source, destination = packet[12:16], packet[16:20]
        message = packet[(packet[0] & 15) * 4 : packet[2] << 8 | packet[3]]
        protocol = packet[9]
    else:
        family, size, ttl = 6, 16, packet[7]
        source, destination = packet[8:24], packet[24:40]
        message = packet[40 : 40 + (packet[4] << 8 | packet[5])]
        protocol = packet[6]
    if protocol != _PROTOCOL or len(message) < 8:
        return None
    first, vrid, priority, count, word = _WORDS.unpack_from(message)
    version = first >> 4
    end = 8 + count * size
    # One's complement sums are sums modulo 2^16 - 1, and 2^16 is 1 there: the message as one
    # big number leaves the same remainder (RFC 1071 2).
    total = int.from_bytes(message, "big")
    pseudo = int.from_bytes(source, "big") + int.from_bytes(destination, "big")
    return Advert(
        family=family,
        source=source,
        destination=destination,
        ttl=ttl,
        version=version,
        vrid=vrid,
        priority=priority,
        interval_ns=(word & 0xFF) * 10**9 if version == 2 else (word & 0xFFF) * 10**7,
        addresses=tuple(message[i : i + size] for i in range(8, end, size)),
        authentication_type=word >> 8 if version == 2 else 0,
        authentication=message[end:],
        is_well_formed=(
            first & 15 == 1 and count > 0 and len(message) == end + (8 if version == 2 else 0)
        ),
        has_message_checksum=total % 0xFFFF == 0,
        has_pseudo_header_checksum=(total + pseudo + _PROTOCOL + len(message)) % 0xFFFF == 0,
    )
