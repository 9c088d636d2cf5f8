"""Routers, their gateways and interfaces. Source: neutron/db/l3_db.py."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import policy, refusals
from vipkeeper.lab.api.network.addresses import Allocation, new_mac_address
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.records import (
    FixedIP,
    FloatingIP,
    HostRoute,
    Network,
    Port,
    Router,
    Subnet,
)
from vipkeeper.lab.api.network.requests import (
    FixedIPRequest,
    GatewayRequest,
    InterfaceRequest,
    RouterChange,
    RouterRequest,
)
from vipkeeper.lab.api.network.resources import (
    check_quota,
    get,
    owned,
    project_of,
    revised,
    stamp,
    visible,
)
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State

GATEWAY_OWNER = "network:router_gateway"
SNAT_OWNER = "network:router_centralized_snat"
INTERFACE_OWNERS = ("network:router_interface", "network:router_interface_distributed")


def create(change: Change, body: RouterRequest, context: Context, back_end: BackEnd) -> Router:
    policy.check_router("create_router", body, context)
    project = project_of(body, context, "create_router")
    check_quota(change, project, "router")
    router = Router(
        id=new_id(),
        project_id=project,
        name=body.name,
        description=body.description,
        admin_state_up=body.admin_state_up,
        distributed=back_end.centralized_snat if body.distributed is None else body.distributed,
        ha=bool(body.ha),
        **stamp(change, 1),
    )
    if body.external_gateway_info is not None:
        router = _with_gateway(change, router, body.external_gateway_info, context)
    change.put(router)
    return router


def update(change: Change, id: str, body: RouterChange, context: Context) -> Router:
    router = owned(change, Router, id, context, "update_router")
    policy.check_router("update_router", body, context)
    plain = ("name", "description", "admin_state_up")
    values: dict[str, Any] = {name: getattr(body, name) for name in plain if body.has(name)}
    if body.has("routes"):
        values["routes"] = tuple(
            HostRoute(destination=route.destination, nexthop=route.nexthop)
            for route in body.routes or ()
        )
        _check_routes(change, router, values["routes"])
    router = revised(router, change, **values)
    if body.has("external_gateway_info"):
        gateway = body.external_gateway_info
        if gateway is None or gateway.network_id != router.external_network_id:
            router = _without_gateway(change, router)
        if gateway is not None:
            router = _with_gateway(change, router, gateway, context)
    change.put(router)
    _keep_snat_ports(change, router)
    return router


def delete(change: Change, id: str, context: Context) -> None:
    router = owned(change, Router, id, context, "delete_router")
    attached = [port.id for port in interfaces(change, router)]
    if attached:
        raise refusals.router_in_use(router.id, attached)
    change.put(_without_gateway(change, router))
    change.delete(router)


def interfaces(state: State, router: Router) -> list[Port]:
    return [
        port
        for port in state.all(Port)
        if port.device_id == router.id and port.device_owner in INTERFACE_OWNERS
    ]


def add_interface(
    change: Change, id: str, body: InterfaceRequest, context: Context, back_end: BackEnd
) -> dict[str, Any]:
    router = owned(change, Router, id, context, "add_router_interface")
    if (body.subnet_id is None) == (body.port_id is None):
        raise refusals.bad_router_request(
            "Either subnet_id or port_id must be specified"
            if body.subnet_id is None
            else "Cannot specify both subnet-id and port-id"
        )
    owner = (
        "network:router_interface_distributed" if router.distributed else "network:router_interface"
    )
    if body.port_id is not None:
        port = _take_port(change, router, visible(change, Port, body.port_id, context), owner)
    else:
        port = _new_interface(
            change, router, visible(change, Subnet, body.subnet_id, context), owner
        )
    change.put(port)
    change.put(revised(router, change))
    _keep_snat_ports(change, router)
    return _interface_info(router, port)


def _new_interface(change: Change, router: Router, subnet: Subnet, owner: str) -> Port:
    if subnet.gateway_ip is None:
        raise refusals.bad_router_request("Subnet for router interface must have a gateway IP")
    _check_subnet_is_new(change, router, subnet)
    network = get(change, Network, subnet.network_id)
    return own_port(
        change,
        network,
        device_id=router.id,
        device_owner=owner,
        project_id=router.project_id,
        fixed_ips=[FixedIPRequest(subnet_id=subnet.id, ip_address=subnet.gateway_ip)],
    )


def _take_port(change: Change, router: Router, port: Port, owner: str) -> Port:
    if port.device_id:
        raise refusals.port_in_use(port.id, port.network_id, port.device_id)
    if not port.fixed_ips:
        raise refusals.bad_router_request("Router port must have at least one fixed IP")
    for fixed in port.fixed_ips:
        _check_subnet_is_new(change, router, get(change, Subnet, fixed.subnet_id))
    return revised(port, change, device_id=router.id, device_owner=owner)


def _check_subnet_is_new(state: State, router: Router, subnet: Subnet) -> None:
    for port in interfaces(state, router):
        for fixed in port.fixed_ips:
            if fixed.subnet_id == subnet.id:
                raise refusals.bad_router_request(
                    f"Router already has a port on subnet {subnet.id}"
                )
            other = get(state, Subnet, fixed.subnet_id)
            if ip_network(other.cidr).overlaps(ip_network(subnet.cidr)):
                raise refusals.bad_router_request(
                    f"Cidr {subnet.cidr} of subnet {subnet.id} overlaps with cidr {other.cidr} of"
                    f" subnet {other.id}"
                )


def remove_interface(
    change: Change, id: str, body: InterfaceRequest, context: Context
) -> dict[str, Any]:
    router = owned(change, Router, id, context, "remove_router_interface")
    if body.subnet_id is None and body.port_id is None:
        raise refusals.bad_router_request("Either subnet_id or port_id must be specified")
    port = _interface(change, router, body)
    _check_interface_unused(change, router, port)
    change.delete(port)
    change.put(revised(router, change))
    _keep_snat_ports(change, router)
    return _interface_info(router, port)


def _check_interface_unused(state: State, router: Router, port: Port) -> None:
    """Neither a floating IP nor a route needs it (_confirm_router_interface_not_in_use)."""
    subnets = {fixed.subnet_id for fixed in port.fixed_ips}
    for floating in state.all(FloatingIP):
        inside = state.find(Port, floating.port_id)
        if floating.router_id == router.id and inside is not None:
            for fixed in inside.fixed_ips:
                if fixed.subnet_id in subnets and fixed.ip_address == floating.fixed_ip_address:
                    raise refusals.interface_in_use(router.id, fixed.subnet_id)
    for id in subnets:
        cidr = ip_network(get(state, Subnet, id).cidr)
        if any(ip_address(route.nexthop) in cidr for route in router.routes):
            raise refusals.interface_in_use_by_route(router.id, id)


def _interface(state: State, router: Router, body: InterfaceRequest) -> Port:
    for port in interfaces(state, router):
        subnets = [fixed.subnet_id for fixed in port.fixed_ips]
        if body.port_id in (None, port.id) and body.subnet_id in (None, *subnets):
            return port
    if body.port_id is not None:
        raise refusals.interface_port_not_found(router.id, body.port_id)
    raise refusals.interface_not_found(router.id, str(body.subnet_id))


def _interface_info(router: Router, port: Port) -> dict[str, Any]:
    subnets = [fixed.subnet_id for fixed in port.fixed_ips]
    return {
        "id": router.id,
        "tenant_id": router.project_id,
        "port_id": port.id,
        "network_id": port.network_id,
        "subnet_id": subnets[0],
        "subnet_ids": subnets,
    }


def _with_gateway(
    change: Change, router: Router, gateway: GatewayRequest, context: Context
) -> Router:
    network = visible(change, Network, gateway.network_id, context)
    if not network.external:
        raise refusals.bad_router_request(f"Network {network.id} is not an external network")
    values: dict[str, Any] = {"external_network_id": network.id}
    if gateway.has("enable_snat"):
        values["enable_snat"] = gateway.enable_snat
    if router.gateway_port_id is None or gateway.external_fixed_ips:
        old = change.find(Port, router.gateway_port_id)
        if old is not None:
            change.delete(old)
        port = own_port(
            change,
            network,
            device_id=router.id,
            device_owner=GATEWAY_OWNER,
            project_id="",  # an admin's to see: neutron/db/l3_db.py _create_router_gw_port
            fixed_ips=[
                FixedIPRequest.model_validate(fixed.given()) for fixed in gateway.external_fixed_ips
            ],
        )
        change.put(port)
        values["gateway_port_id"] = port.id
    return router.model_copy(update=values)


def _without_gateway(change: Change, router: Router) -> Router:
    if router.gateway_port_id is None:
        return router
    if any(floating.router_id == router.id for floating in change.all(FloatingIP)):
        raise refusals.gateway_in_use_by_floating_ip(router.id, str(router.external_network_id))
    port = change.find(Port, router.gateway_port_id)
    if port is not None:
        change.delete(port)
    return router.model_copy(
        update={"gateway_port_id": None, "external_network_id": None, "enable_snat": True}
    )


def _keep_snat_ports(change: Change, router: Router) -> None:
    """A distributed router with a gateway has one more port on each of its networks.

    neutron/db/l3_dvr_db.py ``_create_snat_interfaces_after_change``.
    """
    existing = {
        port.network_id: port
        for port in change.all(Port)
        if port.device_id == router.id and port.device_owner == SNAT_OWNER
    }
    wanted = (
        {
            port.network_id: port.fixed_ips[0].subnet_id
            for port in interfaces(change, router)
            if port.fixed_ips
        }
        if router.distributed and router.gateway_port_id
        else {}
    )
    for network_id, port in existing.items():
        if network_id not in wanted:
            change.delete(port)
    for network_id, subnet_id in wanted.items():
        if network_id not in existing:
            change.put(
                own_port(
                    change,
                    get(change, Network, network_id),
                    device_id=router.id,
                    device_owner=SNAT_OWNER,
                    project_id="",
                    fixed_ips=[FixedIPRequest(subnet_id=subnet_id)],
                )
            )


def own_port(
    change: Change,
    network: Network,
    *,
    device_id: str,
    device_owner: str,
    project_id: str,
    fixed_ips: list[FixedIPRequest],
) -> Port:
    """A port that the network service makes for itself; nothing filters it."""
    taken = [port.mac_address for port in change.all(Port) if port.network_id == network.id]
    mac = new_mac_address(taken)
    allocation = Allocation(change, network)
    allocated: tuple[FixedIP, ...] = (
        allocation.wanted(fixed_ips, mac, of_router=True) if fixed_ips else allocation.any(mac)
    )
    return Port(
        id=new_id(),
        project_id=project_id,
        network_id=network.id,
        mac_address=mac,
        fixed_ips=allocated,
        device_id=device_id,
        device_owner=device_owner,
        port_security_enabled=False,
        **stamp(change, 1),
    )


def _check_routes(state: State, router: Router, routes: tuple[HostRoute, ...]) -> None:
    """A next hop must be on a network that the router is connected to (extraroute_db.py)."""
    ports = [*interfaces(state, router)]
    gateway = state.find(Port, router.gateway_port_id)
    if gateway is not None:
        ports.append(gateway)
    cidrs = [
        ip_network(get(state, Subnet, fixed.subnet_id).cidr)
        for port in ports
        for fixed in port.fixed_ips
    ]
    for route in routes:
        if not any(ip_address(route.nexthop) in cidr for cidr in cidrs):
            raise refusals.invalid_routes(
                f"the nexthop is not connected with router: {route.nexthop}"
            )
