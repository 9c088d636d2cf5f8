"""What keeps this host from answering for a virtual address once nobody watches over it.

A speaker that is killed, or stopped, or starved, can let go of nothing; another router takes over
all the same. So the kernel is told beforehand until when it may answer (see
:mod:`vipkeeper.daemon.leases`), and stops by itself. By nftables it does so to the tick and nobody
else notices; by the lifetimes of the addresses (RFC 4862's valid lifetime) it can do so in whole
seconds only, each renewal is an event that other programs hear, and ``ip address`` shows them as
``dynamic``: that is for kernels without nf_tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from vipkeeper.daemon.settings import VirtualAddress
from vipkeeper.errors import KernelError
from vipkeeper.linux.nft_fence import NftFence
from vipkeeper.vrrp.datagram import Address

_MS, _SECOND = 1_000_000, 1_000_000_000
LATEST_NS = 400_000_000
"""An address goes later than its lifetime says: by 0.05 to 0.36 s (measured, Linux 6.18)."""
SHORTEST_NS = _SECOND + LATEST_NS
"""A shorter lease cannot be kept in whole seconds."""


Guarded = Mapping[VirtualAddress, int]
"""What is to be guarded, and how long a whole lease of it is (ns)."""


class Fence(Protocol):
    """Guards addresses; each method raises KernelError."""

    def fit(self, guarded: Guarded) -> None:
        """Guard these, and no others."""
        ...

    def grant(self, device: str, until: int | None) -> Collection[VirtualAddress]:
        """What is on an interface may be answered for until then (ns), or no more.

        Returns:
            the addresses that must be given :meth:`valid_seconds` for it.
        """
        ...

    def valid_seconds(self, address: VirtualAddress) -> int | None:
        """The lifetime that an address is added with; None for ever."""
        ...

    def remove(self) -> None: ...


class NftablesFence:
    """By elements with a timeout in a set of nf_tables: one for each interface.

    Args:
        table: the name of the tables, one for each daemon on the host.
        clock: ns, of the same clock as the instants that are granted.
    """

    def __init__(self, table: str, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._fence = NftFence(table)
        self._clock = clock
        self._keys: dict[Address, str] = {}
        self._devices_of: dict[str, frozenset[str]] = {}
        self._granted: dict[str, int] = {}

    def fit(self, guarded: Guarded) -> None:
        devices: dict[Address, set[str]] = {}
        for item in guarded:
            devices.setdefault(item.address, set()).add(item.device)
        keys = {address: _key(of) for address, of in devices.items()}
        self._devices_of = {_key(of): frozenset(of) for of in devices.values()}
        if keys != self._keys or not keys:
            self._fence.fit(keys)
            self._keys = keys
            self._renew(self._devices_of)
        for item, lease_ns in guarded.items():
            # A whole lease, less than a millisecond after it began: a takeover's first.
            self._fence.prepare({keys[item.address]: lease_ns // _MS - 1})

    def grant(self, device: str, until: int | None) -> Collection[VirtualAddress]:
        if until is None:
            self._granted.pop(device, None)
        else:
            self._granted[device] = until
        concerned = {key: of for key, of in self._devices_of.items() if device in of}
        try:
            self._renew(concerned)
        except KernelError:
            self._fence.make(self._keys)  # somebody has flushed the ruleset
            self._renew(self._devices_of)
        return ()

    def _renew(self, devices_of: Mapping[str, frozenset[str]]) -> None:
        now = self._clock()
        left_ms = {
            key: (max(self._granted.get(device, now) for device in devices) - now) // _MS
            for key, devices in devices_of.items()
        }
        if alive := {key: ms for key, ms in left_ms.items() if ms > 0}:
            self._fence.renew(alive)
        if over := [key for key, ms in left_ms.items() if ms <= 0]:
            self._fence.expire(over)

    def valid_seconds(self, address: VirtualAddress) -> int | None:
        return None

    def remove(self) -> None:
        self._keys = {}
        self._fence.remove()
        self._fence.close()


class LifetimeFence:
    """By the valid lifetime of each address."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._guarded: list[VirtualAddress] = []
        self._granted: dict[str, int] = {}

    def fit(self, guarded: Guarded) -> None:
        self._guarded = [item for item, lease_ns in guarded.items() if lease_ns >= SHORTEST_NS]

    def grant(self, device: str, until: int | None) -> Collection[VirtualAddress]:
        if until is None:
            self._granted.pop(device, None)
            return ()
        self._granted[device] = until
        return [item for item in self._guarded if item.device == device]

    def valid_seconds(self, address: VirtualAddress) -> int | None:
        """At least one: of a handover, which is granted moment by moment, no more is asked."""
        if address not in self._guarded:
            return None
        left = self._granted.get(address.device, 0) - self._clock()
        return max((left - LATEST_NS) // _SECOND, 1)

    def remove(self) -> None:
        """The addresses have gone, and their lifetimes with them."""


class NoFence:
    """Whatever becomes of the speaker, the host goes on answering."""

    def fit(self, guarded: Guarded) -> None:
        pass

    def grant(self, device: str, until: int | None) -> Collection[VirtualAddress]:
        return ()

    def valid_seconds(self, address: VirtualAddress) -> int | None:
        return None

    def remove(self) -> None:
        pass


def choose(kind: str, table: str) -> tuple[Fence, str | None]:
    """The fence of a kind (:data:`~vipkeeper.daemon.command_line.FENCES`).

    Returns:
        it, and why it is not of that kind, if it cannot be.
    """
    if kind == "lifetimes":
        return LifetimeFence(), None
    if kind == "none":
        return NoFence(), None
    try:
        fence = NftablesFence(table)
        fence.fit({})
    except KernelError as error:
        return LifetimeFence(), error.message
    return fence, None


def _key(devices: set[str]) -> str:
    """The interface; where one address is on several, as a link-local one may be, one for all."""
    if len(devices) == 1:
        return next(iter(devices))
    return "+".join(sorted(devices))
