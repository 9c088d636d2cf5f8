"""The checks that need the configuration, in their order, and what is only remarked."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.vrrp.examples import LOWER, OURS, V2, V3, V3_IPV6, arrived
from vipkeeper.vrrp.admission import Admitted, admit, attribute
from vipkeeper.vrrp.advertisement import (
    GROUPS,
    Advertisement,
    Discard,
    DiscardReason,
    decode,
    encode,
)
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import Peer, VirtualRouter
from vipkeeper.vrrp.version import SECOND_NS, Family

OTHER_IP = IPv4Address("192.168.100.197")
WITH_PASSWORD = replace(V2, password=b"password")
OWNER = replace(V2, priority=255)


def received(router: VirtualRouter, priority: int = 50, source: Address = LOWER) -> Advertisement:
    """What arrives from a node that is configured like this (through the codec)."""
    group = GROUPS[router.family]
    advertisement = decode(encode(router.advertisement(priority), source, group), source, group)
    assert isinstance(advertisement, Advertisement)
    return advertisement


def verdict(
    router: VirtualRouter, advertisement: Advertisement, source: Address = LOWER, ttl: int = 255
) -> Admitted | Discard:
    """What an Active router makes of it."""
    return admit(router, advertisement, arrived(router, source, ttl), advertising=True)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (V2, V2),
        (V3, V3),
        (WITH_PASSWORD, WITH_PASSWORD),
        (replace(V2, password=b"short"), replace(V2, password=b"short\0\0\0")),
        (replace(V2, password=b""), replace(V2, password=b"")),
        (OWNER, V2),
        (replace(V2, owner_ignores_adverts=True), V2),
        (replace(V2, primary_address=None), V2),
        (replace(V2, discard_address_list_mismatch=True), V2),
        (
            replace(V2, addresses=(*V2.addresses, OTHER_IP)),
            replace(V2, addresses=(OTHER_IP, *V2.addresses)),
        ),
    ],
    ids=[
        "v2", "v3", "password", "shorter password", "empty password",
        "an owner listens", "only an owner ignores", "without a primary address",
        "the same list, strictly", "another order of the same addresses",
    ],
)  # fmt: skip
def test_admitted(ours: VirtualRouter, theirs: VirtualRouter) -> None:
    assert verdict(ours, received(theirs)) == Admitted()


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (V3, V2, DiscardReason.VERSION),
        (V2, V3, DiscardReason.VERSION),
        (V2, WITH_PASSWORD, DiscardReason.AUTHENTICATION_TYPE),
        (WITH_PASSWORD, V2, DiscardReason.AUTHENTICATION_TYPE),
        (WITH_PASSWORD, replace(V2, password=b"passwort"), DiscardReason.AUTHENTICATION_FAILURE),
        (WITH_PASSWORD, replace(V2, password=b"passwor"), DiscardReason.AUTHENTICATION_FAILURE),
        (WITH_PASSWORD, replace(V2, password=b""), DiscardReason.AUTHENTICATION_FAILURE),
        (V2, replace(V2, advertisement_interval_ns=2 * SECOND_NS), DiscardReason.INTERVAL),
        (replace(OWNER, owner_ignores_adverts=True), V2, DiscardReason.OWNER),
        (
            replace(V2, discard_address_list_mismatch=True),
            replace(V2, addresses=(OTHER_IP,)),
            DiscardReason.ADDRESS_LIST,
        ),
    ],
    ids=lambda value: value.name if isinstance(value, DiscardReason) else "",
)
def test_discarded(ours: VirtualRouter, theirs: VirtualRouter, reason: DiscardReason) -> None:
    discard = verdict(ours, received(theirs))

    assert isinstance(discard, Discard)
    assert discard.reason is reason
    assert discard.vrid == 1
    assert discard.detail


def test_the_detail_names_both_intervals_in_seconds() -> None:
    ours = replace(V2, advertisement_interval_ns=3 * SECOND_NS)
    discard = verdict(ours, received(V2))

    assert isinstance(discard, Discard)
    assert discard.detail == "advertisement interval mismatch mine=3 sec rcv'd=1 sec"


@pytest.mark.parametrize("ttl", [0, 1, 64, 254])
def test_what_was_forwarded_is_discarded(ttl: int) -> None:
    discard = verdict(V2, received(V2), LOWER, ttl)

    assert isinstance(discard, Discard)
    assert discard.reason is DiscardReason.IP_TTL


def test_authentication_of_another_kind_is_not_ours() -> None:
    """Auth Type 2 was RFC 2338's IP Authentication Header."""
    header = replace(received(WITH_PASSWORD), authentication_type=2)
    discard = verdict(WITH_PASSWORD, header)

    assert isinstance(discard, Discard)
    assert discard.reason is DiscardReason.AUTHENTICATION_TYPE


