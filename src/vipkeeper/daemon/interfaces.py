"""The network interfaces as the kernel last described them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from vipkeeper.linux.rtnetlink import (
    AddressGone,
    Change,
    InterfaceAddress,
    Link,
    LinkGone,
)
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.version import Family


class Interfaces:
    """Links by name, and the addresses that they have, in the kernel's order."""

    def __init__(self) -> None:
        self._links: dict[int, Link] = {}
        self._by_name: dict[str, Link] = {}
        # The same address may be there with several prefix lengths, each added and deleted alone.
        self._addresses: dict[int, dict[tuple[Address, int], InterfaceAddress]] = {}

    def replace_all(self, links: Iterable[Link], addresses: Iterable[InterfaceAddress]) -> None:
        """Forget everything and take this."""
        self._links.clear()
        self._addresses.clear()
        for link in links:
            self._links[link.index] = link
        self._index_names()
        for address in addresses:
            self.apply(address)

    def apply(self, change: Change) -> None:
        match change:
            case Link(index=index):
                self._links[index] = change
                self._index_names()
            case LinkGone(index):
                self._links.pop(index, None)
                self._addresses.pop(index, None)
                self._index_names()
            case InterfaceAddress(index, address, prefix_length):
                self._addresses.setdefault(index, {})[address, prefix_length] = change
            case AddressGone(index, address, prefix_length):
                self._addresses.get(index, {}).pop((address, prefix_length), None)

    def _index_names(self) -> None:
        self._by_name = {link.name: link for link in self._links.values()}

    def link(self, name: str) -> Link | None:
        return self._by_name.get(name)

    def is_usable(self, name: str) -> bool:
        """It exists, is up and has a carrier."""
        link = self.link(name)
        return link is not None and link.usable

    def macs(self) -> dict[str, bytes]:
        """The hardware address of each link, by its name."""
        return {name: link.mac for name, link in self._by_name.items()}

    def has_address(self, name: str, address: Address) -> bool:
        """With whatever prefix length."""
        link = self.link(name)
        return link is not None and any(self.forms(link.index, address))

    def forms(self, index: int, address: Address) -> Iterator[InterfaceAddress]:
        """One for each prefix length that this address has on this interface."""
        for item in self._addresses.get(index, {}).values():
            if item.address == address:
                yield item

    def doubt_secondaries(self, index: int) -> None:
        """The primary address of a network goes: until the kernel says so, any may be the next."""
        known = self._addresses.get(index, {})
        for key, item in known.items():
            if item.secondary:
                known[key] = replace(item, secondary=False)

    def host_has(self, address: Address) -> bool:
        """Any interface has it."""
        return any(
            item.address == address for known in self._addresses.values() for item in known.values()
        )

    def own_addresses(
        self, name: str, family: Family, virtual: Collection[Address]
    ) -> Iterator[Address]:
        """What the interface has of its own and may send from, in the kernel's order.

        Args:
            virtual: addresses that come and go with the state of a virtual router.
        """
        link = self.link(name)
        if link is None:
            return
        for item in self._addresses.get(link.index, {}).values():
            if item.address.version == family and item.address not in virtual and item.usable:
                yield item.address
