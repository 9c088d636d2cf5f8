"""The addresses of one instance on this host, and until when it may answer for them."""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.daemon.effects import Effects
from vipkeeper.daemon.settings import InstanceSettings, VirtualAddress
from vipkeeper.errors import KernelError
from vipkeeper.vrrp.datagram import Address

MOMENT_NS = 50_000_000
MOMENTS_EVERY_NS = 10_000_000
"""Who hands over has said that it goes, and may answer only while it watches for its successor: the
addresses are leased for a moment at a time. A few of these may be late on a busy machine."""


class Holding:
    """Takes them and lets them go; each method may raise KernelError.

    Attributes:
        settings: those of the instance, which may change.
    """

    def __init__(self, settings: InstanceSettings, effects: Effects, now: int) -> None:
        self.settings = settings
        self._effects = effects
        self._leased_until = now
        self._next_moment: int | None = None

    # -- the addresses ---------------------------------------------------------------------

    def acquire(self, addresses: Iterable[VirtualAddress]) -> list[VirtualAddress]:
        """Have these addresses; returns those that were not there."""
        if self.settings.virtual_mac is not None:
            self._effects.set_virtual_interface(self.settings.virtual_mac.interface, up=True)
        return [address for address in addresses if self._effects.add_address(address)]

    def release(self, address: VirtualAddress, own: Address | None) -> None:
        """Let one go, but the owner's own, which is there without us (RFC 9568 1.6)."""
        if address.address != own:
            self._effects.remove_address(address)

    def release_all(self, own: Address | None) -> None:
        """Let them all go, even if one does not."""
        failure: KernelError | None = None
        for address in self.settings.addresses:
            try:
                self.release(address, own)
            except KernelError as error:
                failure = error
        if self.settings.virtual_mac is not None:
            try:
                name = self.settings.virtual_mac.interface
                self._effects.set_virtual_interface(name, up=False)
            except KernelError as error:
                failure = error
        self._next_moment = None
        self._effects.end_lease(self.settings)
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # its traceback holds this frame, and nobody collects cycles here

    # -- the lease -------------------------------------------------------------------------

    def lease(self, until: int) -> None:
        self._next_moment = None
        self._extend(until)

    def lease_anew(self) -> None:
        """The same lease, for addresses that may be on other interfaces now."""
        self._extend(self._leased_until)

    def lease_moment(self, now: int) -> None:
        """And again when :meth:`deadline` has come, until there is another lease or none."""
        self._extend(now + MOMENT_NS)
        self._next_moment = now + MOMENTS_EVERY_NS

    def _extend(self, until: int) -> None:
        self._leased_until = until
        self._effects.extend_lease(self.settings, until)

    def deadline(self) -> int | None:
        """When the next moment is to be leased (ns)."""
        return self._next_moment

    def lease_due_moment(self, now: int) -> None:
        if self._next_moment is not None and now >= self._next_moment:
            self.lease_moment(now)
