"""What the names of a spec mean among what was found: one thing each, or a remark why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from vipkeeper.openstack.declaration.spec import Address, Family, Member, VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.ownership import is_vip_port, label
from vipkeeper.openstack.plans.plan import Remark, blocker
from vipkeeper.openstack.plans.subnets import subnet_of
from vipkeeper.openstack.resources import Network, Port, SecurityGroup, Server, Subnet
from vipkeeper.openstack.words import listed


class Named(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=Named)


@dataclass(frozen=True, slots=True)
class ChosenMember:
    """A member with its port; ``server`` is None where there is none yet."""

    declared: Member
    priority: int
    port: Port
    server: Server | None

    @property
    def name(self) -> str:
        return self.server.name if self.server else label(self.port)

    def address(self, family: Family, subnet: Subnet | None = None) -> Address | None:
        """The first of the family, one of the subnet if there is any."""
        fixed = [one for one in self.port.fixed_ips if one.address.version == family]
        near = [one for one in fixed if subnet and one.subnet_id == subnet.id]
        return next((one.address for one in (*near, *fixed)), None)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Attributes: ``group``: that the spec names; None: the virtual IP has one of its own."""

    network: Network
    members: tuple[ChosenMember, ...]
    subnets: Mapping[Family, Subnet]
    group: SecurityGroup | None


def chosen(spec: VipSpec, found: Found) -> tuple[Chosen | None, tuple[Remark, ...]]:
    """What is meant; None where that is not clear, with all that is not."""
    network = _network(spec, found)
    if isinstance(network, Remark):
        return None, (network,)
    remarks: list[Remark] = []
    members: list[ChosenMember] = []
    for declared, priority in zip(spec.members, spec.priorities(), strict=True):
        member = _member(spec, declared, priority, network, found)
        if isinstance(member, Remark):
            remarks.append(member)
        else:
            members.append(member)
    remarks += _faults_of_members(spec, members)
    subnets: dict[Family, Subnet] = {}
    ports = [member.port for member in members]
    for family in spec.families:
        subnet = subnet_of(spec, family, network, ports, found)
        if isinstance(subnet, Remark):
            remarks.append(subnet)
        else:
            subnets[family] = subnet
    group = _group(spec, found)
    if isinstance(group, Remark):
        remarks.append(group)
    if remarks or isinstance(group, Remark):
        return None, tuple(remarks)
    return Chosen(network, tuple(members), subnets, group), ()


def meant(things: Iterable[Thing], wanted: str) -> tuple[Thing, ...]:
    """Those that a name or an ID may mean: the one with the ID, or all with the name."""
    known = tuple(things)
    return tuple(one for one in known if one.id == wanted) or tuple(
        one for one in known if one.name == wanted
    )


def _one(
    things: Sequence[Thing], kind: str, wanted: str, *, missing: str, several: str
) -> Thing | Remark:
    if not things:
        return blocker(f"{kind.replace(' ', '-')}-missing", f"there is no {kind} {wanted}", missing)
    if len(things) > 1:
        ids = listed(one.id for one in things)
        return blocker(
            f"{kind.replace(' ', '-')}-ambiguous",
            f"there are {len(things)} {kind}s named {wanted}: {ids}",
            several,
        )
    return things[0]


def _network(spec: VipSpec, found: Found) -> Network | Remark:
    return _one(
        meant(found.networks, spec.network),
        "network",
        spec.network,
        missing="openstack network list",
        several="say network: with the ID of the one that is meant",
    )


def _member(
    spec: VipSpec, declared: Member, priority: int, network: Network, found: Found
) -> ChosenMember | Remark:
    if declared.server:
        return _member_by_server(spec, declared, priority, network, found)
    ports = [one for one in found.ports if one.network_id == network.id]
    port = _one(
        meant(ports, declared.port or ""),
        "port",
        declared.port or "",
        missing=f"openstack port list --network {network.name or network.id}",
        several="say port: with the ID of the one that is meant",
    )
    if isinstance(port, Remark):
        return port
    if is_vip_port(spec.name, port):
        return blocker(
            "member-is-vip-port",
            f"{label(port)} is the virtual IP's own port and cannot be a member",
            "name the server's port",
        )
    if port.device_owner.startswith("network:"):
        return blocker(
            "member-is-no-server",
            f"port {label(port)} is not a server's, but {port.device_owner}",
            "name the server's port",
        )
    server = next((one for one in found.servers if one.id == port.device_id), None)
    return ChosenMember(declared, priority, port, server)


def _member_by_server(
    spec: VipSpec, declared: Member, priority: int, network: Network, found: Found
) -> ChosenMember | Remark:
    server = _one(
        meant(found.servers, declared.label),
        "server",
        declared.label,
        missing="openstack server list",
        several="say server: with the ID of the one that is meant",
    )
    if isinstance(server, Remark):
        return server
    ports = [
        one for one in found.ports if one.network_id == network.id and one.device_id == server.id
    ]
    # A server that was given the VIP's port as well has its own besides; reservation.py says so.
    ports = [one for one in ports if not _is_of_vip(spec, one)] or ports
    where = f"the network {network.name or network.id}"
    if not ports:
        return blocker(
            "member-without-port",
            f"server {server.name} has no port in {where}",
            f"openstack server add network {server.id} {network.id}",
        )
    if len(ports) > 1:
        ids = listed(one.id for one in ports)
        return blocker(
            "member-with-several-ports",
            f"server {server.name} has {len(ports)} ports in {where}: {ids}",
            "say port: with the ID of the one that is meant, in place of server:",
        )
    return ChosenMember(declared, priority, ports[0], server)


def _is_of_vip(spec: VipSpec, port: Port) -> bool:
    addresses = {fixed.address for fixed in port.fixed_ips}
    return is_vip_port(spec.name, port) or bool(addresses & set(spec.addresses))


def _faults_of_members(spec: VipSpec, members: Sequence[ChosenMember]) -> list[Remark]:
    faults = []
    seen: dict[str, ChosenMember] = {}
    for member in members:
        first = seen.setdefault(member.port.id, member)
        if first is not member:
            faults.append(
                blocker(
                    "member-twice",
                    f"{first.declared.label} and {member.declared.label} are one member: "
                    f"they have the port {member.port.id}",
                    "name each member once",
                )
            )
        faults += [
            blocker(
                "member-without-address",
                f"{member.name} has no IPv{family} address in the network",
                f"openstack port set --fixed-ip subnet=SUBNET {member.port.id}",
            )
            for family in spec.families
            if member.address(family) is None
        ]
    return faults


def _group(spec: VipSpec, found: Found) -> SecurityGroup | Remark | None:
    if spec.security_group is None:
        return None
    # An admin sees every project's "default".
    own = [one for one in found.groups if found.project_id in (None, one.project_id)]
    return _one(
        meant(own, spec.security_group) or meant(found.groups, spec.security_group),
        "security group",
        spec.security_group,
        missing="openstack security group list",
        several="say security_group: with the ID of the one that is meant",
    )
