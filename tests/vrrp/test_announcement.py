"""Announcements: the frame byte by byte, and when each one goes, in virtual time."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from vipkeeper.vrrp.advertisement import internet_checksum, pseudo_header
from vipkeeper.vrrp.announcement import (
    AnnouncementSettings,
    Announcing,
    answer_losing_advert,
    begin,
    deadline,
    due,
    frame,
    gratuitous_arp,
    multicast_mac,
)
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.version import SECOND_NS

MS = 1_000_000
NOW = 1_000 * SECOND_NS
A = IPv4Address("192.168.100.196")
B = IPv4Address("192.168.100.197")
C = IPv4Address("192.168.100.198")

Frame = tuple[int, Address]
"""Nanoseconds since NOW, and the address that was announced then."""


def play(
    settings: AnnouncementSettings,
    until_ns: int,
    *,
    addresses: tuple[Address, ...] = (A,),
    losing_adverts_ns: tuple[int, ...] = (),
) -> list[Frame]:
    """Everything that is announced in so many nanoseconds after the router became Active.

    Time jumps from one deadline (or losing advert) to the next, as an idle machine's does; each
    deadline must either send something or move on.
    """
    announcing = begin(settings, addresses, NOW)
    frames: list[Frame] = []
    claims = [NOW + instant for instant in losing_adverts_ns]
    now = NOW
    while True:
        wanted = deadline(announcing)
        now = max(now, min([wanted, *claims[:1]] if wanted is not None else claims[:1], default=-1))
        if now > NOW + until_ns or (wanted is None and not claims):
            return frames
        if claims and claims[0] <= now:
            claims.pop(0)
            announcing = answer_losing_advert(settings, announcing, now)
        announcing, sent = due(settings, announcing, now)
        frames += [(now - NOW, address) for address in sent]
        following = deadline(announcing)
        assert following is None or following > now, "it would be asked again and again"


def instants(frames: list[Frame]) -> list[int]:
    return [instant for instant, _ in frames]


def test_gratuitous_arp_frame() -> None:
    """Byte for byte what keepalived 2.2.7 sent for the same address from the same MAC."""
    frame = gratuitous_arp(bytes.fromhex("0604bdd9ad7f"), IPv4Address("10.9.0.100"))

    assert frame == bytes.fromhex(
        "ffffffffffff 0604bdd9ad7f 0806"
        "0001 0800 06 04 0001"
        "0604bdd9ad7f 0a090064"
        "ffffffffffff 0a090064"
    )


def test_gratuitous_arp_fields() -> None:
    mac = bytes.fromhex("00005e000101")
    frame = gratuitous_arp(mac, A)
    destination, source, ethertype = struct.unpack_from("!6s6sH", frame)
    hardware, protocol, hardware_size, protocol_size, operation = struct.unpack_from(
        "!HHBBH", frame, 14
    )
    sender_mac, sender_ip, _, target_ip = struct.unpack_from("!6s4s6s4s", frame, 22)

    assert len(frame) == 42
    assert (destination, source, ethertype) == (b"\xff" * 6, mac, 0x0806)
    assert (hardware, protocol, hardware_size, protocol_size) == (1, 0x0800, 6, 4)
    assert operation == 1  # a request: RFC 9568 6.4.2 with erratum 7949
    assert (sender_mac, sender_ip, target_ip) == (mac, A.packed, A.packed)


def test_keepaliveds_default_is_five_at_once_and_five_after_five_seconds() -> None:
    frames = play(AnnouncementSettings(), 60 * SECOND_NS)

    assert frames == [(0, A)] * 5 + [(5 * SECOND_NS, A)] * 5


def test_a_burst_goes_round_the_addresses() -> None:
    frames = play(AnnouncementSettings(repeat=2, delay_ns=0), SECOND_NS, addresses=(A, B, C))

    assert [address for _, address in frames] == [A, B, C, A, B, C]


def test_no_second_burst() -> None:
    frames = play(AnnouncementSettings(delay_ns=0), 60 * SECOND_NS)

    assert instants(frames) == [0] * 5


def test_no_repeat_and_no_address_announce_nothing() -> None:
    assert play(AnnouncementSettings(repeat=0), 60 * SECOND_NS) == []
    refreshed = AnnouncementSettings(refresh_ns=10 * SECOND_NS)
    assert play(refreshed, 60 * SECOND_NS, addresses=()) == []


def test_refresh() -> None:
    settings = AnnouncementSettings(repeat=1, delay_ns=0, refresh_ns=10 * SECOND_NS)

    frames = play(replace(settings, refresh_repeat=2), 30 * SECOND_NS, addresses=(A, B))

    assert frames == [
        *[(0, A), (0, B)],
        *[(10 * SECOND_NS, A), (10 * SECOND_NS, B)] * 2,
        *[(20 * SECOND_NS, A), (20 * SECOND_NS, B)] * 2,
        *[(30 * SECOND_NS, A), (30 * SECOND_NS, B)] * 2,
    ]


def test_a_gap_between_two_frames() -> None:
    settings = AnnouncementSettings(repeat=2, delay_ns=SECOND_NS, interval_ns=100 * MS)

    frames = play(settings, 60 * SECOND_NS, addresses=(A, B))

    assert frames == [
        *[(0, A), (100 * MS, B), (200 * MS, A), (300 * MS, B)],
        *[(1000 * MS, A), (1100 * MS, B), (1200 * MS, A), (1300 * MS, B)],
    ]


def test_the_gap_holds_where_the_second_burst_begins_in_the_first() -> None:
    settings = AnnouncementSettings(repeat=3, delay_ns=250 * MS, interval_ns=100 * MS)

    frames = play(settings, 60 * SECOND_NS, addresses=(A, B))

    assert instants(frames) == [n * 100 * MS for n in range(12)]
    assert [address for _, address in frames] == [A, B] * 6


def test_a_losing_advert_is_answered_by_a_burst_of_its_own_and_a_second_one() -> None:
    settings = AnnouncementSettings(
        repeat=1, delay_ns=0, lower_prio_repeat=2, lower_prio_delay_ns=3 * SECOND_NS
    )

    frames = play(settings, 60 * SECOND_NS, losing_adverts_ns=(10 * SECOND_NS,))

    assert instants(frames) == [0, *[10 * SECOND_NS] * 2, *[13 * SECOND_NS] * 2]


def test_a_losing_advert_is_answered_for_every_address_five_times_and_again() -> None:
    """The defaults, as keepalived 2.2.7 answers."""
    frames = play(
        AnnouncementSettings(),
        60 * SECOND_NS,
        addresses=(A, B),
        losing_adverts_ns=(10 * SECOND_NS,),
    )

    assert frames[20:] == [
        *[(10 * SECOND_NS, A), (10 * SECOND_NS, B)] * 5,
        *[(15 * SECOND_NS, A), (15 * SECOND_NS, B)] * 5,
    ]


def test_a_losing_advert_before_the_second_burst_keeps_that_one() -> None:
    settings = AnnouncementSettings(
        repeat=1, delay_ns=5 * SECOND_NS, lower_prio_repeat=2, lower_prio_delay_ns=3 * SECOND_NS
    )

    frames = play(settings, 60 * SECOND_NS, losing_adverts_ns=(4 * SECOND_NS,))

    assert instants(frames) == [0, *[4 * SECOND_NS] * 2, 5 * SECOND_NS]


def test_a_burst_under_way_is_not_begun_anew() -> None:
    """A losing router at 10 ms must not make a flood of announcements out of its adverts."""
    settings = AnnouncementSettings(repeat=5, lower_prio_repeat=5, interval_ns=100 * MS)

    frames = play(
        settings,
        4 * SECOND_NS,
        losing_adverts_ns=tuple(n * 10 * MS for n in range(1, 40)),
    )

    assert instants(frames) == [n * 100 * MS for n in range(5)]


def test_the_gap_holds_for_the_answer_too() -> None:
    settings = AnnouncementSettings(
        repeat=1, delay_ns=0, lower_prio_repeat=2, lower_prio_delay_ns=0, interval_ns=100 * MS
    )

    frames = play(settings, SECOND_NS, losing_adverts_ns=(30 * MS,))

    assert instants(frames) == [0, 100 * MS, 200 * MS]


def test_losing_adverts_may_be_left_without_announcements() -> None:
    settings = AnnouncementSettings(repeat=1, delay_ns=0, lower_prio_repeat=0)

    assert instants(play(settings, SECOND_NS, losing_adverts_ns=(30 * MS,))) == [0]


def test_once_more_after_the_old_active_router_may_have_answered() -> None:
    settings = AnnouncementSettings(repeat=2, delay_ns=0, once_more_ns=SECOND_NS)

    frames = play(settings, 60 * SECOND_NS, addresses=(A, B))

    assert frames == [*[(0, A), (0, B)] * 2, (SECOND_NS, A), (SECOND_NS, B)]
    silent = AnnouncementSettings(repeat=0, delay_ns=0, once_more_ns=SECOND_NS)
    assert play(silent, 60 * SECOND_NS) == []


def test_a_late_wake_up_sends_what_is_due_once() -> None:
    settings = AnnouncementSettings(repeat=1, delay_ns=SECOND_NS, refresh_ns=SECOND_NS)
    announcing, first = due(settings, begin(settings, (A,), NOW), NOW)
    assert first == (A,)

    late = NOW + 7 * SECOND_NS
    announcing, sent = due(settings, announcing, late)

    assert sent == (A, A)  # the second burst and one refresh, not seven
    assert announcing == Announcing(
        addresses=(A,), pending=0, next_frame=late, second_burst=None, refresh=late + SECOND_NS
    )


def test_asked_too_early_it_sends_nothing() -> None:
    settings = AnnouncementSettings()
    announcing, _ = due(settings, begin(settings, (A,), NOW), NOW)

    assert due(settings, announcing, NOW + 5 * SECOND_NS - 1) == (announcing, ())


# Captured from keepalived 2.2.7 on an interface that does not forward.
KEEPALIVED_NA = bytes.fromhex(
    "333300000001 6a02dc49d9fe 86dd 60000000 0020 3a ff"
    " fe80000000000000 0000000000010007 ff02000000000000 0000000000000001"
    " 88 00 3943 20000000 fe80000000000000 0000000000010007 02 01 6a02dc49d9fe".replace(" ", "")
)


def test_a_neighbor_advertisement_is_the_one_that_keepalived_sends() -> None:
    mac = bytes.fromhex("6a02dc49d9fe")
    assert frame(mac, IPv6Address("fe80::1:7"), router=False) == KEEPALIVED_NA


def test_a_router_says_so_in_its_neighbor_advertisements() -> None:
    """RFC 9568 6.4.2: Router Flag set, Solicited clear, Override set; and the sum is right."""
    na = frame(bytes(6), IPv6Address("2001:db8::7"), router=True)
    icmp = na[14 + 40 :]
    assert icmp[4] == 0b1010_0000
    source, destination = IPv6Address(na[22:38]), IPv6Address(na[38:54])
    assert internet_checksum(pseudo_header(source, destination, len(icmp), 58) + icmp) == 0


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        ("224.0.0.18", "01005e000012"),
        ("239.129.2.3", "01005e010203"),  # RFC 1112 6.4: the low 23 bits only
        ("ff02::12", "333300000012"),
        ("ff02::1:ff01:7", "3333ff010007"),
    ],
)
def test_the_ethernet_address_of_a_group(group: str, mac: str) -> None:
    assert multicast_mac(ip_address(group)).hex() == mac
