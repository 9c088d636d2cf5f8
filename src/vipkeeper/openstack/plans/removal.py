"""What it takes to take a virtual IP away, and nothing else: pure.

Everything is known by its marks. What was there before us stays as it was, without them. The last
thing to go is what the rest is found by: a removal that was cut off can be gone on with.
"""

from __future__ import annotations

from dataclasses import replace

from vipkeeper.openstack import marks
from vipkeeper.openstack.back_end import recognised
from vipkeeper.openstack.declaration.spec import Address, Family
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import floating, groups, member_ports, spread
from vipkeeper.openstack.plans.ownership import (
    belongs,
    device,
    empty_server_groups,
    family_of,
    has_member_marks,
    is_made,
    label,
    own_groups,
    own_tags,
    same_mac,
    single_address,
    used_groups,
    vip_ports,
)
from vipkeeper.openstack.plans.plan import Plan, Remark, blocker, note, warning
from vipkeeper.openstack.plans.planning import is_there
from vipkeeper.openstack.plans.steps import ChangePort, Delete, Step
from vipkeeper.openstack.resources import FloatingIp, Port


def removal(name: str, found: Found, *, adopted: bool = False) -> Plan:
    """The steps by which nothing of ours is left.

    Args:
        adopted: whether what was there before us goes as well: the VIP port, its floating IP, and
            the members' pairs of its address.
    """
    ports = vip_ports(name, found)
    deleted = tuple(one for one in ports if _is_deleted(name, one, adopted=adopted))
    steps: tuple[Step, ...] = (
        *_floating_ips(name, found, adopted=adopted),
        *_members(name, ports, found, adopted=adopted),
        *_server_groups(name, ports, found),
        *_vip_ports(name, ports, deleted, found),
        *(step for group in used_groups(name, found) for step in groups.released(name, group)),
        *(Delete("security group", one.id, one.name) for one in own_groups(name, found)),
    )
    said = (
        *(_bound(one, found) for one in deleted if one.device_id),
        *(_unmarked(one) for one in ports if not _is_known(name, one)),
        *_orphans(name, ports, found),
        *_foreign_pairs(name, deleted, steps, found),
        *_loose_ends(name, deleted, found),
    )
    return Plan(
        name,
        recognised(found.owners, found.extensions),
        said,
        steps,
        None,
        is_there(name, found),
    )


def _is_deleted(name: str, port: Port, *, adopted: bool) -> bool:
    return is_made(name, port) or (adopted and marks.ADOPTED in port.tags)


def _is_known(name: str, port: Port) -> bool:
    """Whether it says that we made it, or that we did not."""
    return is_made(name, port) or marks.ADOPTED in port.tags


def _floating_ips(name: str, found: Found, *, adopted: bool) -> list[Step]:
    steps: list[Step] = []
    for one in found.floating_ips:
        if not belongs(name, one):
            continue
        if (adopted and marks.ADOPTED in one.tags) or is_made(name, one):
            steps.append(Delete("floating IP", one.id, one.address))
        else:
            steps += floating.let_go(name, one)
    return steps


def _members(name: str, ports: tuple[Port, ...], found: Found, *, adopted: bool) -> list[Step]:
    own = own_groups(name, found)
    addresses = frozenset(fixed.address for port in ports for fixed in port.fixed_ips)
    of_adopted = frozenset(
        fixed.address for port in ports if marks.ADOPTED in port.tags for fixed in port.fixed_ips
    )
    steps: list[Step] = []
    for port in found.ports:
        if not has_member_marks(name, port):
            continue
        said = member_ports.label_of(port, found)
        change = member_ports.released(name, port, said, addresses, own)
        if change and adopted:
            of_vip = tuple(
                pair
                for pair in port.allowed_address_pairs
                if single_address(pair) in of_adopted
                and same_mac(pair.mac_address, port.mac_address)
            )
            pairs = dict.fromkeys((*change.remove_pairs, *of_vip))
            change = replace(change, remove_pairs=tuple(pairs))
        if change:
            steps.append(change)
    return steps


