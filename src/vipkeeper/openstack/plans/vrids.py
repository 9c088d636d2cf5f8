"""Which VRID a virtual IP has: the one that is given, the one it has, or one that is free.

Neighbours are the virtual IPs of the same network that are known by their marks. Each family has
VRIDs of its own (RFC 9568 5.2.3); a virtual IP of both families has the same for both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from zlib import crc32

from vipkeeper.errors import VipkeeperError
from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import Address, Family, VipSpec
from vipkeeper.openstack.plans.plan import Remark, blocker, warning
from vipkeeper.openstack.resources import Port

HIGHEST = 255


class NoneFreeError(VipkeeperError):
    """All 255 are taken."""


def derived(address: Address | None, taken: Collection[int], name: str) -> int:
    """The last octet of the address if it can be had, else the next that is free.

    Without an address the name decides where the search begins, so that two virtual IPs that are
    made at the same time rarely choose the same.

    Raises:
        NoneFreeError: all are taken.
    """
    first = int(address) & 0xFF if address else crc32(name.encode()) % HIGHEST + 1
    start = first or 1
    around = ((start + step - 1) % HIGHEST + 1 for step in range(HIGHEST))
    for vrid in around:
        if vrid not in taken:
            return vrid
    raise NoneFreeError(
        f"all {HIGHEST} VRIDs of the network are taken",
        remedy="give one with vrrp: vrid: that the members' own network is free of",
    )


def settled(
    spec: VipSpec,
    kept: Iterable[Port],
    neighbours: Iterable[Port],
    address: Address | None,
) -> tuple[int | None, tuple[Remark, ...]]:
    """The VRID of a virtual IP, with what is to be said of it.

    Args:
        kept: its own ports.
        address: by which one is derived.
    """
    taken = _taken(spec, neighbours)
    if spec.vrrp.vrid is not None:
        return spec.vrrp.vrid, _said_of_given(spec.vrrp.vrid, taken)
    recorded = _recorded(kept)
    if recorded and not _is_older(taken.get(recorded[0], ()), recorded[1]):
        return recorded[0], ()
    try:
        return derived(address, taken, spec.name), ()
    except NoneFreeError as error:
        return None, (blocker("no-vrid-free", error.message, error.remedy),)


def _taken(spec: VipSpec, neighbours: Iterable[Port]) -> dict[int, list[Port]]:
    taken: dict[int, list[Port]] = {}
    for port in neighbours:
        record = marks.record(port.description)
        if record and record.name != spec.name and _shares(spec.families, record.family):
            taken.setdefault(record.vrid, []).append(port)
    return taken


def _shares(families: tuple[Family, ...], family: Family) -> bool:
    return family in families


def _recorded(kept: Iterable[Port]) -> tuple[int, Port] | None:
    """What the oldest of its ports says."""
    records = (
        (record.vrid, port)
        for port in sorted(kept, key=_age)
        if (record := marks.record(port.description)) and 1 <= record.vrid <= HIGHEST
    )
    return next(records, None)


def _is_older(neighbours: Iterable[Port], than: Port) -> bool:
    """Of two that collide the younger gives way, so that both do not change places for ever."""
    return any(_age(one) < _age(than) for one in neighbours)


def _age(port: Port) -> tuple[str, str]:
    return port.created_at, port.id


def _said_of_given(vrid: int, taken: dict[int, list[Port]]) -> tuple[Remark, ...]:
    records = (marks.record(port.description) for port in taken.get(vrid, ()))
    names = sorted({record.name for record in records if record})
    if not names:
        return ()
    return (
        warning(
            "vrid-taken",
            f"the VRID {vrid} is that of {' and '.join(names)} in the same network as well",
            "leave vrid: out, and one that is free is chosen",
        ),
    )
