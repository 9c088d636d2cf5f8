"""What interfaces mean for a router; the weights are what keepalived 2.2.7 makes of them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests.daemon.recording import SETTINGS
from vipkeeper.daemon.circumstances import effective_priority, obstacle, source_address
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.settings import TrackedInterface
from vipkeeper.linux.rtnetlink import InterfaceAddress, Link
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.router import Peer

MAC = b"\2\0\0\0\0\1"


def interfaces(*, up: bool) -> Interfaces:
    known = Interfaces()
    known.replace_all(
        [Link(2, "eth0", MAC, usable=True), Link(3, "eth1", MAC, usable=up)],
        [InterfaceAddress(2, ip_address("192.168.100.196"), 24)],
    )
    return known


@pytest.mark.parametrize(
    ("weight", "reverse", "while_up", "while_down"),
    [
        (20, False, 120, 100),
        (-30, False, 100, 70),
        (20, True, 80, 100),
        (-30, True, 100, 130),
        (253, False, 254, 100),
        (-253, False, 100, 1),
    ],
)
def test_weights(weight: int, reverse: bool, while_up: int, while_down: int) -> None:
    settings = replace(SETTINGS, priority=100, tracked=(TrackedInterface("eth1", weight, reverse),))
    assert effective_priority(settings, interfaces(up=True)) == while_up
    assert effective_priority(settings, interfaces(up=False)) == while_down


def test_a_virtual_address_is_the_source_of_an_owner_alone() -> None:
    virtual = {item.address for item in SETTINGS.addresses}
    known = interfaces(up=True)
    assert source_address(SETTINGS, known, virtual) is None
    owner = replace(SETTINGS, priority=255)
    assert source_address(owner, known, virtual) == ip_address("192.168.100.196")


LINK_LOCAL, GLOBAL = ip_address("fe80::67"), ip_address("2001:db8::67")
NEAR, FAR = Peer(ip_address("fe80::131")), Peer(ip_address("2001:db8::131"))


def with_ipv6() -> Interfaces:
    known = interfaces(up=True)
    for address in (GLOBAL, LINK_LOCAL):
        known.apply(InterfaceAddress(2, address, 64))
    return known


def test_adverts_over_ipv6_come_from_a_link_local_address() -> None:
    """RFC 9568 5.1.2.1; only to peers that are all farther away than the link from another."""
    settings = replace(SETTINGS, version=3, family=6)
    known = with_ipv6()
    assert source_address(settings, known, ()) == LINK_LOCAL
    assert source_address(replace(settings, peers=(NEAR, FAR)), known, ()) == LINK_LOCAL
    assert source_address(replace(settings, peers=(FAR,)), known, ()) == GLOBAL
    assert source_address(settings, known, {LINK_LOCAL}) is None


def test_a_source_that_the_file_names_is_taken_whether_it_is_there_or_not() -> None:
    """As keepalived: track_src_ip is what makes the difference."""
    elsewhere = ip_address("192.0.2.9")
    named = replace(SETTINGS, source=elsewhere)
    known = interfaces(up=True)
    assert source_address(named, known, ()) == elsewhere
    assert obstacle(named, known, elsewhere) is None
    tracked = replace(named, track_source=True)
    assert obstacle(tracked, known, elsewhere) is ShutdownCause.NO_SOURCE_ADDRESS
    known.apply(InterfaceAddress(3, elsewhere, 32))
    assert obstacle(tracked, known, elsewhere) is None


def test_without_an_address_to_advertise_it_takes_no_part() -> None:
    """RFC 9568 5.2.5 and erratum 8299: no advert has a count of 0, and none is listened to."""
    (address,) = SETTINGS.addresses
    bare = replace(SETTINGS, addresses=(replace(address, advertised=False),))
    source = ip_address("192.168.100.67")
    assert obstacle(SETTINGS, interfaces(up=True), source) is None
    assert obstacle(bare, interfaces(up=True), source) is ShutdownCause.NO_VIRTUAL_ADDRESS
