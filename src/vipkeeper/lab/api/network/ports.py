"""Ports. Source: neutron/plugins/ml2/plugin.py, neutron/db/allowedaddresspairs_db.py."""

from __future__ import annotations

from collections.abc import Sequence

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import policy, refusals, virtual_ports
from vipkeeper.lab.api.network.addresses import Allocation, new_mac_address
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.records import (
    AddressPair,
    FixedIP,
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
)
from vipkeeper.lab.api.network.requests import PairRequest, PortChange, PortRequest
from vipkeeper.lab.api.network.resources import (
    check_quota,
    get,
    project_of,
    revise,
    revised,
    stamp,
    visible,
)
from vipkeeper.lab.api.network.security_groups import default_group
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State

MAX_PAIRS = 10
"""neutron.conf max_allowed_address_pair."""

TRUSTED_OWNERS = "network:"
"""Their ports are in no group (neutron_lib is_port_trusted)."""

ROUTER_OWNERS = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
    "network:router_centralized_snat",
    "network:router_gateway",
    "network:floatingip",
)


def create(change: Change, body: PortRequest, context: Context) -> Port:
    network = visible(change, Network, body.network_id, context)
    policy.check_port(
        "create_port", body, context, network_owner=network.project_id == context.project_id
    )
    project = project_of(body, context, "create_port")
    check_quota(change, project, "port")
    mac = _mac_address(change, network, body.mac_address)
    allocation = Allocation(change, network)
    port = Port(
        id=new_id(),
        project_id=project,
        network_id=network.id,
        mac_address=mac,
        fixed_ips=allocation.wanted(
            body.fixed_ips, mac, of_router=body.device_owner in ROUTER_OWNERS
        )
        if body.has("fixed_ips")
        else allocation.any(mac),
        port_security_enabled=body.port_security_enabled
        if body.has("port_security_enabled")
        else network.port_security_enabled,
        **stamp(change, 1),
    )
    port = port.model_copy(update=_plain_values(body))
    return _made(change, port, body, context)


def _made(change: Change, port: Port, body: PortChange, context: Context) -> Port:
    pairs = _pairs(body.allowed_address_pairs, port) if body.has("allowed_address_pairs") else ()
    virtual_ports.check_pairs(change, port.network_id, pairs)
    if pairs and not port.port_security_enabled:
        raise refusals.pairs_need_port_security()
    groups: Sequence[str] = ()
    if body.has("security_groups"):
        groups = body.security_groups
        if groups and not port.port_security_enabled:
            raise refusals.groups_need_port_security()
    elif port.port_security_enabled and not port.device_owner.startswith(TRUSTED_OWNERS):
        groups = [default_group(change, port.project_id).id]
    port = port.model_copy(
        update={
            "allowed_address_pairs": pairs,
            "security_groups": _groups(change, groups, context, port.project_id),
        }
    )
    change.put(port)
    return port


def update(change: Change, id: str, body: PortChange, context: Context, back_end: BackEnd) -> Port:
    port = visible(change, Port, id, context)
    network = get(change, Network, port.network_id)
    on_own_network = network.project_id == context.project_id
    policy.check_port(
        "update_port",
        body,
        context,
        network_owner=on_own_network,
        owner=context.owns(port.project_id),
    )
    changed = port.model_copy(update=_plain_values(body))
    if back_end.virtual_ports and _is_being_bound(port, changed):
        virtual_ports.check_binding(change, port)
    if body.has("mac_address") and body.mac_address != port.mac_address:
        if port.is_bound:
            raise refusals.port_bound(
                port.id, back_end.vif_type, port.mac_address, body.mac_address
            )
        mac = _mac_address(change, network, body.mac_address)
        changed = changed.model_copy(update={"mac_address": mac})
    if body.has("fixed_ips"):
        allocation = Allocation(change, network, but_for=port.id)
        fixed_ips = allocation.wanted(
            body.fixed_ips, changed.mac_address, of_router=changed.device_owner in ROUTER_OWNERS
        )
        changed = changed.model_copy(update={"fixed_ips": fixed_ips})
        _forget_floating_ips_of_lost_addresses(change, port, fixed_ips)
    changed = _with_port_security(change, changed, body, context)
    changed = revised(changed, change)
    change.put(changed)
    return changed


def _is_being_bound(before: Port, after: Port) -> bool:
    """Nova sets device and host in one request."""
    return before.device_id != after.device_id and before.host_id != after.host_id


