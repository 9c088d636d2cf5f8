"""Routers, their gateways and routes. Source: neutron/db/l3_db.py, extraroute_db.py."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import policy, router_refusals
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.records import FloatingIP, HostRoute, Network, Port, Router, Subnet
from vipkeeper.lab.api.network.requests import (
    FixedIPRequest,
    GatewayRequest,
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
from vipkeeper.lab.api.network.router_ports import (
    GATEWAY_OWNER,
    interfaces,
    keep_snat_ports,
    own_port,
)
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State


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
    keep_snat_ports(change, router)
    return router


def delete(change: Change, id: str, context: Context) -> None:
    router = owned(change, Router, id, context, "delete_router")
    attached = [port.id for port in interfaces(change, router)]
    if attached:
        raise router_refusals.router_in_use(router.id, attached)
    change.put(_without_gateway(change, router))
    change.delete(router)


def _with_gateway(
    change: Change, router: Router, gateway: GatewayRequest, context: Context
) -> Router:
    network = visible(change, Network, gateway.network_id, context)
    if not network.external:
        raise router_refusals.bad_router_request(f"Network {network.id} is not an external network")
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
        raise router_refusals.gateway_in_use_by_floating_ip(
            router.id, str(router.external_network_id)
        )
    port = change.find(Port, router.gateway_port_id)
    if port is not None:
        change.delete(port)
    return router.model_copy(
        update={"gateway_port_id": None, "external_network_id": None, "enable_snat": True}
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
            raise router_refusals.invalid_routes(
                f"the nexthop is not connected with router: {route.nexthop}"
            )
