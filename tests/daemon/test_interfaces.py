from __future__ import annotations

from ipaddress import ip_address

from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.linux.rtnetlink import AddressGone, InterfaceAddress, Link, LinkGone
from vipkeeper.vrrp.version import Family

ETH0 = Link(2, "eth0", b"\x02" * 6, usable=True)
OWN = ip_address("192.0.2.10")
SECOND = ip_address("192.0.2.11")
VIP = ip_address("192.0.2.1")


def table() -> Interfaces:
    interfaces = Interfaces()
    interfaces.replace_all(
        [ETH0], [InterfaceAddress(2, address, 24) for address in (VIP, OWN, SECOND)]
    )
    return interfaces


def test_the_primary_address_is_the_first_that_is_not_virtual() -> None:
    assert table().primary_address("eth0", Family.IPV4, {VIP}) == OWN
    assert table().primary_address("eth0", Family.IPV4, set()) == VIP
    assert table().primary_address("eth0", Family.IPV6, set()) is None


def test_when_it_goes_the_next_one_is_primary() -> None:
    interfaces = table()
    interfaces.apply(AddressGone(2, OWN, 24))
    assert interfaces.primary_address("eth0", Family.IPV4, {VIP}) == SECOND


def test_a_link_is_found_by_its_new_name_only() -> None:
    interfaces = table()
    interfaces.apply(Link(2, "lan0", ETH0.mac, usable=False))
    assert interfaces.link("eth0") is None
    assert not interfaces.is_usable("lan0")
    assert interfaces.primary_address("lan0", Family.IPV4, {VIP}) == OWN


def test_a_link_that_went_takes_its_addresses_along() -> None:
    interfaces = table()
    interfaces.apply(LinkGone(2))
    assert not interfaces.is_usable("eth0")
    interfaces.apply(ETH0)
    assert interfaces.primary_address("eth0", Family.IPV4, set()) is None
