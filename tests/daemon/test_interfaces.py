from __future__ import annotations

from ipaddress import ip_address

from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.linux.rtnetlink import AddressGone, InterfaceAddress, Link, LinkGone
from vipkeeper.vrrp.datagram import Address
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


def own(interfaces: Interfaces, name: str, family: Family, virtual: set[Address]) -> list[Address]:
    return list(interfaces.own_addresses(name, family, virtual))


def test_what_is_virtual_is_not_the_interfaces_own() -> None:
    assert own(table(), "eth0", Family.IPV4, {VIP}) == [OWN, SECOND]
    assert own(table(), "eth0", Family.IPV4, set()) == [VIP, OWN, SECOND]
    assert own(table(), "eth0", Family.IPV6, set()) == []


def test_when_one_goes_the_next_is_first() -> None:
    interfaces = table()
    interfaces.apply(AddressGone(2, OWN, 24))
    assert own(interfaces, "eth0", Family.IPV4, {VIP}) == [SECOND]


def test_a_link_is_found_by_its_new_name_only() -> None:
    interfaces = table()
    interfaces.apply(Link(2, "lan0", ETH0.mac, usable=False))
    assert interfaces.link("eth0") is None
    assert not interfaces.is_usable("lan0")
    assert own(interfaces, "lan0", Family.IPV4, {VIP}) == [OWN, SECOND]


def test_a_link_that_went_takes_its_addresses_along() -> None:
    interfaces = table()
    interfaces.apply(LinkGone(2))
    assert not interfaces.is_usable("eth0")
    interfaces.apply(ETH0)
    assert own(interfaces, "eth0", Family.IPV4, set()) == []


def test_what_waits_for_duplicate_detection_cannot_be_sent_from_yet() -> None:
    interfaces = table()
    address = ip_address("fe80::1")
    interfaces.apply(InterfaceAddress(2, address, 64, usable=False))
    assert own(interfaces, "eth0", Family.IPV6, set()) == []
    assert interfaces.host_has(address)

    interfaces.apply(InterfaceAddress(2, address, 64, usable=True))
    assert own(interfaces, "eth0", Family.IPV6, set()) == [address]


def test_an_address_with_two_prefix_lengths_is_there_until_both_have_gone() -> None:
    interfaces = table()
    interfaces.apply(InterfaceAddress(2, VIP, 32))
    interfaces.apply(AddressGone(2, VIP, 24))
    assert [form.prefix_length for form in interfaces.forms(2, VIP)] == [32]
    assert interfaces.has_address("eth0", VIP)
    interfaces.apply(AddressGone(2, VIP, 32))
    assert not interfaces.has_address("eth0", VIP)
