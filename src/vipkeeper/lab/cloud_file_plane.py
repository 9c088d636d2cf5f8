"""The data plane that a cloud file describes.

A cloud file names things; the plane knows them by ids, which are made from the names
(:func:`vipkeeper.lab.plane.identity`). So are the MAC addresses: a cloud is the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from vipkeeper.errors import LabError
from vipkeeper.lab import plane, spec
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.plane import Plane, identity
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule
from vipkeeper.lab.spec import CloudSpec, mac_address_of


def plane_of(cloud: CloudSpec, back_end: BackEnd = BackEnd.LINUXBRIDGE) -> Plane:
    """The plane of a whole cloud.

    With DVR all its routers are distributed.

    Raises:
        LabError: a network has no address left for its DHCP server, or for a router.
    """
    return Plane(
        networks=tuple(_network(network) for network in cloud.networks),
        ports=tuple(_port(cloud, port) for port in cloud.ports),
        dhcp_servers=tuple(
            _dhcp_server(cloud, network) for network in cloud.networks if network.enable_dhcp
        ),
        routers=tuple(_router(cloud, router, back_end) for router in cloud.routers),
        security_groups=tuple(
            security_group(group.name, group.rules) for group in cloud.security_groups
        ),
        instances=tuple(_instance(instance) for instance in cloud.instances),
        back_end=back_end.value,
        group_names={group_id(group.name): group.name for group in cloud.security_groups},
    )


def group_id(name: str) -> str:
    return identity("security_group", name)


def security_group(name: str, rules: tuple[SecurityGroupRule, ...]) -> SecurityGroup:
    """A group under its id, the groups that its rules name as well."""
    return SecurityGroup(
        group_id(name),
        tuple(
            replace(rule, remote_group=group_id(rule.remote_group)) if rule.remote_group else rule
            for rule in rules
        ),
    )


def _network(network: spec.Network) -> plane.Network:
    subnet = plane.Subnet(
        identity("subnet", network.name), network.cidr, network.gateway, network.enable_dhcp
    )
    return plane.Network(
        identity("network", network.name), network.name, network.mtu, subnets=(subnet,)
    )


def _port(cloud: CloudSpec, port: spec.Port) -> plane.Port:
    secured = port.port_security_enabled
    if secured is None:
        secured = cloud.network(port.network).port_security_enabled
    return plane.Port(
        identity("port", port.name),
        port.name,
        identity("network", port.network),
        port.mac_address,
        (port.fixed_ip,),
        port.allowed_address_pairs,
        secured,
        tuple(group_id(name) for name in port.security_groups),
    )


def _dhcp_server(cloud: CloudSpec, network: spec.Network) -> plane.DhcpServer:
    name = f"dhcp-{network.name}"
    address = next(_free_addresses(cloud, network), None)
    if address is None:
        raise LabError(f"network {network.name} has no address left for its DHCP server")
    return plane.DhcpServer(
        identity("dhcp_port", name),
        identity("network", network.name),
        mac_address_of(name),
        (IPv4Interface((address, network.cidr.prefixlen)),),
    )


def _free_addresses(cloud: CloudSpec, network: spec.Network) -> Iterator[IPv4Address]:
    """From the network's start: .2 is the first where .1 is the gateway."""
    used = {port.fixed_ip for port in cloud.ports if port.network == network.name}
    used |= {network.gateway} if network.gateway else set()
    used |= {router.external_ip for router in cloud.routers}
    used |= {address for address, _ in cloud.floating_ips}
    return (address for address in network.cidr.hosts() if address not in used)


def _router(cloud: CloudSpec, router: spec.Router, back_end: BackEnd) -> plane.Router:
    distributed = back_end is BackEnd.DVR
    outside = cloud.network(router.external_network)
    inside = [cloud.network(name) for name in router.networks]
    return plane.Router(
        identity("router", router.name),
        router.name,
        tuple(
            _router_port(f"{router.name}-qr-{number}", network, network.gateway)
            for number, network in enumerate(inside)
            if network.gateway is not None
        ),
        _router_port(f"{router.name}-qg-0", outside, router.external_ip),
        None if outside.gateway == router.external_ip else outside.gateway,
        floating_ips=tuple(
            plane.FloatingIP(address, port.fixed_ip)
            for address, port in ((one, cloud.port(name)) for one, name in cloud.floating_ips)
            if port.network in router.networks
        ),
        distributed=distributed,
        snat_ports=tuple(
            _snat_port(cloud, f"{router.name}-sg-{number}", network)
            for number, network in enumerate(inside)
            if distributed and network.gateway is not None
        ),
    )


def _snat_port(cloud: CloudSpec, name: str, network: spec.Network) -> plane.RouterPort:
    free = _free_addresses(cloud, network)
    if network.enable_dhcp:
        next(free, None)  # is the DHCP server's
    address = next(free, None)
    if address is None:
        raise LabError(f"network {network.name} has no address left for its distributed router")
    return _router_port(name, network, address)


def _router_port(name: str, network: spec.Network, address: IPv4Address) -> plane.RouterPort:
    return plane.RouterPort(
        identity("router_port", name),
        identity("network", network.name),
        mac_address_of(name),
        (IPv4Interface((address, network.cidr.prefixlen)),),
    )


def _instance(instance: spec.Instance) -> plane.Instance:
    return plane.Instance(
        identity("server", instance.name),
        instance.name,
        tuple(identity("port", name) for name in instance.ports),
        instance.files,
        tuple(
            plane.Service(one.name, one.argv, one.autostart, one.restart, one.aliases)
            for one in instance.all_services()
        ),
        instance.user_data,
        instance.public_keys,
    )
