"""What it takes to get from what was found to what a spec wants: pure.

::

    chosen      what the names mean                         choosing.py
    reserved    the VIP's own ports                         reservation.py
    settled     the VRID                                    vrids.py
    sorted_out  the security group, its rules               groups.py, rules.py
    arranged    server group, floating IP                   spread.py, floating.py
    changes     pairs, groups and tags of members' ports    member_ports.py

A thing is changed after what it depends on is there, and what is not wanted any more goes last. So
the steps can be cut off anywhere: what is there then is known by its marks, and the next plan goes
on from it.
"""

from __future__ import annotations

from ipaddress import ip_interface

from vipkeeper.openstack import marks
from vipkeeper.openstack.back_end import BackEnd, Kind, recognised
from vipkeeper.openstack.declaration.spec import Address, Family, VipSpec
from vipkeeper.openstack.deployment import Deployment, Node, VirtualAddress
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import (
    floating,
    groups,
    member_ports,
    remarks,
    reservation,
    spread,
    vrids,
)
from vipkeeper.openstack.plans.choosing import Chosen, chosen
from vipkeeper.openstack.plans.groups import Groups
from vipkeeper.openstack.plans.ownership import (
    belongs,
    has_member_marks,
    is_vip_port,
    label,
    own_tags,
)
from vipkeeper.openstack.plans.plan import Plan, Remark
from vipkeeper.openstack.plans.reservation import Reservation
from vipkeeper.openstack.plans.spread import Spread
from vipkeeper.openstack.plans.steps import ChangePort, CreatePort, Delete, Step
from vipkeeper.openstack.resources import Port


def plan(spec: VipSpec, found: Found) -> Plan:
    """What is there, what would be done, and what has to be known before."""
    back_end = recognised(found.owners, found.extensions)
    exists = is_there(spec.name, found)
    meant, said = chosen(spec, found)
    said = (*remarks.of_cloud(found), *said)
    if meant is None:
        return Plan(spec.name, back_end, said, (), None, exists)
    reserved, more = reservation.reserved(spec, meant, found)
    said = (*said, *more)
    vrid, more = vrids.settled(
        spec, reserved.kept.values(), found.neighbours, _first_address(spec, reserved)
    )
    said = (*said, *more)
    if vrid is None:
        return Plan(spec.name, back_end, said, (), None, exists)
    return _planned(spec, found, back_end, meant, reserved, vrid, said, exists=exists)


def deployment(spec: VipSpec, found: Found) -> Deployment | None:
    """The virtual IP as it stands, or will stand; None where that cannot be known."""
    return plan(spec, found).deployment


def is_there(name: str, found: Found) -> bool:
    """Whether anything of a virtual IP was found."""
    ports = any(is_vip_port(name, one) or has_member_marks(name, one) for one in found.ports)
    grouped = any(belongs(name, one) for one in found.groups)
    return ports or grouped or any(belongs(name, one) for one in found.floating_ips)


def _planned(
    spec: VipSpec,
    found: Found,
    back_end: BackEnd,
    meant: Chosen,
    reserved: Reservation,
    vrid: int,
    said: tuple[Remark, ...],
    *,
    exists: bool,
) -> Plan:
    group = groups.sorted_out(spec, meant, found)
    apart = spread.arranged(spec, meant, found)
    outside = floating.arranged(spec, reserved, found, back_end)
    steps: tuple[Step, ...] = (
        *groups.prepared(spec, group),
        *apart.first,
        *_vip_port_steps(spec, meant, reserved, group, apart, vrid),
        *member_ports.changes(
            spec, vrid, meant, reserved, group, preferred_last=back_end.distributed
        ),
        *member_ports.former(spec, meant, reserved, group, found),
        *outside.steps,
        *apart.last,
        *_without_server_group(spec, reserved, apart),
        *_surplus_ports(reserved),
        *groups.cleared(spec, group),
    )
    on_ovn = back_end.kind is Kind.OVN
    said = (
        *said,
        *remarks.of_network(spec, meant, found, back_end),
        *remarks.of_members(meant, on_ovn=on_ovn),
        *remarks.of_vrrp(spec, back_end),
        *member_ports.remarks(spec, vrid, meant, reserved, on_ovn=on_ovn),
        *spread.remarks(spec, meant, found),
        *outside.remarks,
        *remarks.of_quotas(steps, found),
    )
    stands = Deployment(
        name=spec.name,
        network_id=meant.network.id,
        network_name=meant.network.name,
        addresses=tuple(_virtual_address(one, meant, reserved) for one in spec.families),
        nodes=_nodes(spec, meant),
        vrrp=spec.vrrp,
        vrid=vrid,
        service_ports=spec.service_ports,
        floating_ip=outside.address,
        floating_network_id=outside.network_id,
        group_id=group.current.id if group.current else None,
        group_name=group.name if group.is_wanted else "",
        server_group_id=apart.id,
    )
    return Plan(spec.name, back_end, _worst_first(said), steps, stands, exists)


