"""What the members' ports are to have, what they have, and what of it is there by us.

A pair of ours is a single address of the virtual IP, or its link-local one (``fe80::VRID``), with
the port's own MAC or with a virtual MAC, on a port whose tag says that we put it there. Whatever
else a port has is somebody's: it stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_network

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import Address, Family, VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import groups as security_groups
from vipkeeper.openstack.plans.choosing import Chosen, ChosenMember
from vipkeeper.openstack.plans.groups import Groups
from vipkeeper.openstack.plans.ownership import (
    has_member_marks,
    has_virtual_mac,
    label,
    link_local,
    own_tags,
    same_mac,
    single_address,
    virtual_mac,
)
from vipkeeper.openstack.plans.plan import Remark, note, warning
from vipkeeper.openstack.plans.reservation import Reservation
from vipkeeper.openstack.plans.steps import ChangePort, Step, VipPair
from vipkeeper.openstack.resources import AddressPair, Port, SecurityGroup

MOST_PAIRS = 10
"""Neutron's default for max_allowed_address_pair, which a tenant cannot see."""


def changes(
    spec: VipSpec,
    vrid: int,
    chosen: Chosen,
    reservation: Reservation,
    groups: Groups,
    *,
    preferred_last: bool,
) -> list[Step]:
    """The steps by which each member's port has what it needs.

    Args:
        preferred_last: a distributed router sends to the port that was written last (LP#1774459):
            that is then the one that has the address while nothing has failed.
    """
    members = chosen.members
    if preferred_last:
        members = tuple(sorted(members, key=lambda member: member.priority))
    steps = (_change(spec, vrid, member, reservation, groups) for member in members)
    return [step for step in steps if step]


def former(
    spec: VipSpec, chosen: Chosen, reservation: Reservation, groups: Groups, found: Found
) -> list[Step]:
    """The steps by which ports that are no members any more lose what is there by us."""
    members = {member.port.id for member in chosen.members}
    own = groups.surplus
    if groups.current:
        own = (*own, groups.current)
    made = tuple(one for one in own if marks.is_made_for(spec.name, one.description))
    steps = (
        released(spec.name, port, label_of(port, found), reservation.known_addresses(), made)
        for port in found.ports
        if port.id not in members and has_member_marks(spec.name, port)
    )
    return [step for step in steps if step]


def released(
    name: str,
    port: Port,
    said: str,
    addresses: Collection[Address],
    own: tuple[SecurityGroup, ...],
) -> ChangePort | None:
    """A member's port without anything of ours; None if there is nothing."""
    change = ChangePort(
        port.id,
        said,
        remove_pairs=our_pairs(name, port, addresses),
        remove_groups=security_groups.groups_by_us(name, port, own),
        remove_tags=own_tags(name, port.tags),
    )
    return change if change != ChangePort(port.id, said) else None


def our_pairs(name: str, port: Port, addresses: Collection[Address]) -> tuple[AddressPair, ...]:
    """The pairs that are there by us, of these addresses."""
    return tuple(
        pair
        for pair in port.allowed_address_pairs
        if (address := single_address(pair)) is not None
        and (address in addresses or address.is_link_local)
        and (mark := _mark(port, pair, address)) is not None
        and marks.member_tag(name, mark) in port.tags
    )


def label_of(port: Port, found: Found) -> str:
    """A port as the steps call it: by its server, if it has one."""
    server = next((one for one in found.servers if one.id == port.device_id), None)
    return f"port of {server.name}" if server else f"port {label(port)}"


def remarks(
    spec: VipSpec, vrid: int, chosen: Chosen, reservation: Reservation, *, on_ovn: bool
) -> list[Remark]:
    """What is to be said of pairs that are somebody else's."""
    said: list[Remark] = []
    for member in chosen.members:
        for family in spec.families:
            address = reservation.addresses[family]
            if address:
                said += _said_of_pairs(member, address, on_ovn=on_ovn)
        step = _change(spec, vrid, member, reservation, None)
        count = len(member.port.allowed_address_pairs)
        count += len(step.add_pairs) - len(step.remove_pairs) if step else 0
        if count > MOST_PAIRS:
            said.append(
                warning(
                    "many-pairs",
                    f"the port of {member.name} would have {count} allowed address pairs, and "
                    f"Neutron's default limit is {MOST_PAIRS}; this cloud's cannot be seen",
                    f"openstack port show -c allowed_address_pairs {member.port.id}",
                )
            )
    return said


