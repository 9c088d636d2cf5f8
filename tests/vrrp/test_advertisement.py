"""Advertisements that other implementations sent, and every way for one to be wrong."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from tests.vrrp.examples import OURS, V2, V3, V3_IPV6
from vipkeeper.vrrp.advertisement import (
    GROUPS,
    Advertisement,
    ChecksumForm,
    Discard,
    DiscardReason,
    decode,
    default_checksum_form,
    encode,
    internet_checksum,
    matching_checksum_form,
)
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import VRRPV2, VRRPV3, Family, Version

GROUP_IPV4 = GROUPS[Family.IPV4]
GROUP_IPV6 = GROUPS[Family.IPV6]


@dataclass(frozen=True)
class Golden:
    """What was on a wire, and what it says."""

    title: str
    source: str
    message: str
    advertisement: Advertisement
    form: ChecksumForm


def v4(*addresses: str) -> tuple[Address, ...]:
    return tuple(map(IPv4Address, addresses))


GOLDEN = (
    Golden("FRR, priority 200", "192.168.202.101", "3101c801000a1048 c0a8ca64",
           Advertisement(VRRPV3, 1, 200, 10, v4("192.168.202.100")),
           ChecksumForm.PSEUDO_HEADER),
    Golden("FRR, priority 100", "192.168.202.102", "31016401000a7447 c0a8ca64",
           Advertisement(VRRPV3, 1, 100, 10, v4("192.168.202.100")),
           ChecksumForm.PSEUDO_HEADER),
    Golden("keepalived, v3, three addresses", "10.0.0.3",
           "310296030064082d b9cb7001 0a000001 0a000801",
           Advertisement(VRRPV3, 2, 150, 100, v4("185.203.112.1", "10.0.0.1", "10.0.8.1")),
           ChecksumForm.PSEUDO_HEADER),
    Golden("RFC 3768's form", "10.0.1.1", "21331e010001b5c5 0a000105 0000000000000000",
           Advertisement(VRRPV2, 51, 30, 1, v4("10.0.1.5"), 0, bytes(8)),
           ChecksumForm.MESSAGE),
    Golden("keepalived, v2, without authentication", "10.9.0.5",
           "210164010001708f 0a090064 0000000000000000",
           Advertisement(VRRPV2, 1, 100, 1, v4("10.9.0.100"), 0, bytes(8)),
           ChecksumForm.MESSAGE),
    Golden("keepalived, v2, auth_pass passw: the checksum covers the password", "10.9.0.5",
           "21016401010114ba 0a090064 7061737377000000",
           Advertisement(VRRPV2, 1, 100, 1, v4("10.9.0.100"), 1, b"passw\0\0\0"),
           ChecksumForm.MESSAGE),
    Golden("keepalived, v2, resigning", "10.9.0.5",
           "21010001010178ba 0a090064 7061737377000000",
           Advertisement(VRRPV2, 1, 0, 1, v4("10.9.0.100"), 1, b"passw\0\0\0"),
           ChecksumForm.MESSAGE),
    Golden("keepalived, v3, half a second", "10.9.0.5",
           "3107780200325748 0a090064 0a090065",
           Advertisement(VRRPV3, 7, 120, 50, v4("10.9.0.100", "10.9.0.101")),
           ChecksumForm.PSEUDO_HEADER),
    Golden("keepalived, v3, IPv6", "fe80::c8cc:40ff:fe7b:b3ce",
           "3107780200327036 fe800000000000000000000000010007 20010db8000000000000000000000007",
           Advertisement(VRRPV3, 7, 120, 50,
                         (IPv6Address("fe80::1:7"), IPv6Address("2001:db8::7"))),
           ChecksumForm.PSEUDO_HEADER),
)  # fmt: skip


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.title)
def test_golden_packets_in_both_directions(golden: Golden) -> None:
    message = bytes.fromhex(golden.message)
    source = IPv6Address(golden.source) if ":" in golden.source else IPv4Address(golden.source)
    group = GROUPS[Family(source.version)]

    assert decode(message, source, group) == golden.advertisement
    assert encode(golden.advertisement, source, group) == message
    assert (
        matching_checksum_form(message, source, group, golden.advertisement.version) is golden.form
    )


def test_frr_frame_payload() -> None:
    """The IPv4 header is the kernel's to strip; here its length and addresses are read from it."""
    packet = bytes.fromhex("45c0002000454000ff700f48c0a8ca65e00000123101c801000a1048c0a8ca64")
    header, message = packet[:20], packet[20:]

    assert internet_checksum(header) == 0
    assert struct.unpack_from("!H", header, 2) == (len(packet),)
    source, destination = IPv4Address(header[12:16]), IPv4Address(header[16:20])
    advertisement = decode(message, source, destination)
    assert advertisement == GOLDEN[0].advertisement
    assert isinstance(advertisement, Advertisement)
    assert advertisement.interval_ns == 100_000_000
    assert encode(advertisement, source, destination) == message


