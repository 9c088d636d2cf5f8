"""Until when each interface's virtual addresses may be answered for.

Every advert of an Active router gives its addresses a lease: for so long no other router takes
over. What the kernel is told is one lease for an interface, however many routers have addresses
on it: the shortest of theirs. It is renewed a few times in a lease's length, not at every advert,
or 250 routers with ten adverts a second would renew it 2,500 times.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

RENEWALS_A_LEASE = 8
"""Not sooner than after this fraction of what is left: one router alone renews at each advert."""

SPARE_NS = 10_000_000
"""A lease has room for two adverts of whoever holds it. What would not last until its next one, a
tick of the kernel's and a late timer included, is renewed however soon that is."""


@dataclass(slots=True)
class _Lease:
    holders: dict[Hashable, int] = field(default_factory=dict)
    granted: int = 0
    renew_after: int = 0


class Leases:
    """The leases of all interfaces.

    Args:
        grant: tells the kernel that an interface's lease ends at an instant (ns), or, with None,
            that it is over.
    """

    def __init__(self, grant: Callable[[str, int | None], None]) -> None:
        self._grant = grant
        self._leases: dict[str, _Lease] = {}

    def extend(self, holder: Hashable, devices: Iterable[str], until: int, now: int) -> None:
        """A router's lease ends at ``until`` from now on, which may be sooner than before."""
        for device in devices:
            lease = self._leases.setdefault(device, _Lease())
            lease.holders[holder] = until
            runs_out = lease.granted - now < (until - now) // 2 + SPARE_NS
            if until < lease.granted or now >= lease.renew_after or runs_out:
                self._renew(device, lease, now)

    def _renew(self, device: str, lease: _Lease, now: int) -> None:
        lease.granted = min(lease.holders.values())
        lease.renew_after = now + max(lease.granted - now, 0) // RENEWALS_A_LEASE
        self._grant(device, lease.granted)

    def end(self, holder: Hashable) -> None:
        """A router holds no addresses any more."""
        for device, lease in list(self._leases.items()):
            lease.holders.pop(holder, None)
            if not lease.holders:
                del self._leases[device]
                self._grant(device, None)
            elif (shortest := min(lease.holders.values())) > lease.granted:
                # Who stays may say nothing until after the lease of who went is over.
                lease.granted = shortest
                self._grant(device, shortest)
