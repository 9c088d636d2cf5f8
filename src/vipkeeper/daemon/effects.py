"""What an instance does to the world, as it sees it; :mod:`.kernel_effects` does it for real."""

from __future__ import annotations

from typing import Protocol

from vipkeeper.daemon.settings import InstanceSettings, VirtualAddress
from vipkeeper.vrrp.advertisement import Advertisement
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import VirtualRouter


class Effects(Protocol):
    """What an instance does to the world; each raises KernelError when it cannot."""

    def send_advertisement(self, router: VirtualRouter, advertisement: Advertisement) -> None:
        """To each of the router's destinations, from its primary address."""
        ...

    def add_address(self, address: VirtualAddress) -> bool:
        """True if it was added, False if it was there already."""
        ...

    def remove_address(self, address: VirtualAddress) -> bool:
        """True if it was removed, False if it was not there."""
        ...

    def set_virtual_interface(self, name: str, *, up: bool) -> None:
        """Bring the interface with the virtual MAC address up now, or take it down soon."""
        ...

    def extend_lease(self, settings: InstanceSettings, until: int) -> None:
        """Let the host answer for the addresses until an instant (ns), not longer.

        The kernel sees to it whatever becomes of this process.
        """
        ...

    def end_lease(self, settings: InstanceSettings) -> None:
        """The addresses have gone."""
        ...

    def announce(self, interface: str, address: Address) -> None: ...
