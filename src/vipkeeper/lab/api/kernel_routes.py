"""Of the addresses and routes that Neutron keeps, those that a kernel takes. Pure.

Neutron checks little of them. Its L3 agent logs what ``ip`` refuses and goes on
(neutron/agent/l3/router_info.py, ``update_routing_table``), so neither is a request refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, ip_address, ip_network

from vipkeeper.lab.plane import IPAddress, IPInterface

Route = tuple[str, str]
"""Destination and next hop."""


def assignable(address: IPInterface) -> bool:
    """Whether a link can have it: it stands for one host."""
    return not (address.is_multicast or address.is_unspecified)


def reachable(hop: IPAddress, connected: Iterable[IPInterface]) -> bool:
    """Whether a router with these addresses can send anything by way of another host."""
    return any(_is_neighbour(hop, own) for own in connected)


def usable(routes: Iterable[Route], connected: Sequence[IPInterface]) -> tuple[Route, ...]:
    """The routes that a router with these addresses can have beside its connected ones."""
    found = []
    for destination, hop in routes:
        network, address = ip_network(destination), ip_address(hop)
        if (
            network.version == address.version
            and reachable(address, connected)
            and all(network != own.network for own in connected)
            and not (network.is_multicast or network.network_address.is_loopback)
            and not _is_special(network)
        ):
            found.append((destination, hop))
    return tuple(found)


def _is_neighbour(hop: IPAddress, own: IPInterface) -> bool:
    network = own.network
    if hop.version != own.version or hop not in network or hop == own.ip or hop.is_multicast:
        return False
    if isinstance(network, IPv4Network) and network.prefixlen < 31:
        return hop not in (network.network_address, network.broadcast_address)
    return not hop.is_unspecified


def _is_special(network: object) -> bool:
    """This host and everybody here (RFC 1122 3.2.1.3)."""
    return str(network) in ("0.0.0.0/32", "255.255.255.255/32")