def _change(
    spec: VipSpec,
    vrid: int,
    member: ChosenMember,
    reservation: Reservation,
    groups: Groups | None,
) -> ChangePort | None:
    """What one member's port lacks and has too much; None if it is as it is to be."""
    port, name = member.port, spec.name
    add: list[VipPair | AddressPair] = []
    keep: list[str] = []
    wanted: set[AddressPair] = set()
    if port.port_security_enabled:
        for family, address, mac, mark in _needed(spec, vrid, reservation, port):
            tag = marks.member_tag(name, mark)
            there = _there(port, address, mac)
            wanted.update(there)
            if not there:
                add.append(_pair(family, address, mac, port))
            if not there or tag in port.tags:
                keep.append(tag)
    add_groups: tuple[str, ...] = ()
    remove_groups: tuple[str, ...] = ()
    if groups:
        add_groups, remove_groups = security_groups.on_port(name, port, groups)
        keep += security_groups.tags_of_port(name, port, groups, add_groups)
    tags = (
        marks.tag(name),
        marks.member_tag(name, f"priority={member.priority}"),
        marks.member_tag(name, f"if={member.declared.interface}"),
        *dict.fromkeys(keep),
    )
    ours = our_pairs(name, port, reservation.known_addresses())
    change = ChangePort(
        port.id,
        f"port of {member.server.name}" if member.server else f"port {label(port)}",
        add_pairs=tuple(add),
        remove_pairs=tuple(pair for pair in ours if pair not in wanted),
        add_groups=add_groups,
        remove_groups=remove_groups,
        add_tags=tuple(one for one in tags if one not in port.tags),
        remove_tags=tuple(one for one in own_tags(name, port.tags) if one not in tags),
    )
    return change if change != ChangePort(port.id, change.label) else None


def _needed(
    spec: VipSpec, vrid: int, reservation: Reservation, port: Port
) -> Iterable[tuple[Family, Address | None, str, str]]:
    """The pairs that a port is to have: family, address, MAC, and the mark that it is ours.

    With a virtual MAC both: adverts and answers leave with the port's own (neutron-observed 19b,
    vmac_xmit_base), ARP says the virtual one.
    """
    virtual = spec.vrrp.virtual_mac
    for family in spec.families:
        address = reservation.addresses[family]
        yield family, address, port.mac_address, marks.pair(family)
        if virtual:
            yield family, address, virtual_mac(vrid, family), marks.virtual_pair(family)
    if 6 in spec.families:
        first = link_local(vrid)
        yield 6, first, port.mac_address, marks.link_local_pair(vrid)
        if virtual:
            yield 6, first, virtual_mac(vrid, 6), marks.virtual_link_local_pair(vrid)


def _there(port: Port, address: Address | None, mac: str) -> list[AddressPair]:
    """The pairs of an address, written as one, with a MAC."""
    if address is None:
        return []
    return [
        pair
        for pair in port.allowed_address_pairs
        if single_address(pair) == address and same_mac(pair.mac_address, mac)
    ]


def _pair(family: Family, address: Address | None, mac: str, port: Port) -> VipPair | AddressPair:
    if address is None:
        return VipPair(family, None if mac == port.mac_address else mac)
    return AddressPair(str(address), mac)


def _mark(port: Port, pair: AddressPair, address: Address) -> str | None:
    """What the tag says of a pair that may be ours; None if it cannot be."""
    own = same_mac(pair.mac_address, port.mac_address)
    if not own and not has_virtual_mac(pair):
        return None
    if address.is_link_local:
        vrid = int(address) & 0xFF
        if address != link_local(vrid):
            return None
        return marks.link_local_pair(vrid) if own else marks.virtual_link_local_pair(vrid)
    return marks.pair(address.version) if own else marks.virtual_pair(address.version)


def _said_of_pairs(member: ChosenMember, address: Address, *, on_ovn: bool) -> list[Remark]:
    said: list[Remark] = []
    for pair in member.port.allowed_address_pairs:
        network = ip_network(pair.ip_address, strict=False)
        if network.version != address.version or address not in network:
            continue
        written = "/" in pair.ip_address
        remedy = (
            f"openstack port unset --allowed-address ip-address={pair.ip_address},"
            f"mac-address={pair.mac_address} {member.port.id}"
        )
        what = f"the pair {pair.ip_address} on the port of {member.name}"
        if network.num_addresses > 1:
            said.append(
                warning(
                    "wide-pair",
                    f"{what} lets the server speak from {network.num_addresses} addresses; "
                    "it is not of our making and stays",
                    remedy,
                )
            )
        elif not same_mac(pair.mac_address, member.port.mac_address):
            if not has_virtual_mac(pair):
                said.append(
                    warning(
                        "pair-with-other-mac",
                        f"{what} has the MAC {pair.mac_address}, which is not the port's: what "
                        "is sent by it is dropped; it is not of our making and stays",
                        remedy,
                    )
                )
        elif written:
            why = (
                "OVN makes no virtual port of it"
                if on_ovn
                else "OVN would make no virtual port of it"
            )
            said.append(
                note(
                    "pair-with-prefix",
                    f"{what} is written with a prefix ({why}); one without is put beside it",
                    remedy,
                )
            )
    return said