def _with_port_security(change: Change, port: Port, body: PortChange, context: Context) -> Port:
    """Port security, groups and pairs together, since each is refused without the others.

    The order of the checks is that of ML2's _portsec_ext_port_update_processing: who switches port
    security off and has pairs and groups is told of the pairs first.
    """
    enabled = (
        body.port_security_enabled
        if body.has("port_security_enabled")
        else port.port_security_enabled
    )
    groups = tuple(body.security_groups) if body.has("security_groups") else port.security_groups
    pairs = port.allowed_address_pairs
    if body.has("allowed_address_pairs"):
        pairs = _pairs(body.allowed_address_pairs, port)
        virtual_ports.check_pairs(change, port.network_id, pairs)
    if not enabled:
        if pairs:
            raise refusals.pairs_need_port_security()
        if body.has("security_groups") and groups:
            raise refusals.groups_need_port_security()
        if groups:
            raise refusals.groups_keep_port_security()
    if body.has("security_groups"):
        groups = _groups(change, groups, context, port.project_id)
    return port.model_copy(
        update={
            "port_security_enabled": enabled,
            "security_groups": groups,
            "allowed_address_pairs": pairs,
        }
    )


def delete(change: Change, id: str, context: Context) -> None:
    port = visible(change, Port, id, context)
    network = get(change, Network, port.network_id)
    if not (context.owns(port.project_id) or network.project_id == context.project_id):
        raise refusals.not_authorized("rule:delete_port")
    if port.device_owner in ROUTER_OWNERS and (
        change.find(Router, port.device_id) or change.find(FloatingIP, port.device_id)
    ):
        raise refusals.service_port(port.id, f"has device owner {port.device_owner}")
    remove(change, port)


def remove(change: Change, port: Port) -> None:
    """Delete a port; a floating IP that led to it stays, and leads nowhere."""
    for floating in change.where(FloatingIP, lambda one: one.port_id == port.id):
        _disassociate(change, floating)
    change.delete(port)


def _forget_floating_ips_of_lost_addresses(
    change: Change, port: Port, fixed_ips: tuple[FixedIP, ...]
) -> None:
    kept = {fixed.ip_address for fixed in fixed_ips}
    for floating in list(change.all(FloatingIP)):
        if floating.port_id == port.id and floating.fixed_ip_address not in kept:
            _disassociate(change, floating)


def _disassociate(change: Change, floating: FloatingIP) -> None:
    revise(change, floating, port_id=None, fixed_ip_address=None, router_id=None, status="DOWN")


def _plain_values(body: PortChange) -> dict[str, object]:
    """What of a request is kept as it is."""
    values = {
        name: getattr(body, name)
        for name in (
            "name",
            "description",
            "admin_state_up",
            "device_id",
            "device_owner",
            "vnic_type",
        )
        if body.has(name)
    }
    if body.has("host_id"):
        values["host_id"] = body.host_id or ""
    if body.has("profile"):
        values["profile"] = body.profile or {}
    if body.extra_dhcp_opts is not None:
        values["extra_dhcp_opts"] = tuple(
            option.model_dump(mode="json") for option in body.extra_dhcp_opts
        )
    return values


def _mac_address(state: State, network: Network, wanted: str) -> str:
    taken = [port.mac_address for port in state.all(Port) if port.network_id == network.id]
    if not wanted:
        return new_mac_address(taken)
    if wanted in taken:
        raise refusals.mac_in_use(network.id, wanted)
    return wanted


def _pairs(requests: Sequence[PairRequest], port: Port) -> tuple[AddressPair, ...]:
    """The pairs of a request, as they were written, with the port's MAC where none was.

    Two are the same if address and MAC are, in whatever case the MAC is written; the address is
    compared as it is written. neutron/extensions/allowedaddresspairs.py.
    """
    if len(requests) > MAX_PAIRS:
        raise refusals.too_many_pairs(MAX_PAIRS)
    seen = set()
    pairs = []
    for request in requests:
        if request.ip_address is None:
            raise refusals.pair_without_address()
        key = ((request.mac_address or port.mac_address).lower(), request.ip_address)
        if key in seen:
            raise refusals.duplicate_pair(request.mac_address, request.ip_address)
        seen.add(key)
        pairs.append(
            AddressPair(
                ip_address=request.ip_address,
                mac_address=request.mac_address or port.mac_address,
            )
        )
    return tuple(pairs)


def _groups(state: State, ids: Sequence[str], context: Context, project_id: str) -> tuple[str, ...]:
    for id in ids:
        group = state.find(SecurityGroup, id)
        if group is None or not (context.owns(group.project_id) or group.project_id == project_id):
            raise refusals.not_found(SecurityGroup.kind, id)
    return tuple(dict.fromkeys(ids))
