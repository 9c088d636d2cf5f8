"""What connects a router to its subnets. Source: neutron/db/l3_db.py."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import router_refusals
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.records import FloatingIP, Network, Port, Router, Subnet
from vipkeeper.lab.api.network.requests import FixedIPRequest, InterfaceRequest
from vipkeeper.lab.api.network.resources import get, owned, revised, visible
from vipkeeper.lab.api.network.router_ports import interfaces, keep_snat_ports, own_port
from vipkeeper.lab.api.state import Change, State


def add(
    change: Change, id: str, body: InterfaceRequest, context: Context, back_end: BackEnd
) -> dict[str, Any]:
    router = owned(change, Router, id, context, "add_router_interface")
    if (body.subnet_id is None) == (body.port_id is None):
        raise router_refusals.bad_router_request(
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
    keep_snat_ports(change, router)
    return _interface_info(router, port)


def _new_interface(change: Change, router: Router, subnet: Subnet, owner: str) -> Port:
    if subnet.gateway_ip is None:
        raise router_refusals.bad_router_request(
            "Subnet for router interface must have a gateway IP"
        )
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
        raise router_refusals.port_in_use(port.id, port.network_id, port.device_id)
    if not port.fixed_ips:
        raise router_refusals.bad_router_request("Router port must have at least one fixed IP")
    for fixed in port.fixed_ips:
        _check_subnet_is_new(change, router, get(change, Subnet, fixed.subnet_id))
    return revised(port, change, device_id=router.id, device_owner=owner)


def _check_subnet_is_new(state: State, router: Router, subnet: Subnet) -> None:
    for port in interfaces(state, router):
        for fixed in port.fixed_ips:
            if fixed.subnet_id == subnet.id:
                raise router_refusals.bad_router_request(
                    f"Router already has a port on subnet {subnet.id}"
                )
            other = get(state, Subnet, fixed.subnet_id)
            if ip_network(other.cidr).overlaps(ip_network(subnet.cidr)):
                raise router_refusals.bad_router_request(
                    f"Cidr {subnet.cidr} of subnet {subnet.id} overlaps with cidr {other.cidr} of"
                    f" subnet {other.id}"
                )


def remove(change: Change, id: str, body: InterfaceRequest, context: Context) -> dict[str, Any]:
    router = owned(change, Router, id, context, "remove_router_interface")
    if body.subnet_id is None and body.port_id is None:
        raise router_refusals.bad_router_request("Either subnet_id or port_id must be specified")
    port = _interface(change, router, body)
    _check_interface_unused(change, router, port)
    change.delete(port)
    change.put(revised(router, change))
    keep_snat_ports(change, router)
    return _interface_info(router, port)


def _check_interface_unused(state: State, router: Router, port: Port) -> None:
    """Neither a floating IP nor a route needs it (_confirm_router_interface_not_in_use)."""
    subnets = {fixed.subnet_id for fixed in port.fixed_ips}
    for floating in state.all(FloatingIP):
        inside = state.find(Port, floating.port_id)
        if floating.router_id == router.id and inside is not None:
            for fixed in inside.fixed_ips:
                if fixed.subnet_id in subnets and fixed.ip_address == floating.fixed_ip_address:
                    raise router_refusals.interface_in_use(router.id, fixed.subnet_id)
    for id in subnets:
        cidr = ip_network(get(state, Subnet, id).cidr)
        if any(ip_address(route.nexthop) in cidr for route in router.routes):
            raise router_refusals.interface_in_use_by_route(router.id, id)


def _interface(state: State, router: Router, body: InterfaceRequest) -> Port:
    for port in interfaces(state, router):
        subnets = [fixed.subnet_id for fixed in port.fixed_ips]
        if body.port_id in (None, port.id) and body.subnet_id in (None, *subnets):
            return port
    if body.port_id is not None:
        raise router_refusals.interface_port_not_found(router.id, body.port_id)
    raise router_refusals.interface_not_found(router.id, str(body.subnet_id))


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
