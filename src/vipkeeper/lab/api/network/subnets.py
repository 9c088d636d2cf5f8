"""Subnets, and the port of who serves DHCP there. Source: neutron/db/db_base_plugin_v2.py."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.addresses import Allocation, new_mac_address
from vipkeeper.lab.api.network.allocation_pools import check_gateway_outside_pools, pools_of
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.networks import AUTO_DELETED
from vipkeeper.lab.api.network.records import HostRoute, Network, Port, Subnet
from vipkeeper.lab.api.network.requests import HostRouteRequest, SubnetChange, SubnetRequest
from vipkeeper.lab.api.network.resources import (
    check_quota,
    owned,
    project_of,
    revise,
    revised,
    stamp,
)
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State


def subnets_of(state: State, network_id: str) -> list[Subnet]:
    return [subnet for subnet in state.all(Subnet) if subnet.network_id == network_id]


def create(change: Change, body: SubnetRequest, context: Context, back_end: BackEnd) -> Subnet:
    network = owned(change, Network, body.network_id, context, "create_subnet")
    project = project_of(body, context, "create_subnet")
    check_quota(change, project, "subnet")
    cidr = ip_network(body.cidr)
    if cidr.version != body.ip_version:
        raise refusals.invalid_input(
            f"cidr '{body.cidr}' does not match the ip_version '{body.ip_version}'"
        )
    if cidr.prefixlen == 0:
        raise refusals.invalid_input(f"Invalid CIDR {body.cidr} given as IP prefix")
    if body.enable_dhcp and cidr.prefixlen >= cidr.max_prefixlen - 1:
        raise refusals.invalid_input(
            "Subnet has a prefix length that is incompatible with DHCP service enabled"
        )
    for other in subnets_of(change, network.id):
        if cidr.overlaps(ip_network(other.cidr)):
            raise refusals.subnet_overlaps(body.cidr, network.id)
    gateway = _gateway(body, cidr)
    subnet = Subnet(
        id=new_id(),
        project_id=project,
        name=body.name,
        description=body.description,
        network_id=network.id,
        ip_version=body.ip_version,
        cidr=str(cidr),
        gateway_ip=gateway,
        allocation_pools=pools_of(body.allocation_pools, cidr, gateway),
        enable_dhcp=body.enable_dhcp,
        dns_nameservers=tuple(body.dns_nameservers),
        host_routes=_routes(body.host_routes),
        ipv6_address_mode=body.ipv6_address_mode,
        ipv6_ra_mode=body.ipv6_ra_mode,
        **stamp(change, 0),
    )
    change.put(subnet)
    revise(change, network)
    _keep_dhcp_port(change, network, back_end)
    return subnet


def update(
    change: Change, id: str, body: SubnetChange, context: Context, back_end: BackEnd
) -> Subnet:
    subnet = owned(change, Subnet, id, context, "update_subnet")
    cidr = ip_network(subnet.cidr)
    values: dict[str, object] = {
        name: getattr(body, name)
        for name in ("name", "description", "enable_dhcp")
        if body.has(name)
    }
    if body.has("gateway_ip") and body.gateway_ip != subnet.gateway_ip:
        _check_gateway_unused(change, subnet)
        values["gateway_ip"] = _gateway(body, cidr)
    if body.has("dns_nameservers"):
        values["dns_nameservers"] = tuple(body.dns_nameservers)
    if body.has("host_routes"):
        values["host_routes"] = _routes(body.host_routes)
    if body.has("allocation_pools"):
        gateway = values.get("gateway_ip", subnet.gateway_ip)
        values["allocation_pools"] = pools_of(
            body.allocation_pools, cidr, str(gateway) if gateway else None
        )
    elif values.get("gateway_ip"):
        check_gateway_outside_pools(str(values["gateway_ip"]), subnet.allocation_pools)
    subnet = revised(subnet, change, **values)
    change.put(subnet)
    network = change.find(Network, subnet.network_id)
    if network is not None:
        _keep_dhcp_port(change, network, back_end)
    return subnet


def delete(change: Change, id: str, context: Context, back_end: BackEnd) -> None:
    subnet = owned(change, Subnet, id, context, "delete_subnet")
    for port in change.all(Port):
        if port.device_owner not in AUTO_DELETED and any(
            fixed.subnet_id == subnet.id for fixed in port.fixed_ips
        ):
            raise refusals.subnet_in_use(subnet.id)
    change.delete(subnet)
    network = change.find(Network, subnet.network_id)
    if network is not None:
        revise(change, network)
        _keep_dhcp_port(change, network, back_end)


def _keep_dhcp_port(change: Change, network: Network, back_end: BackEnd) -> None:
    """What the DHCP agent does: a port with an address in each subnet that has DHCP."""
    served = [
        subnet
        for subnet in subnets_of(change, network.id)
        if subnet.enable_dhcp and subnet.ip_version == 4
    ]
    port = _dhcp_port(change, network.id)
    if not served:
        if port is not None:
            change.delete(port)
        return
    if port is None:
        taken = [one.mac_address for one in change.all(Port) if one.network_id == network.id]
        port = Port(
            id=new_id(),
            project_id=network.project_id,
            network_id=network.id,
            mac_address=new_mac_address(taken),
            device_id=back_end.dhcp_device.format(network.id),
            device_owner=back_end.dhcp_owner,
            port_security_enabled=False,
            **stamp(change, 1),
        )
    kept = [one for one in port.fixed_ips if any(one.subnet_id == it.id for it in served)]
    allocation = Allocation(change, network)
    for subnet in served:
        if all(fixed.subnet_id != subnet.id for fixed in kept):
            kept.append(allocation.first_free([subnet]))
    change.put(port.model_copy(update={"fixed_ips": tuple(kept)}))


def _dhcp_port(state: State, network_id: str) -> Port | None:
    for port in state.all(Port):
        if port.network_id == network_id and port.device_owner in AUTO_DELETED:
            return port
    return None


def _gateway(body: SubnetChange, cidr: object) -> str | None:
    """The address that was given, none if null was, and else the first of the subnet."""
    network = ip_network(str(cidr))
    if not body.has("gateway_ip"):
        return str(network.network_address + 1)
    if body.gateway_ip is None:
        return None
    address = ip_address(body.gateway_ip)
    reserved = [network.network_address]
    if network.version == 4 and network.prefixlen < 31:
        reserved.append(network.broadcast_address)
    if address.version != network.version or (address in network and address in reserved):
        raise refusals.invalid_input("Gateway is not valid on subnet")
    return str(address)


def _check_gateway_unused(state: State, subnet: Subnet) -> None:
    for port in state.all(Port):
        if port.device_owner.startswith("network:router_interface") and any(
            fixed.subnet_id == subnet.id and fixed.ip_address == subnet.gateway_ip
            for fixed in port.fixed_ips
        ):
            raise refusals.gateway_in_use(str(subnet.gateway_ip), port.id)


def _routes(routes: Sequence[HostRouteRequest]) -> tuple[HostRoute, ...]:
    return tuple(
        HostRoute(destination=route.destination, nexthop=route.nexthop) for route in routes
    )