def test_no_detail_gives_a_password_away() -> None:
    discard = verdict(WITH_PASSWORD, received(replace(V2, password=b"geheim")))

    assert isinstance(discard, Discard)
    assert "geheim" not in discard.detail
    assert "password" not in discard.detail.replace("invalid passw", "")


def test_another_list_of_addresses_is_remarked_and_acted_on() -> None:
    admitted = verdict(V2, received(replace(V2, addresses=(OTHER_IP,))))

    assert isinstance(admitted, Admitted)
    (remark,) = admitted.remarks
    assert remark.reason is DiscardReason.ADDRESS_LIST
    assert "192.168.100.196" in remark.detail
    assert "192.168.100.197" in remark.detail


def test_the_owners_list_counts_even_where_others_are_discarded() -> None:
    """RFC 3768 7.1: unless the packet was generated by the address owner."""
    strict = replace(V2, discard_address_list_mismatch=True)
    admitted = verdict(strict, received(replace(V2, addresses=(OTHER_IP,)), priority=255))

    assert isinstance(admitted, Admitted)
    assert [remark.reason for remark in admitted.remarks] == [DiscardReason.ADDRESS_LIST]


V6_GLOBAL_FIRST = replace(V3_IPV6, addresses=tuple(reversed(V3_IPV6.addresses)))


