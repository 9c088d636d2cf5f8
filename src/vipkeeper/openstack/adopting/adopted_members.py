"""Who the members are of a virtual IP that was made by hand: the ports that may speak from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network

from vipkeeper.openstack.adopting.naming import named_member
from vipkeeper.openstack.adopting.node_files import NodeFiles
from vipkeeper.openstack.declaration.spec import Address, Member
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.plan import Remark, note, warning
from vipkeeper.openstack.recorded import without_defaults
from vipkeeper.openstack.resources import Port

OWNER_PRIORITY = 255  # RFC 9568 5.2.4
_HIGHEST, _STEP = 254, 10
_DEFAULT = 100


def members_of(
    port: Port, address: Address, found: Found
) -> tuple[dict[str, Port], tuple[Remark, ...]]:
    """The ports with a pair for the address, by what a person calls them.

    Pairs with a prefix count only where less than two ports have the address itself: a router in
    the network may have a pair for everything.
    """
    others = [
        one
        for one in found.ports
        if one.id != port.id
        and one.network_id == port.network_id
        and not one.device_owner.startswith("network:")
    ]
    exact = [one for one in others if any(_is(pair, address) for pair in _pairs(one))]
    wide = [
        one
        for one in others
        if one not in exact and any(_holds(pair, address) for pair in _pairs(one))
    ]
    taken = exact if len(exact) > 1 else [*exact, *wide]
    remarks = [_by_prefix(one, address, found, is_member=one in taken) for one in wide]
    named = {_label(one, found): one for one in taken}
    return {label: named[label] for label in sorted(named)}, tuple(remarks)


def declared(
    members: Mapping[str, Port], files: NodeFiles, found: Found
) -> tuple[tuple[Member, ...], tuple[Remark, ...]]:
    """The members as a spec has them, the one that is preferred first."""
    remarks: list[Remark] = []
    chosen = _priorities(members, files, remarks)
    known = []
    for label, port in members.items():
        file = files.of_port.get(port.id)
        interface = file.instance.interface if file else None
        known.append(named_member(port, found, priority=chosen[label], interface=interface))
    return without_defaults(known), tuple(remarks)


def port_of(member: Member, members: Mapping[str, Port], found: Found) -> Port:
    """The port that a member was named by."""
    return next(
        port
        for port in members.values()
        if named_member(port, found, priority=None, interface=None).label == member.label
    )


def _priorities(
    members: Mapping[str, Port], files: NodeFiles, remarks: list[Remark]
) -> dict[str, int]:
    """Those of the files; no two are the same, and who has no file comes last."""
    written = {
        label: files.of_port[port.id].instance.priority
        for label, port in members.items()
        if port.id in files.of_port
    }
    chosen: dict[str, int] = {}
    for label in sorted(written, key=lambda one: -written[one]):
        priority = min(written[label], _HIGHEST)
        same = next((one for one in chosen if chosen[one] == priority), None)
        while priority in chosen.values() and priority > 1:
            priority -= 1
        chosen[label] = priority
        if same is not None:
            remarks.append(_same_priority(label, same, written[label], priority))
        elif written[label] == OWNER_PRIORITY:
            remarks.append(_owner(label))
    lowest = min(chosen.values(), default=_DEFAULT + _STEP)
    for label in members:
        if label not in chosen:
            lowest = _below(lowest, chosen)
            chosen[label] = lowest
    return chosen


def _below(lowest: int, chosen: Mapping[str, int]) -> int:
    if lowest > _STEP:
        return lowest - _STEP
    taken = set(chosen.values())
    return max(one for one in range(1, _HIGHEST + 1) if one not in taken)


def _label(port: Port, found: Found) -> str:
    return named_member(port, found, priority=None, interface=None).label


def _pairs(port: Port) -> Sequence[str]:
    return [pair.ip_address for pair in port.allowed_address_pairs]


def _is(pair: str, address: Address) -> bool:
    """Whatever way it is written, but without a prefix."""
    return "/" not in pair and ip_address(pair) == address


def _holds(pair: str, address: Address) -> bool:
    return address in ip_network(pair, strict=False)


def _by_prefix(port: Port, address: Address, found: Found, *, is_member: bool) -> Remark:
    label = _label(port, found)
    pair = next(one for one in _pairs(port) if _holds(one, address))
    if is_member:
        return note(
            "member-by-prefix",
            f"{label} is a member by its pair {pair}, which is wider than {address}: OVN makes no "
            "virtual port of it",
            "vipkeeper vip apply puts one for the address alone beside it",
        )
    return note(
        "prefix-is-no-member",
        f"{label} has the pair {pair}, which holds {address}; others have the address itself, and "
        "so it is not taken for a member",
        "if it is one: add it to the members, and vipkeeper vip apply",
    )


def _same_priority(label: str, other: str, written: int, chosen: int) -> Remark:
    return warning(
        "same-priority",
        f"{label} and {other} both have the priority {written}: who wins depends on addresses; in "
        f"the spec {label} has {chosen}",
        "give the nodes what vipkeeper vip render writes",
    )


def _owner(label: str) -> Remark:
    return warning(
        "owner-priority",
        f"{label} has the priority {OWNER_PRIORITY}, the owner's: in the spec it has {_HIGHEST}, "
        "since the virtual IP is no node's own address",
        "give the nodes what vipkeeper vip render writes",
    )
