"""A virtual IP that was made by hand becomes a declared one: pure.

What there is gets marks, and nothing else is changed: what passes before passes afterwards, and
what did not pass does not. What is lacking then is for the next plan to say. The VIP port comes
last: until it has its marks, an adoption that was cut off can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import MappingProxyType

from vipkeeper.keepalived import Configuration
from vipkeeper.openstack import marks
from vipkeeper.openstack.adopting import adoptable, adopted_groups, adopted_members, node_files
from vipkeeper.openstack.adopting.naming import name_or_id
from vipkeeper.openstack.declaration.spec import Address, FloatingIp, VipSpec, Vrrp
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import member_ports, vrids
from vipkeeper.openstack.plans.ownership import has_virtual_mac, own_tags, single_address
from vipkeeper.openstack.plans.plan import Remark, Severity, note, warning
from vipkeeper.openstack.plans.steps import ChangeFloatingIp, ChangeGroup, ChangePort, Step
from vipkeeper.openstack.resources import FloatingIp as FoundFloatingIp
from vipkeeper.openstack.resources import Port, SecurityGroup

NO_FILES: Mapping[str, Configuration] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Adoption:
    """What would be done.

    Attributes:
        spec: None where a blocker leaves it unknown.
        steps: put marks, and nothing else; none where there is a blocker.
    """

    name: str
    spec: VipSpec | None
    steps: tuple[Step, ...]
    remarks: tuple[Remark, ...]

    @property
    def blockers(self) -> tuple[Remark, ...]:
        return tuple(one for one in self.remarks if one.severity is Severity.BLOCKER)


def adoption(
    port: Port,
    found: Found,
    *,
    name: str,
    configurations: Mapping[str, Configuration] = NO_FILES,
) -> Adoption:
    """How the virtual IP with this port is adopted under a name.

    Args:
        configurations: the members' keepalived.conf files, by file name; without them nobody knows
            what the nodes say to each other.
    """
    address, remarks = adoptable.address_of(port, found, name)
    if address is None:
        return Adoption(name, None, (), remarks)
    members, more = adopted_members.members_of(port, address, found)
    remarks = (*remarks, *more, *adoptable.too_few(members, port, address))
    files = node_files.read(configurations, address, members)
    remarks = (*remarks, *files.remarks)
    vrrp, more = _vrrp(files, port, address, list(members.values()), found, name)
    remarks = (*remarks, *more)
    if any(one.severity is Severity.BLOCKER for one in remarks):
        return Adoption(name, None, (), _worst_first(remarks))
    return _adopted(port, address, members, files, vrrp, found, name, remarks)


def _adopted(
    port: Port,
    address: Address,
    members: Mapping[str, Port],
    files: node_files.NodeFiles,
    vrrp: Vrrp,
    found: Found,
    name: str,
    remarks: tuple[Remark, ...],
) -> Adoption:
    ports = list(members.values())
    declared, of_members = adopted_members.declared(members, files, found)
    group = adopted_groups.shared_group(ports, found, address.version)
    service_ports, of_ports = adopted_groups.service_ports(group, ports, found, address.version)
    floating_ip = next((one for one in found.floating_ips if one.port_id == port.id), None)
    spec = VipSpec(
        name=name,
        network=name_or_id(port.network_id, found.networks),
        families=(address.version,),
        addresses=(address,),
        members=declared,
        floating_ip=_floating_ip(floating_ip, found),
        vrrp=vrrp,
        service_ports=service_ports,
        security_group=name_or_id(group.id, found.groups) if group else None,
    )
    steps = (
        *_member_steps(spec, members, found),
        *_group_steps(name, group),
        *_floating_ip_steps(name, floating_ip),
        *_vip_port_steps(spec, port),
    )
    said = (
        *remarks,
        *of_members,
        *of_ports,
        *_of_group(group, ports),
        *_of_description(port, name),
    )
    return Adoption(name, spec, steps, _worst_first(said))


def _vrrp(
    files: node_files.NodeFiles,
    port: Port,
    address: Address,
    members: Sequence[Port],
    found: Found,
    name: str,
) -> tuple[Vrrp, tuple[Remark, ...]]:
    if files.files:
        return node_files.agreed(files.files)
    virtual = _vrid_of_macs(members, address)
    taken = {
        record.vrid
        for one in found.neighbours
        if one.id != port.id and (record := marks.record(one.description))
    }
    vrid = virtual or vrids.derived(address, taken, name)
    guess = warning(
        "nodes-not-known",
        f"nobody has said what the nodes are configured with: VRRPv3, the VRID {vrid}, an interval "
        "of 1 s, unicast, eth0 and the priorities are guesses",
        "name each member's keepalived.conf: --config FILE; or write into the spec what they have",
    )
    return Vrrp(vrid=vrid, virtual_mac=virtual is not None), (guess,)


def _vrid_of_macs(members: Sequence[Port], address: Address) -> int | None:
    """The last byte of a virtual MAC (RFC 9568 7.3) in a pair of the address."""
    return next(
        (
            int(pair.mac_address[-2:], 16) or None
            for port in members
            for pair in port.allowed_address_pairs
            if has_virtual_mac(pair) and single_address(pair) == address
        ),
        None,
    )


def _floating_ip(one: FoundFloatingIp | None, found: Found) -> FloatingIp | None:
    if one is None:
        return None
    network = name_or_id(one.network_id, found.external_networks)
    return FloatingIp(network=network, address=IPv4Address(one.address))


def _member_steps(spec: VipSpec, members: Mapping[str, Port], found: Found) -> list[Step]:
    steps: list[Step] = []
    for member, priority in zip(spec.members, spec.priorities(), strict=True):
        port = adopted_members.port_of(member, members, found)
        tags = (
            marks.tag(spec.name),
            marks.member_tag(spec.name, f"priority={priority}"),
            marks.member_tag(spec.name, f"if={member.interface}"),
        )
        change = ChangePort(
            port.id,
            member_ports.label_of(port, found),
            add_tags=tuple(one for one in tags if one not in port.tags),
            remove_tags=tuple(one for one in own_tags(spec.name, port.tags) if one not in tags),
        )
        if change.add_tags or change.remove_tags:
            steps.append(change)
    return steps


def _group_steps(name: str, group: SecurityGroup | None) -> list[Step]:
    tag = marks.tag(name)
    if group is None or tag in group.tags:
        return []
    return [ChangeGroup(group.id, group.name, add_tags=(tag,))]


def _floating_ip_steps(name: str, one: FoundFloatingIp | None) -> list[Step]:
    if one is None:
        return []
    missing = tuple(tag for tag in (marks.ADOPTED, marks.tag(name)) if tag not in one.tags)
    return [ChangeFloatingIp(one.id, one.address, add_tags=missing)] if missing else []


def _vip_port_steps(spec: VipSpec, port: Port) -> list[Step]:
    """That it was not made by us comes first, that it was adopted last."""
    tags = (marks.ADOPTED, marks.VIP_PORT, marks.tag(spec.name))
    vrrp = spec.vrrp
    assert vrrp.vrid is not None
    record = marks.Record(
        name=spec.name,
        family=spec.families[0],
        version=vrrp.protocol_version,
        vrid=vrrp.vrid,
        interval=vrrp.interval,
        mode=vrrp.mode,
        preempt=vrrp.preempt,
        virtual_mac=vrrp.virtual_mac,
        authentication=vrrp.authentication.type if vrrp.authentication else None,
    )
    return [
        ChangePort(
            port.id,
            f"port {port.name or port.id}",
            add_tags=tuple(one for one in tags if one not in port.tags),
            description=str(record),
        )
    ]


def _of_group(group: SecurityGroup | None, members: Sequence[Port]) -> tuple[Remark, ...]:
    if group is not None or not any(port.port_security_enabled for port in members):
        return ()
    return (
        warning(
            "no-shared-group",
            "the members share no security group that lets VRRP in from each other: there may be "
            "two that hold the address",
            "vipkeeper vip apply makes one",
        ),
    )


def _of_description(port: Port, name: str) -> tuple[Remark, ...]:
    if not port.description or marks.is_made_for(name, port.description):
        return ()
    return (
        note(
            "description-replaced",
            f"the description of the VIP port, {port.description!r}, makes room for vipkeeper's",
        ),
    )


def _worst_first(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    order = list(Severity)
    return tuple(sorted(dict.fromkeys(remarks), key=lambda one: order.index(one.severity)))