@pytest.mark.parametrize(
    ("ours", "theirs", "priority", "reasons"),
    [
        (
            V3,
            replace(V3, advertisement_interval_ns=SECOND_NS // 10),
            50,
            [DiscardReason.INTERVAL],
        ),
        (
            V3,
            replace(V3, advertisement_interval_ns=SECOND_NS // 10, addresses=(OTHER_IP,)),
            50,
            [DiscardReason.INTERVAL, DiscardReason.ADDRESS_LIST],
        ),
        (OWNER, V2, 255, [DiscardReason.OWNER_CONFLICT]),
        (OWNER, V2, 254, []),
        (V2, V2, 255, []),
        (V6_GLOBAL_FIRST, V6_GLOBAL_FIRST, 50, [DiscardReason.FIRST_NOT_LINK_LOCAL]),
    ],
)
def test_what_is_remarked_and_acted_on(
    ours: VirtualRouter, theirs: VirtualRouter, priority: int, reasons: list[DiscardReason]
) -> None:
    """RFC 9568 7.1 never discards for the interval or the list, and 8.3.2 logs two owners."""
    source = LOWER if ours.family is Family.IPV4 else V3_IPV6.addresses[0]
    admitted = verdict(ours, received(theirs, priority, source), source)

    assert isinstance(admitted, Admitted)
    assert [remark.reason for remark in admitted.remarks] == reasons


def test_an_owner_that_listens_to_nobody_names_the_other_owner() -> None:
    deaf = replace(OWNER, owner_ignores_adverts=True)
    discard = verdict(deaf, received(V2, 255))

    assert isinstance(discard, Discard)
    assert discard.reason is DiscardReason.OWNER_CONFLICT


@pytest.mark.parametrize(
    ("found", "for_us", "for_nobody"),
    [
        (DiscardReason.INCOMPLETE_PACKET, DiscardReason.PACKET_LENGTH, None),
        (DiscardReason.VERSION, None, None),
        (DiscardReason.CHECKSUM, None, None),
        (DiscardReason.PACKET_LENGTH, None, DiscardReason.VRID),
        (DiscardReason.INVALID_TYPE, None, DiscardReason.VRID),
        (DiscardReason.ZERO_COUNT, None, DiscardReason.VRID),
        (DiscardReason.ZERO_INTERVAL, None, DiscardReason.VRID),
        (DiscardReason.VRID, None, None),
    ],
    ids=lambda value: value.name if isinstance(value, DiscardReason) else "",
)
def test_a_broken_packet_counts_for_whom_it_reached(
    found: DiscardReason, for_us: DiscardReason | None, for_nobody: DiscardReason | None
) -> None:
    discard = Discard(found, "seen", 1)

    assert attribute(discard, ours=True) == replace(discard, reason=for_us or found)
    assert attribute(discard, ours=False) == replace(discard, reason=for_nobody or found)


def test_the_first_failed_check_is_the_one_that_counts() -> None:
    """An advert with everything wrong, righted check by check in the order of the ladder."""
    ours = replace(
        OWNER, password=b"password", owner_ignores_adverts=True, discard_address_list_mismatch=True
    )
    strangers = replace(V2, addresses=(OTHER_IP,), advertisement_interval_ns=2 * SECOND_NS)
    repairs = (
        (replace(V3, addresses=(OTHER_IP,)), 255, OURS, 64, DiscardReason.IP_TTL),
        (replace(V3, addresses=(OTHER_IP,)), 255, OURS, 255, DiscardReason.VERSION),
        (strangers, 255, OURS, 255, DiscardReason.OWN_PACKET),
        (strangers, 50, LOWER, 255, DiscardReason.AUTHENTICATION_TYPE),
        (
            replace(strangers, password=b"x"),
            50,
            LOWER,
            255,
            DiscardReason.AUTHENTICATION_FAILURE,
        ),
        (replace(strangers, password=b"password"), 50, LOWER, 255, DiscardReason.INTERVAL),
        (replace(ours, addresses=(OTHER_IP,)), 50, LOWER, 255, DiscardReason.OWNER),
    )
    for theirs, priority, source, ttl, reason in repairs:
        discard = verdict(ours, received(theirs, priority), source, ttl)
        assert isinstance(discard, Discard)
        assert discard.reason is reason


@pytest.mark.parametrize("priority", [0, 100])
@pytest.mark.parametrize("router", [V2, V3, V3_IPV6], ids=["v2", "v3", "v3 IPv6"])
def test_our_own_packets_are_recognised(router: VirtualRouter, priority: int) -> None:
    source = router.primary_address
    assert source is not None
    discard = verdict(router, received(router, priority, source), source)

    assert isinstance(discard, Discard)
    assert discard.reason is DiscardReason.OWN_PACKET


@pytest.mark.parametrize("router", [V2, V3, V3_IPV6], ids=["v2", "v3", "v3 IPv6"])
@pytest.mark.parametrize("priority", [50, 200, 255])
def test_a_router_with_our_address_and_another_priority_is_heard(
    router: VirtualRouter, priority: int
) -> None:
    """Two routers may share one link-local address: that of the virtual MAC is the same on both.

    Were their adverts taken for our own, both would be Active for good.
    """
    source = router.primary_address
    assert source is not None

    assert verdict(router, received(router, priority, source), source) == Admitted()


@pytest.mark.parametrize("router", [V2, V3, V3_IPV6], ids=["v2", "v3", "v3 IPv6"])
def test_a_backup_sends_nothing_so_that_nothing_it_hears_is_its_own(router: VirtualRouter) -> None:
    """Another router has our address and our priority: it is followed, not passed over."""
    source = router.primary_address
    assert source is not None
    heard = received(router, router.priority, source)

    assert admit(router, heard, arrived(router, source), advertising=False) == Admitted()


PEER, STRANGER = IPv4Address("192.168.100.67"), IPv4Address("192.168.100.68")
UNICAST = replace(V3, peers=(Peer(PEER, min_ttl=200, max_ttl=254),))


@pytest.mark.parametrize(
    ("router", "source", "destination", "ttl", "reason"),
    [
        (UNICAST, PEER, OURS, 200, None),
        (UNICAST, PEER, OURS, 254, None),
        (UNICAST, PEER, OURS, 199, DiscardReason.IP_TTL),
        (UNICAST, PEER, OURS, 255, DiscardReason.IP_TTL),
        (UNICAST, STRANGER, OURS, 3, None),
        (replace(UNICAST, peers_only=True), STRANGER, OURS, 255, DiscardReason.UNKNOWN_PEER),
        (replace(UNICAST, peers_only=True), PEER, OURS, 254, None),
        (UNICAST, PEER, GROUPS[Family.IPV4], 254, DiscardReason.DESTINATION),
        (V3, PEER, OURS, 255, DiscardReason.DESTINATION),
        (V3, PEER, IPv4Address("224.0.0.19"), 255, DiscardReason.DESTINATION),
        (replace(V3, group=IPv4Address("224.0.0.19")), PEER, IPv4Address("224.0.0.19"), 255, None),
    ],
)
def test_unicast_and_multicast_do_not_mix(
    router: VirtualRouter,
    source: Address,
    destination: Address,
    ttl: int,
    reason: DiscardReason | None,
) -> None:
    """Destination, TTL and source, as keepalived checks them."""
    datagram = arrived(router, source, ttl, destination)
    verdict = admit(router, received(V3), datagram, advertising=False)

    assert (verdict.reason if isinstance(verdict, Discard) else None) is reason
