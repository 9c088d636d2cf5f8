"""The subnet that a virtual IP is in: its address says it, or where its port or its members are."""

from __future__ import annotations

from collections.abc import Sequence

from vipkeeper.openstack.declaration.spec import Address, Family, VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.ownership import vip_address, vip_ports
from vipkeeper.openstack.plans.plan import Remark, blocker
from vipkeeper.openstack.resources import Network, Port, Subnet
from vipkeeper.openstack.words import listed


def subnet_of(
    spec: VipSpec,
    family: Family,
    network: Network,
    members: Sequence[Port],
    found: Found,
) -> Subnet | Remark:
    """The subnet of a family, or why it is not known.

    Args:
        members: their ports.
    """
    subnets = [
        one for one in found.subnets if one.network_id == network.id and one.family == family
    ]
    name = network.name or network.id
    if not subnets:
        return blocker(
            "subnet-missing",
            f"the network {name} has no IPv{family} subnet",
            f"openstack subnet list --network {network.id}",
        )
    address = spec.address(family)
    if address:
        return _holding(address, subnets, name)
    candidates = _with_vip_port(spec, family, subnets, found) or _of_all(members, family, subnets)
    if len(candidates) == 1:
        return candidates[0]
    return blocker(
        "subnet-ambiguous",
        f"the network {name} has {len(subnets)} IPv{family} subnets: "
        + listed(f"{one.name or one.id} ({one.cidr})" for one in subnets),
        "say address: with one of the subnet that is meant",
    )


def _holding(address: Address, subnets: Sequence[Subnet], network: str) -> Subnet | Remark:
    subnet = next((one for one in subnets if address in one.cidr), None)
    if subnet is None:
        return blocker(
            "address-outside-subnet",
            f"{address} is in no subnet of the network {network}: "
            + listed(str(one.cidr) for one in subnets),
            "choose an address of the subnet, or leave it to the cloud",
        )
    if address == subnet.gateway_ip:
        return blocker(
            "address-is-gateway",
            f"{address} is the gateway of {subnet.name or subnet.cidr}",
            "choose another address, or leave it to the cloud",
        )
    # Neutron refuses both with InvalidIpForSubnet (neutron-observed: 400).
    reserved = {subnet.cidr.network_address}
    if subnet.family == 4:
        reserved.add(subnet.cidr.broadcast_address)
    if address in reserved and subnet.cidr.num_addresses > 2:
        return blocker(
            "address-is-reserved",
            f"{address} is the first or the last address of {subnet.cidr}, which no port can have",
            "choose another address, or leave it to the cloud",
        )
    return subnet


def _with_vip_port(
    spec: VipSpec, family: Family, subnets: Sequence[Subnet], found: Found
) -> list[Subnet]:
    """Where the virtual IP's own port is already: it does not wander."""
    addresses = (vip_address(port) for port in vip_ports(spec.name, found))
    oldest = next((one for one in addresses if one and one.version == family), None)
    return [one for one in subnets if oldest and oldest in one.cidr]


def _of_all(members: Sequence[Port], family: Family, subnets: Sequence[Subnet]) -> list[Subnet]:
    if len(subnets) == 1:
        return list(subnets)
    return [
        one
        for one in subnets
        if members
        and all(any(fixed.subnet_id == one.id for fixed in at.fixed_ips) for at in members)
    ]
