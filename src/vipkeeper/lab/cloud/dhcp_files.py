"""What a network's dnsmasq is told: its command line, its hosts and its options. Pure.

Source: neutron/agent/linux/dhcp.py, class Dnsmasq. What is in the files is read again at a
SIGHUP; what is on the command line (subnets, MTU) takes a new process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from vipkeeper.lab.plane import DhcpServer, Network, Plane, Subnet

LEASE_S = 86400
"""Neutron's dhcp_lease_duration."""

Hosts = Mapping[IPv4Address, tuple[str, str]]
"""MAC address and name of who gets an address."""


def served_subnets(network: Network) -> Iterator[tuple[Subnet, IPv4Network]]:
    for subnet in network.subnets:
        if subnet.enable_dhcp and isinstance(subnet.cidr, IPv4Network):
            yield subnet, subnet.cidr


def command(network: Network, device: str, hosts_file: str, options_file: str) -> tuple[str, ...]:
    return (
        "dnsmasq",
        "--keep-in-foreground",
        "--log-facility=-",
        "--conf-file=",
        "--no-hosts",
        "--no-resolv",
        "--port=0",  # no DNS
        "--user=",  # stay root of the lab: there may be no other user, and to drop groups
        "--group=",  # is forbidden where groups are frozen
        "--pid-file=",
        "--leasefile-ro",
        "--dhcp-authoritative",
        "--no-ping",  # addresses are Neutron's to give, nobody else has them
        "--quiet-dhcp",
        f"--interface={device}",
        "--bind-interfaces",
        f"--dhcp-hostsfile={hosts_file}",
        f"--dhcp-optsfile={options_file}",
        f"--dhcp-option=option:mtu,{network.mtu}",
        *(
            f"--dhcp-range=set:{_tag(subnet)},{cidr.network_address},static,{cidr.netmask},{LEASE_S}s"
            for subnet, cidr in served_subnets(network)
        ),
    )


def options(network: Network) -> str:
    """The options file; a line is ``tag:TAG,option:NAME,VALUES``."""
    lines = []
    for subnet, _ in served_subnets(network):
        tag = f"tag:{_tag(subnet)}"
        router = f",{subnet.gateway}" if subnet.gateway else ""  # without one, not dnsmasq itself
        lines.append(f"{tag},option:router{router}")
        if servers := [one for one in subnet.dns_nameservers if ":" not in one]:
            lines.append(f"{tag},option:dns-server,{','.join(servers)}")
        routes = [route for route in subnet.host_routes if ":" not in route[0]]
        if routes:
            # Who takes option 121 ignores option 3 (RFC 3442): the default is among them.
            if subnet.gateway:
                routes.append(("0.0.0.0/0", str(subnet.gateway)))
            words = ",".join(f"{destination},{hop}" for destination, hop in routes)
            lines.append(f"{tag},option:classless-static-route,{words}")
            lines.append(f"{tag},249,{words}")  # Microsoft's number of it, as Neutron has it
    return "".join(f"{line}\n" for line in lines)


def hosts(plane: Plane, server: DhcpServer) -> dict[IPv4Address, tuple[str, str]]:
    """Who gets which address; a port that no instance has is listed, as Neutron does."""
    network = plane.network(server.network)
    owners = {id: instance.name for instance in plane.instances for id in instance.ports}
    found = {}
    for port in plane.ports:
        if port.network != network.id:
            continue
        for address in port.fixed_ips:
            subnet = network.subnet_of(address)
            if isinstance(address, IPv4Address) and subnet is not None and subnet.enable_dhcp:
                name = owners.get(port.id) or f"host-{str(address).replace('.', '-')}"
                found[address] = (port.mac_address, name)
    return found


def hosts_text(hosts: Hosts) -> str:
    return "".join(f"{mac},{address},{name}\n" for address, (mac, name) in hosts.items())


def _tag(subnet: Subnet) -> str:
    return f"subnet-{subnet.id}"
