"""What a router does with what is for an address: which floating IPs there are, and whose MAC.

linuxbridge and OVS leave it to ARP. Here is what OVN and DVR make of it, as values that the
cloud's routers are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address

from vipkeeper.lab import ports
from vipkeeper.lab.back_end import BackEnd, permanent_neighbours
from vipkeeper.lab.plane import IPAddress, Plane, Port, Router
from vipkeeper.lab.virtual_ports import VirtualPort


def realised(router: Router, plane: Plane, holders: Mapping[str, str]) -> Router:
    """The router with the floating IPs only that somebody answers for.

    With OVN's distributed floating IPs (``enable_distributed_floating_ip``) that is the host
    which the port of the fixed IP is on: ovn-northd(8), ``is_chassis_resident(logical_port)``.
    A virtual port is on the host of the parent that has claimed it, and on none before. Any
    other port without an instance is on none at all: with port security off, the VIP's floating
    IP is dead (yaook/k8s#659).

    Args:
        holders: the virtual ports that have been claimed, with the parents that have them.
    """
    if plane.back_end != BackEnd.OVN:
        return router
    there = {port.id for _, port in plane.bound_ports()} | holders.keys()
    inside = _ports_of(router, plane)
    fixed = {address for port in inside if port.id in there for address in port.fixed_ips}
    return replace(
        router,
        floating_ips=tuple(one for one in router.floating_ips if one.fixed_ip in fixed),
    )


def neighbours(
    router: Router,
    plane: Plane,
    order: Sequence[str],
    virtual: Mapping[str, VirtualPort],
    holders: Mapping[str, str],
) -> dict[IPAddress, str]:
    """The neighbours that no announcement changes, MAC address by address.

    Args:
        order: ids of ports as they were changed, the last one last.
        virtual: OVN's virtual ports by id.
    """
    if plane.back_end == BackEnd.OVN:
        return _static_bindings(router, plane, virtual, holders)
    if router.distributed:
        return _dvr_entries(router, plane, order)
    return {}


def _static_bindings(
    router: Router,
    plane: Plane,
    virtual: Mapping[str, VirtualPort],
    holders: Mapping[str, str],
) -> dict[IPAddress, str]:
    """The flows of ARP/ND Resolution, ovn-northd(8): "Static MAC bindings".

    A logical switch port's addresses are bound to its MAC address whether it is up or not, so
    that a VIP's port which is no virtual one takes the VIP's traffic with it to nowhere. The
    address of a virtual port is its parent's; until it is claimed, the router asks by ARP.
    """
    bindings: dict[IPAddress, str] = {}
    macs = {port.id: port.mac_address for port in plane.ports}
    for port in _ports_of(router, plane):
        if port.id not in virtual:
            bindings.update(dict.fromkeys(port.fixed_ips, port.mac_address))
    here = {port.id for port in _ports_of(router, plane)}
    for id, one in virtual.items():
        if id in here and id in holders:
            bindings[ip_address(one.address)] = macs[holders[id]]
    return bindings


def _dvr_entries(router: Router, plane: Plane, order: Sequence[str]) -> dict[IPAddress, str]:
    """Those of the qrouter namespace, which stands at each network's gateway address.

    The snat namespace, where floating IPs of ports without an instance are, has none: Neutron
    writes into ``self.ns_name`` alone (neutron/agent/l3/dvr_local_router.py,
    ``_update_arp_entry``).
    """
    networks = {interface.network for interface in router.interfaces}
    seen = [
        _as_seen_by_neutron(port, number)
        for number, (_, port) in enumerate(plane.bound_ports(), 1)
        if port.network in networks
    ]
    entries = permanent_neighbours(seen, order)
    return {ip_address(text): mac for text, mac in entries.items()}


def _as_seen_by_neutron(port: Port, number: int) -> ports.Port:
    return ports.Port(
        port.id,
        "tap",
        "bridge",
        port.mac_address,
        tuple(map(str, port.fixed_ips)),
        port.allowed_address_pairs,
        port.port_security_enabled,
        number=number,
    )


def written(order: Iterable[str], before: Plane, after: Plane) -> tuple[str, ...]:
    """The order of writes after a change: who is new or different in what is written comes last.

    Source: neutron/db/l3_dvrscheduler_db.py, ``_notify_l3_agent_port_update``.
    """
    then = {port.id: _written_part(port) for _, port in before.bound_ports()}
    now = {port.id: _written_part(port) for _, port in after.bound_ports()}
    changed = [id for id, part in now.items() if then.get(id) != part]
    return (*(id for id in order if id in now and id not in changed), *changed)


def _written_part(port: Port) -> tuple[object, ...]:
    return (
        port.mac_address,
        port.fixed_ips,
        port.allowed_address_pairs,
        port.port_security_enabled,
    )


def _ports_of(router: Router, plane: Plane) -> Iterator[Port]:
    networks = {interface.network for interface in router.interfaces}
    return (port for port in plane.ports if port.network in networks)
