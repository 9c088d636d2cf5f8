"""The network interfaces as the kernel last described them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

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
        self._addresses: dict[int, list[Address]] = {}
        self._unusable: set[tuple[int, Address]] = set()

    def replace_all(self, links: Iterable[Link], addresses: Iterable[InterfaceAddress]) -> None:
        """Forget everything and take this."""
        self._links.clear()
        self._addresses.clear()
        self._unusable.clear()
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
            case InterfaceAddress(index, address, _, usable):
                known = self._addresses.setdefault(index, [])
                if address not in known:
                    known.append(address)
                if usable:
                    self._unusable.discard((index, address))
                else:
                    self._unusable.add((index, address))
            case AddressGone(index, address, _):
                self._unusable.discard((index, address))
                known = self._addresses.get(index, [])
                if address in known:
                    known.remove(address)

    def _index_names(self) -> None:
        self._by_name = {link.name: link for link in self._links.values()}

    def link(self, name: str) -> Link | None:
        return self._by_name.get(name)

    def is_usable(self, name: str) -> bool:
        """It exists, is up and has a carrier."""
        link = self.link(name)
        return link is not None and link.usable

    def has_address(self, name: str, address: Address) -> bool:
        link = self.link(name)
        return link is not None and address in self._addresses.get(link.index, ())

    def host_has(self, address: Address) -> bool:
        """Any interface has it."""
        return any(address in known for known in self._addresses.values())

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
        for address in self._addresses.get(link.index, ()):
            if (
                address.version == family
                and address not in virtual
                and (link.index, address) not in self._unusable
            ):
                yield address
