"""Floating IPs. Source: neutron/db/l3_db.py."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import policy, router_refusals
from vipkeeper.lab.api.network.records import FloatingIP, Network, Port, Router
from vipkeeper.lab.api.network.requests import (
    FixedIPRequest,
    FloatingIPChange,
    FloatingIPRequest,
)
from vipkeeper.lab.api.network.resources import (
    check_quota,
    owned,
    project_of,
    revised,
    stamp,
    visible,
)
from vipkeeper.lab.api.network.router_ports import interfaces, own_port
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State

OWNER = "network:floatingip"


def create(change: Change, body: FloatingIPRequest, context: Context) -> FloatingIP:
    network = visible(change, Network, body.floating_network_id, context)
    policy.check_floating_ip("create_floatingip", body, context)
    project = project_of(body, context, "create_floatingip")
    check_quota(change, project, "floatingip")
    if not network.external:
        raise router_refusals.bad_floating_ip_request(
            f"Network {network.id} is not a valid external network"
        )
    id = new_id()
    wanted = FixedIPRequest.model_validate(
        {
            **({"subnet_id": body.subnet_id} if body.subnet_id else {}),
            **({"ip_address": body.floating_ip_address} if body.floating_ip_address else {}),
        }
    )
    port = own_port(
        change,
        network,
        device_id=id,
        device_owner=OWNER,
        project_id="",  # an admin's to see
        fixed_ips=[wanted] if wanted.given() else [],
    )
    address = next((one for one in port.addresses if ip_address(one).version == 4), None)
    if address is None:
        raise router_refusals.external_addresses_exhausted(network.id)
    change.put(port)
    floating = FloatingIP(
        id=id,
        project_id=project,
        description=body.description,
        floating_network_id=network.id,
        floating_ip_address=address,
        floating_port_id=port.id,
        **stamp(change, 0),
    )
    floating = floating.model_copy(update=_association(change, floating, body, context))
    change.put(floating)
    return floating


def update(change: Change, id: str, body: FloatingIPChange, context: Context) -> FloatingIP:
    floating = owned(change, FloatingIP, id, context, "update_floatingip")
    values: dict[str, Any] = {}
    if body.has("description"):
        values["description"] = body.description
    if body.has("port_id"):
        values.update(_association(change, floating, body, context))
    elif body.fixed_ip_address is not None:
        raise router_refusals.bad_floating_ip_request(
            "fixed_ip_address cannot be specified without a port_id"
        )
    elif not body.given():
        # A PUT without a port takes it away: l3_db.py _update_fip_assoc.
        values.update(_NOWHERE)
    floating = revised(floating, change, **values)
    change.put(floating)
    return floating


def delete(change: Change, id: str, context: Context) -> None:
    floating = owned(change, FloatingIP, id, context, "delete_floatingip")
    port = change.find(Port, floating.floating_port_id)
    if port is not None:
        change.delete(port)
    change.delete(floating)


_NOWHERE: dict[str, Any] = {
    "port_id": None,
    "fixed_ip_address": None,
    "router_id": None,
    "status": "DOWN",
}


def _association(
    state: State, floating: FloatingIP, body: FloatingIPChange, context: Context
) -> dict[str, Any]:
    """Where it leads from now on.

    Raises:
        Refusal: there it cannot lead.
    """
    if body.port_id is None:
        if body.fixed_ip_address is not None:
            raise router_refusals.bad_floating_ip_request(
                "fixed_ip_address cannot be specified without a port_id"
            )
        return _NOWHERE
    port = visible(state, Port, body.port_id, context)
    if port.project_id != floating.project_id and not context.is_admin:
        raise router_refusals.bad_floating_ip_request(
            f"Cannot process floating IP association with Port {port.id}, since that port is owned"
            " by a different tenant"
        )
    fixed = _fixed_ip(port, body)
    subnet = next(one.subnet_id for one in port.fixed_ips if one.ip_address == fixed)
    router = _router(state, subnet, floating.floating_network_id)
    if router is None:
        raise router_refusals.no_gateway_for_floating_ip(
            floating.floating_network_id, subnet, port.id
        )
    for other in state.all(FloatingIP):
        if (
            other.id != floating.id
            and (other.port_id, other.fixed_ip_address) == (port.id, fixed)
            and other.floating_network_id == floating.floating_network_id
        ):
            raise router_refusals.floating_ip_taken(
                floating.floating_ip_address,
                floating.id,
                port.id,
                fixed,
                floating.floating_network_id,
            )
    return {
        "port_id": port.id,
        "fixed_ip_address": fixed,
        "router_id": router.id,
        "status": "ACTIVE",
    }


def _fixed_ip(port: Port, body: FloatingIPChange) -> str:
    if body.fixed_ip_address is not None:
        for address in port.addresses:
            if ip_address(address) == ip_address(body.fixed_ip_address):
                return address
        raise router_refusals.bad_floating_ip_request(
            f"Port {port.id} does not have fixed ip {body.fixed_ip_address}"
        )
    addresses = [one for one in port.addresses if ip_address(one).version == 4]
    if not addresses:
        raise router_refusals.bad_floating_ip_request(
            f"Cannot add floating IP to port {port.id} that has no fixed IPv4 addresses"
        )
    if len(addresses) > 1:
        raise router_refusals.bad_floating_ip_request(
            f"Port {port.id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4"
            " address when assigning a floating IP"
        )
    return addresses[0]


def _router(state: State, subnet_id: str, network_id: str) -> Router | None:
    """The router between a subnet and an external network."""
    for router in state.all(Router):
        if router.external_network_id == network_id and any(
            fixed.subnet_id == subnet_id
            for port in interfaces(state, router)
            for fixed in port.fixed_ips
        ):
            return router
    return None
