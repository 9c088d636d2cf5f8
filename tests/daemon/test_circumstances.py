"""What interfaces mean for a router; the weights are what keepalived 2.2.7 makes of them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests.daemon.recording import SETTINGS
from vipkeeper.daemon.circumstances import effective_priority, source_address
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.settings import TrackedInterface
from vipkeeper.linux.rtnetlink import InterfaceAddress, Link

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
