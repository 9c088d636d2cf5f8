from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipkeeper.linux.ip_packet import ip_packet, parse_ipv4, with_identification
from vipkeeper.vrrp.advertisement import internet_checksum
from vipkeeper.vrrp.datagram import Datagram

SOURCE, GROUP = IPv4Address("192.168.100.131"), IPv4Address("224.0.0.18")
# As keepalived 2.2.7 sends it with the walkthrough's file (captured; identification 3).
KEEPALIVED = bytes.fromhex("45c00028 00030000 ff70b55c c0a86483 e0000012".replace(" ", ""))


def test_the_header_is_the_one_that_keepalived_sends() -> None:
    packet = ip_packet(SOURCE, GROUP, 3, b"\0" * 20)
    assert packet[:10] == KEEPALIVED[:10]
    assert packet[12:20] == KEEPALIVED[12:]
    assert internet_checksum(packet[:20]) == 0


@given(st.binary(max_size=100), st.integers(0, 65535), st.binary(max_size=20))
def test_what_was_built_is_read_back_without_the_padding_behind_it(
    payload: bytes, identification: int, padding: bytes
) -> None:
    packet = ip_packet(SOURCE, GROUP, identification, payload)
    assert parse_ipv4(packet + padding) == Datagram(SOURCE, GROUP, 255, payload)


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_datagram_or_none(packet: bytes) -> None:
    datagram = parse_ipv4(packet)
    assert datagram is None or len(datagram.payload) <= len(packet) - 20


def test_options_are_no_part_of_the_payload() -> None:
    plain = ip_packet(SOURCE, GROUP, 1, b"payload")
    options = b"\x94\x04\x00\x00"  # router alert (RFC 2113)
    total = (len(plain) + 4).to_bytes(2, "big")
    packet = b"\x46" + plain[1:2] + total + plain[4:20] + options + plain[20:]
    assert parse_ipv4(packet) == Datagram(SOURCE, GROUP, 255, b"payload")


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x45" * 19,
        b"\x65" + b"\0" * 40,  # IPv6
        b"\x44" + b"\0" * 40,  # a header of 16 bytes
        b"\x45\x00\x00\x10" + b"\0" * 16,  # a total length below the header's
        b"\x45\x00\x00\xff" + b"\0" * 16,  # more than there is
    ],
)
def test_what_is_no_whole_ipv4_packet_is_none(packet: bytes) -> None:
    assert parse_ipv4(packet) is None


# As keepalived 2.2.7 sends it (captured), but for its flow label.
KEEPALIVED_IPV6 = bytes.fromhex(
    "6c000000 0028 70 ff fe80000000000000000000000000000a ff020000000000000000000000000012".replace(
        " ", ""
    )
)


def test_the_ipv6_header_is_the_one_that_keepalived_sends() -> None:
    packet = ip_packet(IPv6Address("fe80::a"), IPv6Address("ff02::12"), 3, b"\0" * 40)
    assert packet == KEEPALIVED_IPV6 + b"\0" * 40


def test_another_ttl_between_unicast_peers() -> None:
    assert ip_packet(SOURCE, SOURCE, 1, b"", ttl=64)[8] == 64
    assert ip_packet(IPv6Address("::1"), IPv6Address("::2"), 1, b"", ttl=64)[7] == 64


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.ip_addresses(v=4))
def test_another_identification_makes_the_packet_that_would_have_been_made_with_it(
    before: int, after: int, source: IPv4Address
) -> None:
    destination = IPv4Address("224.0.0.18")
    packet = ip_packet(source, destination, before, b"advert")
    changed = with_identification(packet, after)
    assert changed[:10] + changed[12:] == (
        ip_packet(source, destination, after, b"advert")[:10] + packet[12:]
    )
    assert internet_checksum(changed[:20]) == 0


def test_ipv6_has_no_identification() -> None:
    packet = ip_packet(IPv6Address("fe80::1"), IPv6Address("ff02::12"), 1, b"advert")
    assert with_identification(packet, 2) == packet
