"""Networks and subnets. Source: neutron/db/db_base_plugin_v2.py."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import policy, refusals
from vipkeeper.lab.api.network.addresses import Allocation, new_mac_address
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.records import (
    AllocationPool,
    HostRoute,
    Network,
    Port,
    Subnet,
)
from vipkeeper.lab.api.network.requests import (
    HostRouteRequest,
    NetworkChange,
    NetworkRequest,
    PoolRequest,
    SubnetChange,
    SubnetRequest,
)
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
from vipkeeper.lab.plane import IPAddress

EXTERNAL_MTU = 1500
"""A flat network has the physical one's; a tunnel takes 50 bytes of it (VXLAN)."""

# Ports that go with their network or subnet (neutron/db/db_base_plugin_v2.py,
# AUTO_DELETE_PORT_OWNERS).
AUTO_DELETED = ("network:dhcp", "network:distributed")
_OUTSIDE = ("network:router_gateway", "network:floatingip")
_PLAIN = ("name", "description", "admin_state_up", "shared", "external", "is_default", "mtu")


def create(change: Change, body: NetworkRequest, context: Context) -> Network:
    policy.check_network("create_network", body, context)
    project = project_of(body, context, "create_network")
    check_quota(change, project, "network")
    _check_mtu(body)
    network_type = body.network_type or ("flat" if body.external else "vxlan")
    values: dict[str, Any] = {name: getattr(body, name) for name in _PLAIN if body.has(name)}
    if body.external:
        values.setdefault("mtu", EXTERNAL_MTU)
    network = Network(
        id=new_id(),
        project_id=project,
        port_security_enabled=body.port_security_enabled,
        network_type=network_type,
        physical_network=body.physical_network,
        segmentation_id=body.segmentation_id or _free_segment(change, network_type),
        **values,
        **stamp(change, 1),
    )
    change.put(network)
    return network


def update(change: Change, id: str, body: NetworkChange, context: Context) -> Network:
    network = owned(change, Network, id, context, "update_network")
    policy.check_network("update_network", body, context)
    _check_mtu(body)
    _check_still_unused(change, network, body)
    network = revised(network, change, **body.given())
    change.put(network)
    return network


def _check_still_unused(state: State, network: Network, body: NetworkChange) -> None:
    """What is used as an external or a shared network stays one."""
    ports = [port for port in state.all(Port) if port.network_id == network.id]
    becomes_internal = network.external and body.has("external") and not body.external
    if becomes_internal and any(port.device_owner in _OUTSIDE for port in ports):
        raise refusals.network_used_as_external(network.id)
    becomes_private = network.shared and body.has("shared") and not body.shared
    # Gateways and floating IPs are there since it is external; they belong to nobody.
    if becomes_private and any(port.project_id not in ("", network.project_id) for port in ports):
        raise refusals.network_used_by_others(network.name)


def delete(change: Change, id: str, context: Context) -> None:
    network = owned(change, Network, id, context, "delete_network")
    ports = [port for port in change.all(Port) if port.network_id == network.id]
    staying = [port.id for port in ports if port.device_owner not in AUTO_DELETED]
    if staying:
        raise refusals.network_in_use(network.id, staying)
    for port in ports:
        change.delete(port)
    for subnet in list(change.all(Subnet)):
        if subnet.network_id == network.id:
            change.delete(subnet)
    change.delete(network)


def subnets_of(state: State, network_id: str) -> list[Subnet]:
    return [subnet for subnet in state.all(Subnet) if subnet.network_id == network_id]


def create_subnet(
    change: Change, body: SubnetRequest, context: Context, back_end: BackEnd
) -> Subnet:
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
        allocation_pools=_pools(body.allocation_pools, cidr, gateway),
        enable_dhcp=body.enable_dhcp,
        dns_nameservers=tuple(body.dns_nameservers),
        host_routes=_routes(body.host_routes),
        ipv6_address_mode=body.ipv6_address_mode,
        ipv6_ra_mode=body.ipv6_ra_mode,
        **stamp(change, 0),
    )
    change.put(subnet)
    revise(change, network)
    keep_dhcp_port(change, network, back_end)
    return subnet


