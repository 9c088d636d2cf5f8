"""From the records to the data plane that they ask for. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Interface, ip_address, ip_interface, ip_network
from typing import Any, TypeVar

from vipkeeper.lab import plane
from vipkeeper.lab.api.compute.records import Server
from vipkeeper.lab.api.kernel_routes import assignable, reachable, usable
from vipkeeper.lab.api.network.networks import AUTO_DELETED
from vipkeeper.lab.api.network.records import (
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.network.router_ports import INTERFACE_OWNERS, SNAT_OWNER
from vipkeeper.lab.api.network.security_groups import protocol_number
from vipkeeper.lab.api.records import Record
from vipkeeper.lab.api.state import State
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroup as GroupOnTheWire
from vipkeeper.lab.security_groups import SecurityGroupRule as RuleOnTheWire

_Made = TypeVar("_Made")
_CONCERNED = frozenset(
    kind.kind
    for kind in (
        Network,
        Subnet,
        Port,
        Router,
        FloatingIP,
        SecurityGroup,
        SecurityGroupRule,
        Server,
    )
)


class Planner:
    """Plans one data plane after the other; what a record asks for is worked out once.

    Args:
        back_end: the name of Neutron's back end that is imitated.
    """

    def __init__(self, back_end: str) -> None:
        self._back_end = back_end
        self._made: dict[tuple[str, str], tuple[Record, Any]] = {}

    def concerns(self, kinds: set[str]) -> bool:
        """Whether a change of such records can change the data plane."""
        return not _CONCERNED.isdisjoint(kinds)

    def plane(self, state: State) -> plane.Plane:
        rules: dict[str, list[SecurityGroupRule]] = {}
        for rule in state.all(SecurityGroupRule):
            rules.setdefault(rule.security_group_id, []).append(rule)
        subnets: dict[str, list[Subnet]] = {}
        for subnet in state.all(Subnet):
            subnets.setdefault(subnet.network_id, []).append(subnet)
        return plane.Plane(
            networks=tuple(
                _network(network, subnets.get(network.id, ())) for network in state.all(Network)
            ),
            ports=tuple(
                self._once(port, _port)
                for port in state.all(Port)
                if not port.device_owner.startswith("network:")
            ),
            dhcp_servers=tuple(
                _dhcp_server(state, port)
                for port in state.all(Port)
                if port.device_owner in AUTO_DELETED
            ),
            routers=tuple(_router(state, router) for router in state.all(Router)),
            security_groups=tuple(
                GroupOnTheWire(
                    group.id,
                    tuple(self._once(rule, _rule) for rule in rules.get(group.id, ())),
                    group.stateful,
                )
                for group in state.all(SecurityGroup)
            ),
            instances=tuple(
                self._once(server, _instance) for server in state.all(Server) if not server.error
            ),
            back_end=self._back_end,
            group_names={group.id: group.name for group in state.all(SecurityGroup)},
        )

    def _once(self, record: Any, make: Callable[[Any], _Made]) -> _Made:
        key = (record.kind, record.id)
        before = self._made.get(key)
        if before is not None and before[0] is record:
            made: _Made = before[1]
            return made
        made = make(record)
        self._made[key] = (record, made)
        return made


def _network(network: Network, subnets: Any) -> plane.Network:
    return plane.Network(
        network.id,
        network.name,
        network.mtu,
        network.admin_state_up,
        tuple(
            plane.Subnet(
                subnet.id,
                ip_network(subnet.cidr),
                ip_address(subnet.gateway_ip) if subnet.gateway_ip else None,
                subnet.enable_dhcp,
                subnet.dns_nameservers,
                tuple((route.destination, route.nexthop) for route in subnet.host_routes),
            )
            for subnet in subnets
        ),
    )


def _port(port: Port) -> plane.Port:
    return plane.Port(
        port.id,
        port.name,
        port.network_id,
        port.mac_address,
        tuple(ip_address(address) for address in port.addresses),
        tuple(
            AddressPair(
                pair.ip_address, None if pair.mac_address == port.mac_address else pair.mac_address
            )
            for pair in port.allowed_address_pairs
        ),
        port.port_security_enabled,
        port.security_groups,
        port.admin_state_up,
    )


def _interfaces(state: State, port: Port) -> Iterator[plane.IPInterface]:
    """A port's addresses with the prefix lengths of their subnets."""
    for fixed in port.fixed_ips:
        subnet = state.find(Subnet, fixed.subnet_id)
        if subnet is not None:
            address = ip_interface(f"{fixed.ip_address}/{ip_network(subnet.cidr).prefixlen}")
            if assignable(address):
                yield address


def _dhcp_server(state: State, port: Port) -> plane.DhcpServer:
    addresses = tuple(one for one in _interfaces(state, port) if isinstance(one, IPv4Interface))
    return plane.DhcpServer(port.id, port.network_id, port.mac_address, addresses)


def _router_port(state: State, port: Port) -> plane.RouterPort:
    return plane.RouterPort(
        port.id, port.network_id, port.mac_address, tuple(_interfaces(state, port))
    )


def _router(state: State, router: Router) -> plane.Router:
    gateway = state.find(Port, router.gateway_port_id)
    inside = [
        port
        for port in state.all(Port)
        if port.device_id == router.id and port.device_owner in INTERFACE_OWNERS
    ]
    interfaces = tuple(_router_port(state, port) for port in inside)
    outside = None if gateway is None else _router_port(state, gateway)
    connected = [
        address
        for port in (*interfaces, *([outside] if outside else []))
        for address in port.addresses
    ]
    return plane.Router(
        router.id,
        router.name,
        interfaces,
        outside,
        None if gateway is None else _next_hop(state, gateway),
        router.enable_snat,
        tuple(
            plane.FloatingIP(
                IPv4Address(floating.floating_ip_address), IPv4Address(floating.fixed_ip_address)
            )
            for floating in state.all(FloatingIP)
            if floating.router_id == router.id and floating.fixed_ip_address
        ),
        usable(((route.destination, route.nexthop) for route in router.routes), connected),
        router.admin_state_up,
        router.distributed,
        tuple(
            _router_port(state, port)
            for port in state.all(Port)
            if port.device_id == router.id and port.device_owner == SNAT_OWNER
        ),
    )


def _next_hop(state: State, gateway: Port) -> IPv4Address | None:
    for fixed in gateway.fixed_ips:
        subnet = state.find(Subnet, fixed.subnet_id)
        if subnet is not None and subnet.ip_version == 4 and subnet.gateway_ip:
            hop = IPv4Address(subnet.gateway_ip)
            return hop if reachable(hop, [*_interfaces(state, gateway)]) else None
    return None


def _rule(rule: SecurityGroupRule) -> RuleOnTheWire:
    return RuleOnTheWire(
        "ingress" if rule.direction == "ingress" else "egress",
        "IPv4" if rule.ethertype == "IPv4" else "IPv6",
        None if protocol_number(rule.protocol) is None else rule.protocol,
        rule.port_range_min,
        rule.port_range_max,
        rule.remote_ip_prefix,
        rule.remote_group_id,
    )


def _instance(server: Server) -> plane.Instance:
    return plane.Instance(
        server.id,
        server.hostname,
        server.ports,
        server.files,
        tuple(plane.Service(**service.model_dump()) for service in server.services),
        None if server.user_data is None else base64.b64decode(server.user_data),
        server.public_keys,
        server.power_wanted,
    )
