"""VRRP advertisements: bytes to :class:`Advertisement` and back, for VRRPv2 and VRRPv3.

Layout (RFC 3768 5.1, RFC 9568 5.1)::

     0                   1                   2                   3
    |Version| Type  | Virtual Rtr ID|   Priority    |  Count Addrs  |
    |v2: Auth Type  | v2: Adver Int |           Checksum            |
    |v3: Reserve (4), Max Advertise Interval (12)   |
    |  addresses, 4 or 16 bytes each; v2: 8 bytes of authentication data follow

:func:`decode` never raises, whatever the bytes: what is wrong with them comes back as a
:class:`Discard` that says which check of RFC 9568 7.1 failed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.version import VERSIONS, Family, Version

IPPROTO_VRRP = 112
MULTICAST_TTL = 255
"""TTL and Hop Limit of every advertisement (RFC 9568 5.1.1.3): one that was forwarded has less."""
GROUPS: dict[Family, Address] = {
    Family.IPV4: IPv4Address("224.0.0.18"),
    Family.IPV6: IPv6Address("ff02::12"),
}

TYPE_ADVERTISEMENT = 1
PRIORITY_RESIGNING = 0
PRIORITY_OWNER = 255
AUTHENTICATION_NONE = 0
AUTHENTICATION_SIMPLE = 1
AUTHENTICATION_DATA_SIZE = 8

_HEADER = struct.Struct("!BBBBHH")
_CHECKSUM_OFFSET = 6
_INTERVAL_MASK_V3 = 0x0FFF


class DiscardReason(Enum):
    """Why a packet was not given to the state machine, or was with a remark.

    The value is the counter that it moves: a name of RFC 8347 where there is one, otherwise a
    name of the same style.
    """

    INCOMPLETE_PACKET = "incomplete-packet"  # shorter than a header, and of no VRID of ours
    DESTINATION = "destination-errors"  # not sent to the group (RFC 9568 5.1.1.2), or to us
    UNKNOWN_PEER = "unknown-peer-errors"  # unicast, and from none of the peers
    IP_TTL = "ip-ttl-errors"
    VERSION = "version-errors"
    INVALID_TYPE = "invalid-type-pkts-rcvd"
    VRID = "vrid-errors"
    PACKET_LENGTH = "packet-length-errors"
    CHECKSUM = "checksum-errors"
    ZERO_COUNT = "zero-count-errors"
    ZERO_INTERVAL = "zero-interval-errors"
    AUTHENTICATION_TYPE = "authentication-type-errors"
    AUTHENTICATION_FAILURE = "authentication-failures"
    INTERVAL = "interval-errors"
    ADDRESS_LIST = "address-list-errors"
    OWN_PACKET = "own-packets-rcvd"
    OWNER = "owner-ignored-adverts"
    OWNER_CONFLICT = "owner-conflicts"  # two routers with priority 255 (RFC 9568 8.3.2)
    FIRST_NOT_LINK_LOCAL = "first-address-not-link-local-errors"  # IPv6 (RFC 9568 5.2.9)


@dataclass(frozen=True, slots=True)
class Discard:
    """A packet that is not acted on: which check failed, and what was seen.

    Attributes:
        vrid: the VRID in the packet, None where it is too short to hold one.
    """

    reason: DiscardReason
    detail: str
    vrid: int | None = None


class ChecksumForm(Enum):
    """What the checksum of an advertisement covers."""

    MESSAGE = "message"  # RFC 3768 5.3.8; RFC 9568 5.2.8 for IPv4
    PSEUDO_HEADER = "pseudo-header"  # RFC 9568 5.2.8 for IPv6; keepalived and FRR for v3 IPv4


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One VRRP advertisement, as it stands in the packet.

    Attributes:
        interval: in the version's own unit (v2: seconds, v3: centiseconds).
        addresses: all of one family.
        authentication_type: v2's Auth Type; 0 in v3.
        authentication_data: v2's eight bytes; empty in v3.
        checksum_form: what the checksum of a received one covers; None in one to be sent.
    """

    version: Version
    vrid: int
    priority: int
    interval: int
    addresses: tuple[Address, ...]
    authentication_type: int = AUTHENTICATION_NONE
    authentication_data: bytes = b""
    checksum_form: ChecksumForm | None = field(default=None, compare=False)

    @property
    def interval_ns(self) -> int:
        return self.interval * self.version.interval_unit_ns