def test_v3_over_ipv4_is_accepted_in_both_checksum_forms() -> None:
    advertisement = V3.advertisement()
    messages = {form: encode(advertisement, OURS, GROUP_IPV4, form) for form in ChecksumForm}

    assert len(set(messages.values())) == 2
    for form, message in messages.items():
        assert decode(message, OURS, GROUP_IPV4) == advertisement
        assert matching_checksum_form(message, OURS, GROUP_IPV4, VRRPV3) is form


@pytest.mark.parametrize(
    ("version", "family", "form"),
    [
        (VRRPV2, Family.IPV4, ChecksumForm.MESSAGE),
        (VRRPV3, Family.IPV4, ChecksumForm.PSEUDO_HEADER),
        (VRRPV3, Family.IPV6, ChecksumForm.PSEUDO_HEADER),
    ],
)
def test_sends_the_checksum_that_keepalived_sends(
    version: Version, family: Family, form: ChecksumForm
) -> None:
    assert default_checksum_form(version, family) is form


def test_the_other_checksum_form_is_wrong_where_there_is_only_one() -> None:
    v2 = encode(V2.advertisement(), OURS, GROUP_IPV4, ChecksumForm.PSEUDO_HEADER)
    v2_reason = decode(v2, OURS, GROUP_IPV4)
    assert isinstance(v2_reason, Discard)
    assert v2_reason.reason is DiscardReason.CHECKSUM

    source = IPv6Address("fe80::131")
    v6 = encode(V3_IPV6.advertisement(), source, GROUP_IPV6, ChecksumForm.MESSAGE)
    v6_reason = decode(v6, source, GROUP_IPV6)
    assert isinstance(v6_reason, Discard)
    assert v6_reason.reason is DiscardReason.CHECKSUM


def test_zero_and_ffff_are_the_same_checksum() -> None:
    """RFC 1624 3: a sender may write either. The password makes the sum come out so."""
    plain = encode(replace(V2, password=b"\0\0").advertisement(), OURS, GROUP_IPV4)
    (rest,) = struct.unpack_from("!H", plain, 6)
    message = encode(
        replace(V2, password=struct.pack("!H", rest)).advertisement(), OURS, GROUP_IPV4
    )
    assert message[6:8] == b"\0\0"

    for zero in (b"\0\0", b"\xff\xff"):
        decoded = decode(message[:6] + zero + message[8:], OURS, GROUP_IPV4)
        assert decoded == decode(message, OURS, GROUP_IPV4)
        assert isinstance(decoded, Advertisement)


@pytest.mark.parametrize(("router", "size"), [(V2, 1036), (V3, 1028)], ids=["v2", "v3"])
def test_an_advertisement_holds_255_addresses(router: VirtualRouter, size: int) -> None:
    many = replace(router, addresses=tuple(IPv4Address(0x0A000001 + i) for i in range(255)))
    message = encode(many.advertisement(), OURS, GROUP_IPV4)

    assert len(message) == size
    decoded = decode(message, OURS, GROUP_IPV4)
    assert isinstance(decoded, Advertisement)
    assert decoded.addresses == many.addresses


def test_v3_ignores_what_is_reserved() -> None:
    """RFC 9568 5.2.6: the four bits before the interval are ignored on reception."""
    message = bytearray(encode(V3.advertisement(), OURS, GROUP_IPV4, ChecksumForm.MESSAGE))
    message[4] |= 0xF0
    message[6:8] = bytes(2)
    struct.pack_into("!H", message, 6, internet_checksum(bytes(message)))

    assert decode(bytes(message), OURS, GROUP_IPV4) == V3.advertisement()


def summed(hexadecimal: str) -> bytes:
    """A message with the right checksum (over itself) in it, and whatever else is wrong."""
    message = bytearray.fromhex(hexadecimal)
    message[6:8] = bytes(2)
    struct.pack_into("!H", message, 6, internet_checksum(bytes(message)))
    return bytes(message)


