"""What an instance does to the world, as it sees it; :mod:`.kernel_effects` does it for real."""

from __future__ import annotations

from typing import Protocol

from vipkeeper.daemon.settings import VirtualAddress
from vipkeeper.vrrp.advertisement import Address, Advertisement


class Effects(Protocol):
    """What an instance does to the world; each raises KernelError when it cannot."""

    def send_advertisement(
        self, interface: str, source: Address, advertisement: Advertisement
    ) -> None: ...

    def add_address(self, address: VirtualAddress) -> bool:
        """True if it was added, False if it was there already."""
        ...

    def remove_address(self, address: VirtualAddress) -> bool:
        """True if it was removed, False if it was not there."""
        ...

    def announce(self, interface: str, address: Address) -> None: ...
