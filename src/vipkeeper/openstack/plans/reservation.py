"""The virtual IP's own ports, which reserve its addresses: which there are, which are wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import Address, Family, VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.choosing import Chosen, ChosenMember
from vipkeeper.openstack.plans.ownership import (
    device,
    family_of,
    is_made,
    is_vip_port,
    label,
    same_mac,
    single_address,
    vip_address,
    vip_ports,
)
from vipkeeper.openstack.plans.plan import Remark, blocker, warning
from vipkeeper.openstack.resources import Port, Subnet
from vipkeeper.openstack.words import listed


@dataclass(frozen=True, slots=True)
class Reservation:
    """What there is.

    Attributes:
        kept: by family.
        addresses: by family; None where the cloud is to choose one.
        surplus: ports of our making that are not wanted (any more), and those in the network that
            it was in before.
    """

    kept: Mapping[Family, Port]
    addresses: Mapping[Family, Address | None]
    surplus: tuple[Port, ...]

    def known_addresses(self) -> frozenset[Address]:
        """All addresses by which pairs of ours may be known."""
        surplus = (fixed.address for port in self.surplus for fixed in port.fixed_ips)
        return frozenset((*(one for one in self.addresses.values() if one), *surplus))


def reserved(spec: VipSpec, chosen: Chosen, found: Found) -> tuple[Reservation, tuple[Remark, ...]]:
    ours = vip_ports(spec.name, found)
    elsewhere = [port for port in ours if port.network_id != chosen.network.id]
    remarks = [_elsewhere(spec, port) for port in elsewhere]
    remarks += [_bound(port, found) for port in ours if port.device_id]
    here = [port for port in ours if port.network_id == chosen.network.id]
    kept: dict[Family, Port] = {}
    addresses: dict[Family, Address | None] = {}
    for family in spec.families:
        of_family = [port for port in here if family_of(port) == family]
        fitting = [port for port in of_family if _fits(spec, family, port)]
        if fitting:
            # An adopted one first: it cannot be deleted.
            kept[family] = min(fitting, key=lambda port: is_made(spec.name, port))
            addresses[family] = vip_address(kept[family])
        else:
            addresses[family] = spec.address(family) or _remembered(
                spec.name, family, chosen.members, chosen.subnets[family]
            )
            remarks += _in_use(spec, addresses[family], chosen, found)
    surplus = [port for port in here if port not in kept.values()]
    remarks += [_not_ours(spec, port) for port in surplus if not is_made(spec.name, port)]
    deleted = tuple(port for port in (*surplus, *elsewhere) if is_made(spec.name, port))
    return Reservation(kept, addresses, deleted), tuple(remarks)


def tags(name: str) -> tuple[str, ...]:
    """What a VIP port is known by."""
    return marks.VIP_PORT, marks.tag(name)


def _fits(spec: VipSpec, family: Family, port: Port) -> bool:
    wanted, address = spec.address(family), vip_address(port)
    return address is not None and wanted in (None, address)


def _remembered(
    name: str, family: Family, members: Sequence[ChosenMember], subnet: Subnet
) -> Address | None:
    """The address that the members still have a pair for, though its port is gone.

    The nodes are configured with it. Only if there is no doubt: all members that say that they
    have a pair of ours have the same, and one alone.
    """
    mark = marks.member_tag(name, marks.pair(family))
    known: list[set[Address]] = []
    for member in members:
        port = member.port
        if mark in port.tags:
            own = {fixed.address for fixed in port.fixed_ips}
            pairs = (
                single_address(pair)
                for pair in port.allowed_address_pairs
                if same_mac(pair.mac_address, port.mac_address)
            )
            known.append({one for one in pairs if one and one in subnet.cidr} - own)
    common = set.intersection(*known) if known else set()
    return common.pop() if len(common) == 1 else None


def _in_use(
    spec: VipSpec, address: Address | None, chosen: Chosen, found: Found
) -> tuple[Remark, ...]:
    """Whether another port of the network has the address."""
    holder = next(
        (
            port
            for port in found.ports
            if port.network_id == chosen.network.id
            and not is_vip_port(spec.name, port)
            and any(fixed.address == address for fixed in port.fixed_ips)
        ),
        None,
    )
    if holder is None:
        return ()
    others = [one for one in marks.names(holder.tags) if one != spec.name]
    if marks.VIP_PORT in holder.tags and others:
        return (
            blocker(
                "address-of-another-vip",
                f"{address} belongs to the virtual IP {listed(others)}",
                "choose another address, or destroy that one first: "
                f"vipkeeper vip destroy {others[0]}",
            ),
        )
    if holder.device_owner.startswith("network:"):
        return (
            blocker(
                "address-in-use",
                f"{address} is an address of the network itself ({holder.device_owner})",
                "choose another address, or leave it to the cloud",
            ),
        )
    if holder.device_id:
        return (
            blocker(
                "vip-port-bound",
                f"{address} is held by port {label(holder)} of server "
                f"{device(holder, found.servers)}: a virtual IP needs a port that no server has",
                "choose another address, or take the port from its server: "
                f"openstack server remove port {holder.device_id} {holder.id}",
            ),
        )
    return (
        blocker(
            "address-held-by-port",
            f"{address} is held by port {label(holder)}, which was not made by vipkeeper",
            f"vipkeeper vip adopt {holder.id} --name {spec.name}",
        ),
    )


def _bound(port: Port, found: Found) -> Remark:
    return blocker(
        "vip-port-bound",
        f"the VIP port {label(port)} is bound to {device(port, found.servers)}: "
        "no other node can have its address then",
        f"openstack server remove port {port.device_id} {port.id}",
    )


def _elsewhere(spec: VipSpec, port: Port) -> Remark:
    """A port cannot change its network (Neutron's network_id is not updatable): a new one is made.

    The floating IP is led to that before the old one goes, which would let go of it.
    """
    if is_made(spec.name, port):
        return warning(
            "vip-moves",
            f"the virtual IP leaves the network {port.network_id} with its address "
            f"{vip_address(port)}, and gets a new port in {spec.network}: the nodes need their "
            "files anew",
            "vipkeeper vip render, as soon as it is applied",
        )
    return blocker(
        "vip-in-another-network",
        f"the virtual IP's port {label(port)} is in another network ({port.network_id}), and was "
        "adopted there: it is not deleted",
        f"let it go first: vipkeeper vip destroy {spec.name}",
    )


def _not_ours(spec: VipSpec, port: Port) -> Remark:
    return blocker(
        "adopted-port-unwanted",
        f"port {label(port)} ({vip_address(port)}) was adopted and is not what the spec asks for",
        f"declare its address, or let it go first: vipkeeper vip destroy {spec.name}",
    )