PASSWORD = "70617373776f7264"
INCOMPLETE = tuple(
    (
        f"{size} of 8 bytes",
        bytes.fromhex("21016401010114ba")[:size],
        DiscardReason.INCOMPLETE_PACKET,
    )
    for size in range(8)
)
WRONG: tuple[tuple[str, bytes, DiscardReason], ...] = (
    *INCOMPLETE,
    ("version 0", summed("01016401010100000a090064" + PASSWORD), DiscardReason.VERSION),
    ("version 1", summed("11016401010100000a090064" + PASSWORD), DiscardReason.VERSION),
    ("version 4", summed("41016401010100000a090064" + PASSWORD), DiscardReason.VERSION),
    ("version 15", summed("f1016401010100000a090064" + PASSWORD), DiscardReason.VERSION),
    ("type 0", summed("20016401010100000a090064" + PASSWORD), DiscardReason.INVALID_TYPE),
    ("type 2", summed("22016401010100000a090064" + PASSWORD), DiscardReason.INVALID_TYPE),
    ("v3 type 15", summed("3f016401006400000a090064"), DiscardReason.INVALID_TYPE),
    ("VRID 0", summed("21006401010100000a090064" + PASSWORD), DiscardReason.VRID),
    ("v2 without its 8 bytes", summed("21016401010100000a090064"), DiscardReason.PACKET_LENGTH),
    ("v3 with v2's 8 bytes", summed("31016401006400000a090064" + PASSWORD),
     DiscardReason.PACKET_LENGTH),
    ("one byte less", summed("21016401010100000a090064" + PASSWORD)[:-1],
     DiscardReason.PACKET_LENGTH),
    ("one byte more", summed("21016401010100000a090064" + PASSWORD) + b"\0",
     DiscardReason.PACKET_LENGTH),
    ("count 2, one address", summed("21016402010100000a090064" + PASSWORD),
     DiscardReason.PACKET_LENGTH),
    ("count 255, one address", summed("210164ff010100000a090064" + PASSWORD),
     DiscardReason.PACKET_LENGTH),
    ("count 0, one address", summed("21016400010100000a090064" + PASSWORD),
     DiscardReason.PACKET_LENGTH),
    ("nothing but a header", summed("2101640101010000"), DiscardReason.PACKET_LENGTH),
    ("keepalived 2.4's signed advert",
     bytes.fromhex("2107780100014189c0a864c40000000000000000"
                   "010100006b035931832f00006bc18dfed774490f2fdebe0d04bad457"),
     DiscardReason.PACKET_LENGTH),
    ("checksum off by one", bytes.fromhex("21016401010114bb0a0900647061737377000000"),
     DiscardReason.CHECKSUM),
    ("checksum swapped", bytes.fromhex("210164010101ba140a0900647061737377000000"),
     DiscardReason.CHECKSUM),
    ("checksum left out", bytes.fromhex("21016401010100000a0900647061737377000000"),
     DiscardReason.CHECKSUM),
    ("count 0 in v2", summed("2101640001010000" + PASSWORD), DiscardReason.ZERO_COUNT),
    ("count 0 in v3", summed("3101640000640000"), DiscardReason.ZERO_COUNT),
    ("interval 0 in v2", summed("21016401010000000a090064" + PASSWORD),
     DiscardReason.ZERO_INTERVAL),
    ("interval 0 in v3", summed("31016401000000000a090064"), DiscardReason.ZERO_INTERVAL),
    ("interval 0 in v3, reserved bits set", summed("31016401f00000000a090064"),
     DiscardReason.ZERO_INTERVAL),
)  # fmt: skip


@pytest.mark.parametrize(("message", "reason"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_packets(message: bytes, reason: DiscardReason) -> None:
    discard = decode(message, IPv4Address("10.9.0.5"), GROUP_IPV4)

    assert isinstance(discard, Discard)
    assert discard.reason is reason
    assert discard.vrid == (message[1] if len(message) > 1 else None)
    assert discard.detail


def test_v2_is_not_for_ipv6() -> None:
    message = bytes.fromhex("21016401010114ba0a0900647061737377000000")
    discard = decode(message, IPv6Address("fe80::5"), GROUP_IPV6)

    assert isinstance(discard, Discard)
    assert discard.reason is DiscardReason.VERSION


def test_a_pseudo_header_with_another_destination_does_not_match() -> None:
    message = bytes.fromhex(GOLDEN[0].message)
    discard = decode(message, IPv4Address("192.168.202.101"), IPv4Address("224.0.0.19"))

    assert isinstance(discard, Discard)
    assert discard.reason is DiscardReason.CHECKSUM


@pytest.mark.parametrize(
    ("advertisement", "complaint"),
    [
        (replace(V2.advertisement(), addresses=()), "0 addresses"),
        (replace(V2.advertisement(), addresses=V2.addresses * 256), "256 addresses"),
        (replace(V2.advertisement(), interval=0), "interval 0"),
        (replace(V2.advertisement(), interval=256), "interval 256"),
        (replace(V3.advertisement(), interval=4096), "interval 4096"),
        (replace(V2.advertisement(), vrid=0), "VRID 0"),
        (replace(V2.advertisement(), vrid=256), "VRID 256"),
        (replace(V2.advertisement(), priority=-1), "priority -1"),
        (replace(V2.advertisement(), priority=256), "priority 256"),
        (replace(V2.advertisement(), authentication_type=256), "authentication type 256"),
        (replace(V2.advertisement(), authentication_data=bytes(9)), "9 bytes of authentication"),
        (replace(V3.advertisement(), authentication_type=1), "authentication type 1"),
        (replace(V3.advertisement(), authentication_data=b"x"), "1 bytes of authentication"),
        (replace(V2.advertisement(), addresses=V3_IPV6.addresses), "fe80::1:1"),
        (replace(V3.advertisement(), addresses=V3_IPV6.addresses), "fe80::1:1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_into_a_packet_is_refused(
    advertisement: Advertisement, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        encode(advertisement, OURS, GROUP_IPV4)


def test_v2_over_ipv6_is_not_sent() -> None:
    with pytest.raises(ValueError, match="version 2"):
        encode(
            replace(V2.advertisement(), addresses=V3_IPV6.addresses),
            IPv6Address("fe80::131"),
            GROUP_IPV6,
        )
