"""The codec against whatever bytes there are."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from vipkeeper.vrrp.advertisement import (
    GROUPS,
    Advertisement,
    ChecksumForm,
    Discard,
    DiscardReason,
    decode,
    encode,
    matching_checksum_form,
)
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.version import VRRPV2, VRRPV3, Family

IPV4 = st.builds(IPv4Address, st.integers(0, 2**32 - 1))
IPV6 = st.builds(IPv6Address, st.integers(0, 2**128 - 1))
ADDRESSES: st.SearchStrategy[Address] = st.one_of(IPV4, IPV6)

V2_ADVERTISEMENTS = st.builds(
    Advertisement,
    version=st.just(VRRPV2),
    vrid=st.integers(1, 255),
    priority=st.integers(0, 255),
    interval=st.integers(1, 255),
    addresses=st.lists(IPV4, min_size=1, max_size=255).map(tuple),
    authentication_type=st.integers(0, 255),
    authentication_data=st.binary(min_size=8, max_size=8),
)


def v3_advertisements(addresses: st.SearchStrategy[Address]) -> st.SearchStrategy[Advertisement]:
    return st.builds(
        Advertisement,
        version=st.just(VRRPV3),
        vrid=st.integers(1, 255),
        priority=st.integers(0, 255),
        interval=st.integers(1, 4095),
        addresses=st.lists(addresses, min_size=1, max_size=255).map(tuple),
    )


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """Random bytes whose first four look like an advertisement's: they get further than most."""
    header = bytes(
        (
            draw(st.sampled_from((0x21, 0x31, 0x20, 0x41))),
            draw(st.integers(0, 255)),
            draw(st.integers(0, 255)),
            draw(st.integers(0, 3)),
        )
    )
    return header + draw(st.binary(max_size=70))


@given(st.one_of(st.binary(max_size=1100), nearly_right()), ADDRESSES, ADDRESSES)
def test_decode_never_raises(message: bytes, source: Address, destination: Address) -> None:
    decoded = decode(message, source, destination)

    assert isinstance(decoded, Advertisement | Discard)
    if isinstance(decoded, Discard):
        assert isinstance(decoded.reason, DiscardReason)
        assert decoded.vrid == (message[1] if len(message) > 1 else None)
        assert decoded.detail


@given(V2_ADVERTISEMENTS, IPV4)
def test_v2_round_trip(advertisement: Advertisement, source: IPv4Address) -> None:
    message = encode(advertisement, source, GROUPS[Family.IPV4])

    assert decode(message, source, GROUPS[Family.IPV4]) == advertisement
    assert len(message) == 16 + 4 * len(advertisement.addresses)


@given(v3_advertisements(IPV4), IPV4, st.sampled_from(ChecksumForm))
def test_v3_ipv4_round_trip(
    advertisement: Advertisement, source: IPv4Address, form: ChecksumForm
) -> None:
    message = encode(advertisement, source, GROUPS[Family.IPV4], form)

    assert decode(message, source, GROUPS[Family.IPV4]) == advertisement
    assert len(message) == 8 + 4 * len(advertisement.addresses)


@given(v3_advertisements(IPV6), IPV6)
def test_v3_ipv6_round_trip(advertisement: Advertisement, source: IPv6Address) -> None:
    message = encode(advertisement, source, GROUPS[Family.IPV6])

    assert decode(message, source, GROUPS[Family.IPV6]) == advertisement
    assert len(message) == 8 + 16 * len(advertisement.addresses)


@given(st.binary(min_size=8, max_size=70), IPV4)
def test_what_decodes_encodes_to_the_same_bytes(message: bytes, source: IPv4Address) -> None:
    """With the checksum put right, for random bytes hardly ever have it so."""
    message = b"\x21\x01" + message[2:3] + bytes((max(0, (len(message) - 16) // 4),)) + message[4:]
    group = GROUPS[Family.IPV4]
    righted = with_right_checksum(message)
    decoded = decode(righted, source, group)

    if isinstance(decoded, Advertisement):
        assert encode(decoded, source, group) == righted


def with_right_checksum(message: bytes) -> bytes:
    """The same message, its checksum field filled in by trial of the definition (RFC 1071)."""
    total = sum(
        int.from_bytes(message[i : i + 2].ljust(2, b"\0"), "big")
        for i in range(0, len(message), 2)
        if i != 6
    )
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return message[:6] + (total ^ 0xFFFF).to_bytes(2, "big") + message[8:]


@given(V2_ADVERTISEMENTS, IPV4, st.data())
def test_any_flipped_bit_of_a_v2_packet_is_noticed(
    advertisement: Advertisement, source: IPv4Address, data: st.DataObject
) -> None:
    """A bit changes a 16-bit word by a power of two, which is never a multiple of 0xffff: the
    checksum fails, if no check before it does. Nothing is ever read wrongly."""
    message = bytearray(encode(advertisement, source, GROUPS[Family.IPV4]))
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    message[bit // 8] ^= 1 << bit % 8
    discard = decode(bytes(message), source, GROUPS[Family.IPV4])

    assert isinstance(discard, Discard)
    expected = {
        0: {DiscardReason.VERSION, DiscardReason.INVALID_TYPE, DiscardReason.PACKET_LENGTH},
        1: {DiscardReason.CHECKSUM, DiscardReason.VRID},
        3: {DiscardReason.PACKET_LENGTH},
    }
    assert discard.reason in expected.get(bit // 8, {DiscardReason.CHECKSUM})


@given(v3_advertisements(IPV6), IPV6, st.data())
def test_any_flipped_bit_of_a_v3_ipv6_packet_is_noticed(
    advertisement: Advertisement, source: IPv6Address, data: st.DataObject
) -> None:
    message = bytearray(encode(advertisement, source, GROUPS[Family.IPV6]))
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    message[bit // 8] ^= 1 << bit % 8

    assert isinstance(decode(bytes(message), source, GROUPS[Family.IPV6]), Discard)


@given(v3_advertisements(IPV4), IPV4, st.data())
def test_a_flipped_bit_of_a_v3_ipv4_packet_passes_only_as_the_other_checksum_form(
    advertisement: Advertisement, source: IPv4Address, data: st.DataObject
) -> None:
    """The price of accepting two forms: where the pseudo-header happens to sum up to a power of
    two, a flipped bit turns one form into the other."""
    group = GROUPS[Family.IPV4]
    message = bytearray(encode(advertisement, source, group, ChecksumForm.PSEUDO_HEADER))
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    message[bit // 8] ^= 1 << bit % 8

    if isinstance(decode(bytes(message), source, group), Advertisement):
        form = matching_checksum_form(bytes(message), source, group, VRRPV3)
        assert form is ChecksumForm.MESSAGE