def _server_groups(name: str, ports: tuple[Port, ...], found: Found) -> list[Step]:
    marked = [id for port in ports if (id := marks.server_group_of(port.tags))]
    empty = [one.id for one in empty_server_groups(name, found)]
    return [spread.deleted(id, name, "") for id in dict.fromkeys((*marked, *empty))]


def _vip_ports(
    name: str, ports: tuple[Port, ...], deleted: tuple[Port, ...], found: Found
) -> list[Step]:
    own = own_groups(name, found)
    steps: list[Step] = []
    for port in ports:
        if port in deleted:
            steps.append(Delete("port", port.id, label(port)))
            continue
        ours = marks.is_made_for(name, port.description)
        change = ChangePort(
            port.id,
            f"port {label(port)}",
            remove_groups=groups.groups_by_us(name, port, own),
            remove_tags=own_tags(name, port.tags),
            description="" if ours else None,
        )
        steps.append(change)
    return steps


def _bound(port: Port, found: Found) -> Remark:
    return blocker(
        "vip-port-bound",
        f"the VIP port {label(port)} is bound to {device(port, found.servers)}, and would be taken "
        "from it",
        f"openstack server remove port {port.device_id} {port.id}",
    )


def _unmarked(port: Port) -> Remark:
    return warning(
        "vip-port-not-known",
        f"port {label(port)} does not say any more whether we made it: it stays",
        f"if nobody needs it: openstack port delete {port.id}",
    )


def _orphans(name: str, ports: tuple[Port, ...], found: Found) -> list[Remark]:
    """Members that have a pair of ours, it is not known which: the VIP port is gone."""
    families = {family_of(port) for port in ports if port.fixed_ips}
    wanted: tuple[Family, ...] = (4, 6)
    said = []
    for port in found.ports:
        for family in wanted:
            tag = marks.member_tag(name, marks.pair(family))
            if tag not in port.tags or family in families:
                continue
            addresses = [str(one) for one in _candidates(port) if one.version == family]
            if addresses:
                said.append(
                    warning(
                        "pair-not-known",
                        f"the VIP port is gone, and so it is not known which pair of the "
                        f"{member_ports.label_of(port, found)} is ours: {', '.join(addresses)}",
                        "openstack port unset --allowed-address "
                        f"ip-address=ADDRESS,mac-address={port.mac_address} {port.id}",
                    )
                )
    return said


def _foreign_pairs(
    name: str, deleted: tuple[Port, ...], steps: tuple[Step, ...], found: Found
) -> list[Remark]:
    """Pairs without our mark, of an address that the cloud may give to others then."""
    addresses = frozenset(fixed.address for port in deleted for fixed in port.fixed_ips)
    taken = {one.port_id: one.remove_pairs for one in steps if isinstance(one, ChangePort)}
    return [
        warning(
            "pair-stays",
            f"the pair {pair.ip_address} on the {member_ports.label_of(port, found)} is not marked "
            "as ours: it stays, and the server may speak from an address that is free then",
            f"if nobody needs it: openstack port unset --allowed-address "
            f"ip-address={pair.ip_address},mac-address={pair.mac_address} {port.id}",
        )
        for port in found.ports
        if has_member_marks(name, port)
        for pair in port.allowed_address_pairs
        if single_address(pair) in addresses and pair not in taken.get(port.id, ())
    ]


def _candidates(port: Port) -> list[Address]:
    return [
        address
        for pair in port.allowed_address_pairs
        if (address := single_address(pair))
        and not address.is_link_local
        and same_mac(pair.mac_address, port.mac_address)
    ]


def _loose_ends(name: str, deleted: tuple[Port, ...], found: Found) -> list[Remark]:
    ids = {port.id for port in deleted}
    return [
        _left_over(one)
        for one in found.floating_ips
        if one.port_id in ids and not belongs(name, one)
    ]


def _left_over(one: FloatingIp) -> Remark:
    return note(
        "floating-ip-stays",
        f"the floating IP {one.address} is not of our making: it stays, and leads nowhere then",
        f"if nobody needs it: openstack floating ip delete {one.address}",
    )