def internet_checksum(data: bytes) -> int:
    """The 16-bit one's complement of the one's complement sum of ``data`` (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    number = int.from_bytes(data, "big")
    # 65536 is 1 modulo 65535: the number is congruent to the sum of its 16-bit words. That sum,
    # with its carries folded in, is 0 only where all words are.
    total = number % 0xFFFF or (0xFFFF if number else 0)
    return ~total & 0xFFFF


def pseudo_header(
    source: Address, destination: Address, length: int, protocol: int = IPPROTO_VRRP
) -> bytes:
    """The pseudo-header of RFC 8200 8.1 for IPv6, of RFC 793 3.1 for IPv4."""
    if Family(source.version) is Family.IPV6:
        return source.packed + destination.packed + struct.pack("!IHBB", length, 0, 0, protocol)
    return source.packed + destination.packed + struct.pack("!BBH", 0, protocol, length)


def default_checksum_form(version: Version, family: Family) -> ChecksumForm:
    """What keepalived sends by default: the message alone in v2, with a pseudo-header in v3."""
    if version.number == 2 and family is Family.IPV4:
        return ChecksumForm.MESSAGE
    return ChecksumForm.PSEUDO_HEADER


def checksum(message: bytes, source: Address, destination: Address, form: ChecksumForm) -> int:
    """The checksum of a message whose checksum field is zero."""
    if form is ChecksumForm.PSEUDO_HEADER:
        return internet_checksum(pseudo_header(source, destination, len(message)) + message)
    return internet_checksum(message)


def encode(
    advertisement: Advertisement,
    source: Address,
    destination: Address,
    form: ChecksumForm | None = None,
) -> bytes:
    """The bytes of an advertisement, as the IP payload from ``source`` to ``destination``.

    Args:
        form: what the checksum covers; by default what :func:`default_checksum_form` says.

    Raises:
        ValueError: a field does not fit into the packet. The configuration reader refuses such
            values before they get here.
    """
    version = advertisement.version
    _refuse_what_does_not_fit(advertisement, Family(source.version))
    if version.has_authentication_data:
        third_word = (advertisement.authentication_type << 8) | advertisement.interval
    else:
        third_word = advertisement.interval
    message = bytearray(
        _HEADER.pack(
            version.number << 4 | TYPE_ADVERTISEMENT,
            advertisement.vrid,
            advertisement.priority,
            len(advertisement.addresses),
            third_word,
            0,
        )
    )
    for address in advertisement.addresses:
        message += address.packed
    if version.has_authentication_data:
        message += advertisement.authentication_data.ljust(AUTHENTICATION_DATA_SIZE, b"\0")
    form = form or default_checksum_form(version, Family(source.version))
    struct.pack_into(
        "!H", message, _CHECKSUM_OFFSET, checksum(bytes(message), source, destination, form)
    )
    return bytes(message)


def _refuse_what_does_not_fit(advertisement: Advertisement, family: Family) -> None:
    version = advertisement.version

    def hold(name: str, value: int, low: int, high: int) -> None:
        if not low <= value <= high:
            raise ValueError(f"{name} {value} not in {low}..{high}")

    hold("VRID", advertisement.vrid, 1, 255)
    hold("priority", advertisement.priority, PRIORITY_RESIGNING, PRIORITY_OWNER)
    hold("interval", advertisement.interval, 1, version.interval_max)
    hold(
        "authentication type",
        advertisement.authentication_type,
        0,
        255 if version.has_authentication_data else 0,
    )
    room = AUTHENTICATION_DATA_SIZE * version.has_authentication_data
    if len(advertisement.authentication_data) > room:
        raise ValueError(
            f"{len(advertisement.authentication_data)} bytes of authentication data; "
            f"version {version.number} holds {room}"
        )
    if not 1 <= len(advertisement.addresses) <= 255:
        raise ValueError(f"{len(advertisement.addresses)} addresses; an advertisement holds 1..255")
    if family not in version.families:
        raise ValueError(f"version {version.number} is not defined for IPv{family.value}")
    for address in advertisement.addresses:
        if Family(address.version) is not family:
            raise ValueError(f"{address} in an advertisement over IPv{family.value}")


def decode(message: bytes, source: Address, destination: Address) -> Advertisement | Discard:
    """Read the payload of an IP packet with protocol 112.

    The checks are those of RFC 9568 7.1 and RFC 3768 7.1 that need nothing but the packet, in
    the order that lets the most specific counter move. What needs the configuration is checked
    by :func:`vipkeeper.vrrp.admission.admit`.
    """
    if len(message) < _HEADER.size:
        vrid = message[1] if len(message) > 1 else None
        return Discard(DiscardReason.INCOMPLETE_PACKET, f"{len(message)} bytes", vrid)
    version_type, vrid, priority, count, third_word, _ = _HEADER.unpack_from(message)
    family = Family.IPV4 if isinstance(source, IPv4Address) else Family.IPV6
    version = VERSIONS.get(version_type >> 4)
    if version is None or family not in version.families:
        return Discard(DiscardReason.VERSION, f"version {version_type >> 4}", vrid)
    if version_type & 0x0F != TYPE_ADVERTISEMENT:
        return Discard(DiscardReason.INVALID_TYPE, f"type {version_type & 0x0F}", vrid)
    if vrid == 0:
        return Discard(DiscardReason.VRID, "VRID 0", vrid)
    address_size = 4 if family is Family.IPV4 else 16
    addresses_end = _HEADER.size + count * address_size
    expected = addresses_end + AUTHENTICATION_DATA_SIZE * version.has_authentication_data
    if len(message) != expected:
        return Discard(
            DiscardReason.PACKET_LENGTH,
            f"{len(message)} bytes, {expected} expected for {count} addresses",
            vrid,
        )
    form = matching_checksum_form(message, source, destination, version)
    if form is None:
        return Discard(DiscardReason.CHECKSUM, "checksum does not match", vrid)
    if count == 0:
        return Discard(DiscardReason.ZERO_COUNT, "no address", vrid)
    interval = third_word & (0xFF if version.has_authentication_data else _INTERVAL_MASK_V3)
    if interval == 0:
        return Discard(DiscardReason.ZERO_INTERVAL, "interval 0", vrid)
    make_address = IPv4Address if family is Family.IPV4 else IPv6Address
    return Advertisement(
        version=version,
        vrid=vrid,
        priority=priority,
        interval=interval,
        addresses=tuple(
            make_address(message[start : start + address_size])
            for start in range(_HEADER.size, addresses_end, address_size)
        ),
        authentication_type=third_word >> 8 if version.has_authentication_data else 0,
        authentication_data=message[addresses_end:],
        checksum_form=form,
    )


def matching_checksum_form(
    message: bytes, source: Address, destination: Address, version: Version
) -> ChecksumForm | None:
    """Which form the checksum of a message of even length is right in, None if in none allowed.

    VRRPv3 over IPv4 is sent in both forms by what is in the field (RFC 5798 5.2.8 was read in
    two ways), so both are accepted there.
    """
    is_ipv4 = isinstance(source, IPv4Address)
    # A message with its right checksum sums up to 0, as in internet_checksum; 0x0000 and 0xffff
    # are the same number in one's complement arithmetic (RFC 1624 3).
    total = int.from_bytes(message, "big")
    if version.number == 3:
        pseudo_header_sum = int(source) + int(destination) + len(message) + IPPROTO_VRRP
        if (total + pseudo_header_sum) % 0xFFFF == 0:
            return ChecksumForm.PSEUDO_HEADER
    if is_ipv4 and total % 0xFFFF == 0:
        return ChecksumForm.MESSAGE
    return None