def update_subnet(
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
        values["allocation_pools"] = _pools(
            body.allocation_pools, cidr, str(gateway) if gateway else None
        )
    elif values.get("gateway_ip"):
        _check_gateway_outside_pools(str(values["gateway_ip"]), subnet.allocation_pools)
    subnet = revised(subnet, change, **values)
    change.put(subnet)
    network = change.find(Network, subnet.network_id)
    if network is not None:
        keep_dhcp_port(change, network, back_end)
    return subnet


def delete_subnet(change: Change, id: str, context: Context, back_end: BackEnd) -> None:
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
        keep_dhcp_port(change, network, back_end)


def keep_dhcp_port(change: Change, network: Network, back_end: BackEnd) -> None:
    """What the DHCP agent does: a port with an address in each subnet that has DHCP."""
    served = [
        subnet
        for subnet in subnets_of(change, network.id)
        if subnet.enable_dhcp and subnet.ip_version == 4
    ]
    port = dhcp_port(change, network.id)
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


def dhcp_port(state: State, network_id: str) -> Port | None:
    for port in state.all(Port):
        if port.network_id == network_id and port.device_owner in AUTO_DELETED:
            return port
    return None


def _check_mtu(body: NetworkChange) -> None:
    if body.has("mtu") and not 68 <= body.mtu <= 9000:
        raise refusals.invalid_input(f"Requested MTU is too {'big' if body.mtu > 68 else 'small'}")


def _free_segment(state: State, network_type: str) -> int | None:
    if network_type not in ("vxlan", "vlan", "gre", "geneve"):
        return None
    used = {network.segmentation_id for network in state.all(Network)}
    return next(number for number in range(1, len(used) + 2) if number not in used)


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


def _pools(
    requests: Sequence[PoolRequest], cidr: object, gateway: str | None
) -> tuple[AllocationPool, ...]:
    network = ip_network(str(cidr))
    if not requests:
        return default_pools(str(network), gateway)
    pools: list[tuple[IPAddress, IPAddress]] = []
    for request in requests:
        start, end = ip_address(request.start), ip_address(request.end)
        if (
            start.version != network.version
            or end.version != network.version
            or int(end) < int(start)
        ):
            raise refusals.invalid_pool(request.start, request.end)
        if start not in network or end not in network:
            raise refusals.pool_out_of_bounds(f"{start}-{end}", str(network))
        for one, other in pools:
            if int(start) <= int(other) and int(one) <= int(end):
                raise refusals.overlapping_pools(f"{one}-{other}", f"{start}-{end}", str(network))
        pools.append((start, end))
    made = tuple(AllocationPool(start=str(start), end=str(end)) for start, end in pools)
    if gateway is not None:
        _check_gateway_outside_pools(gateway, made)
    return made


def _check_gateway_outside_pools(gateway: str, pools: Sequence[AllocationPool]) -> None:
    for pool in pools:
        first, last = ip_address(pool.start), ip_address(pool.end)
        if int(first) <= int(ip_address(gateway)) <= int(last):
            raise refusals.gateway_conflict(f"{pool.start}-{pool.end}", gateway)


def default_pools(cidr: str, gateway: str | None) -> tuple[AllocationPool, ...]:
    """All host addresses but the gateway's: one pool, or two where it lies in the middle."""
    network = ip_network(cidr)
    first, last = int(network.network_address) + 1, int(network.broadcast_address)
    if network.version == 4:
        last -= 1
    make = type(network.network_address)
    ranges = [(first, last)]
    if gateway is not None and first <= int(ip_address(gateway)) <= last:
        middle = int(ip_address(gateway))
        ranges = [(first, middle - 1), (middle + 1, last)]
    return tuple(
        AllocationPool(start=str(make(start)), end=str(make(end)))
        for start, end in ranges
        if start <= end
    )