def _worst_first(said: tuple[Remark, ...]) -> tuple[Remark, ...]:
    order = list(type(said[0].severity)) if said else []
    return tuple(sorted(dict.fromkeys(said), key=lambda one: order.index(one.severity)))


def _first_address(spec: VipSpec, reserved: Reservation) -> Address | None:
    known = (reserved.addresses[family] for family in spec.families)
    return next((one for one in known if one), None)


def _record(spec: VipSpec, family: Family, vrid: int) -> str:
    vrrp = spec.vrrp
    return str(
        marks.Record(
            name=spec.name,
            family=family,
            version=vrrp.protocol_version,
            vrid=vrid,
            interval=vrrp.interval,
            mode=vrrp.mode,
            preempt=vrrp.preempt,
            virtual_mac=vrrp.virtual_mac,
            authentication=vrrp.authentication.type if vrrp.authentication else None,
        )
    )


def _vip_port_steps(
    spec: VipSpec,
    meant: Chosen,
    reserved: Reservation,
    group: Groups,
    apart: Spread,
    vrid: int,
) -> list[Step]:
    steps: list[Step] = []
    for family in spec.families:
        port = reserved.kept.get(family)
        if port is None:
            steps.append(_create_port(spec, family, meant, reserved, group, apart, vrid))
            continue
        change = _change_port(spec, family, port, group, apart, vrid)
        if change:
            steps.append(change)
    return steps


def _create_port(
    spec: VipSpec,
    family: Family,
    meant: Chosen,
    reserved: Reservation,
    group: Groups,
    apart: Spread,
    vrid: int,
) -> CreatePort:
    filtered = meant.network.port_security_enabled
    tags = (*reservation.tags(spec.name), *((apart.tag,) if apart.tag else ()))
    if group.id and filtered and group.current:
        tags += groups.tags_of_port(spec.name, _unborn(meant), group, (group.id,))
    return CreatePort(
        family=family,
        name=marks.port_name(spec.name, family),
        network_id=meant.network.id,
        subnet_id=meant.subnets[family].id,
        address=reserved.addresses[family],
        groups=(group.id,) if group.id and filtered else (),
        description=_record(spec, family, vrid),
        tags=tags,
    )


def _unborn(meant: Chosen) -> Port:
    return Port("", "", meant.network.id, meant.network.project_id, "")


def _change_port(
    spec: VipSpec, family: Family, port: Port, group: Groups, apart: Spread, vrid: int
) -> ChangePort | None:
    """What a VIP port that is there lacks and has too much."""
    add, remove = groups.on_port(spec.name, port, group)
    wanted = [*reservation.tags(spec.name), *([apart.tag] if apart.tag else [])]
    wanted += groups.tags_of_port(spec.name, port, group, add)
    kept = {*wanted, marks.ADOPTED, *_tags_of_deleted(apart)}
    record = _record(spec, family, vrid)
    said = f"port {label(port)}"
    change = ChangePort(
        port.id,
        said,
        add_groups=add,
        remove_groups=remove,
        add_tags=tuple(one for one in wanted if one not in port.tags),
        remove_tags=tuple(one for one in own_tags(spec.name, port.tags) if one not in kept),
        description=None if port.description == record else record,
    )
    return change if change != ChangePort(port.id, said) else None


def _tags_of_deleted(apart: Spread) -> set[str]:
    """They stay until their server groups are gone: nothing else tells of those."""
    return {marks.server_group_tag(one.id) for one in apart.last if isinstance(one, Delete)}


def _without_server_group(spec: VipSpec, reserved: Reservation, apart: Spread) -> list[Step]:
    gone = _tags_of_deleted(apart)
    return [
        ChangePort(port.id, f"port {label(port)}", remove_tags=tags)
        for port in (reserved.kept[family] for family in spec.families if family in reserved.kept)
        if (tags := tuple(one for one in port.tags if one in gone))
    ]


def _surplus_ports(reserved: Reservation) -> list[Step]:
    return [
        Delete("port", port.id, label(port), "made twice, or no longer wanted")
        for port in reserved.surplus
    ]


def _virtual_address(family: Family, meant: Chosen, reserved: Reservation) -> VirtualAddress:
    subnet, address = meant.subnets[family], reserved.addresses[family]
    port = reserved.kept.get(family)
    return VirtualAddress(
        family=family,
        subnet_id=subnet.id,
        cidr=str(subnet.cidr),
        interface=ip_interface(f"{address}/{subnet.cidr.prefixlen}") if address else None,
        port_id=port.id if port else None,
    )


def _nodes(spec: VipSpec, meant: Chosen) -> tuple[Node, ...]:
    nodes = (
        Node(
            name=member.name,
            port_id=member.port.id,
            server_id=member.port.device_id or None,
            mac_address=member.port.mac_address,
            addresses=tuple(
                address
                for family in spec.families
                if (address := member.address(family, meant.subnets[family]))
            ),
            priority=member.priority,
            interface=member.declared.interface,
            filtered=member.port.port_security_enabled,
        )
        for member in meant.members
    )
    return tuple(sorted(nodes, key=lambda node: -node.priority))
