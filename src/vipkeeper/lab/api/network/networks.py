"""Networks. Source: neutron/db/db_base_plugin_v2.py."""

from __future__ import annotations

from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import policy, refusals
from vipkeeper.lab.api.network.records import Network, Port, Subnet
from vipkeeper.lab.api.network.requests import NetworkChange, NetworkRequest
from vipkeeper.lab.api.network.resources import check_quota, owned, project_of, revised, stamp
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State

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


def _check_mtu(body: NetworkChange) -> None:
    if body.has("mtu") and not 68 <= body.mtu <= 9000:
        raise refusals.invalid_input(f"Requested MTU is too {'big' if body.mtu > 68 else 'small'}")


def _free_segment(state: State, network_type: str) -> int | None:
    if network_type not in ("vxlan", "vlan", "gre", "geneve"):
        return None
    used = {network.segmentation_id for network in state.all(Network)}
    return next(number for number in range(1, len(used) + 2) if number not in used)
