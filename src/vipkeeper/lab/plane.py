"""What the cloud has to build: the data plane that is wanted, as plain values.

A :class:`Plane` says everything about networks, ports, routers and instances, and nothing about
who owns them or what they are called in an API. The cloud process keeps to it by difference: it
is given the next one, and what is not in it any longer goes. Identities are those of Neutron and
Nova, UUIDs as text; names are for who looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import TypeVar
from uuid import UUID, uuid5

from vipkeeper.errors import LabError
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroup

IPAddress = IPv4Address | IPv6Address
IPInterface = IPv4Interface | IPv6Interface

_NAMESPACE = UUID("c7f1a4e4-0b0e-5f0e-9a55-6b1f6f2d7a11")


def identity(kind: str, name: str) -> str:
    """The id of what a cloud file names, the same in every lab.

    Args:
        kind: network, subnet, port, router, security_group, server ...
    """
    return str(uuid5(_NAMESPACE, f"{kind}/{name}"))


@dataclass(frozen=True, slots=True)
class Subnet:
    """Addresses of a network.

    Attributes:
        gateway: default router of who gets an address here; it need not exist.
        enable_dhcp: otherwise an instance is given its address at boot, as by a config drive.
        dns_nameservers: told to instances by DHCP.
        host_routes: (destination, next hop), told to instances by DHCP.
    """

    id: str
    cidr: IPv4Network | IPv6Network
    gateway: IPAddress | None = None
    enable_dhcp: bool = True
    dns_nameservers: tuple[str, ...] = ()
    host_routes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """A network: one bridge, and frames stay within it."""

    id: str
    name: str
    mtu: int = 1500
    admin_state_up: bool = True
    subnets: tuple[Subnet, ...] = ()

    def subnet_of(self, address: IPAddress) -> Subnet | None:
        return next((subnet for subnet in self.subnets if address in subnet.cidr), None)


@dataclass(frozen=True, slots=True)
class Port:
    """A port that an instance is, or could be, plugged into.

    One that no instance names has no cable, but it keeps its addresses, and is a member of its
    groups: the virtual IP's own port is one.
    """

    id: str
    name: str
    network: str
    mac_address: str
    fixed_ips: tuple[IPAddress, ...] = ()
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    port_security_enabled: bool = True
    security_groups: tuple[str, ...] = ()
    admin_state_up: bool = True


@dataclass(frozen=True, slots=True)
class DhcpServer:
    """The DHCP server of a network, on a port of its own that is never filtered."""

    port: str
    network: str
    mac_address: str
    addresses: tuple[IPv4Interface, ...]


@dataclass(frozen=True, slots=True)
class RouterPort:
    """A router's end of the cable to a network; never filtered."""

    port: str
    network: str
    mac_address: str
    addresses: tuple[IPInterface, ...]


@dataclass(frozen=True, slots=True)
class FloatingIP:
    """An external address that stands for a fixed IP, whoever holds it; IPv4 only."""

    address: IPv4Address
    fixed_ip: IPv4Address


@dataclass(frozen=True, slots=True)
class Router:
    """A router.

    Attributes:
        gateway: its port on the external network.
        next_hop: the external subnet's own gateway, None where there is none.
        enable_snat: whether what has no floating IP goes out under the gateway's address.
        routes: (destination, next hop) beside the connected networks.
        distributed: Neutron's DVR.
        snat_ports: of a distributed router with a gateway, its second port on each network,
            by which goes what comes from outside.
    """

    id: str
    name: str
    interfaces: tuple[RouterPort, ...] = ()
    gateway: RouterPort | None = None
    next_hop: IPv4Address | None = None
    enable_snat: bool = True
    floating_ips: tuple[FloatingIP, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    admin_state_up: bool = True
    distributed: bool = False
    snat_ports: tuple[RouterPort, ...] = ()

    def ports(self) -> tuple[RouterPort, ...]:
        """Its ends of cables, the gateway last."""
        gateway = (self.gateway,) if self.gateway else ()
        return (*self.interfaces, *self.snat_ports, *gateway)


@dataclass(frozen=True, slots=True)
class Service:
    """A program that an instance's init runs, as :class:`vipkeeper.lab.spec.Service` says."""

    name: str
    argv: tuple[str, ...]
    autostart: bool = True
    restart: str = "no"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """A machine. It boots when it is new in the plane, and its disk goes with it.

    Attributes:
        name: its host name.
        ports: ids of its ports, eth0 first; one that is added or taken away later is plugged
            into, or pulled out of, the running machine.
        files: absolute path to content, written at its first boot.
        user_data: for cloud-init; None means that it has no cloud-init at all.
        public_keys: for cloud-init, as lines of authorized_keys.
        running: whether it is to boot when it is new.
    """

    id: str
    name: str
    ports: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    user_data: bytes | None = None
    public_keys: tuple[str, ...] = ()
    running: bool = True


@dataclass(frozen=True, slots=True)
class Plane:
    """The whole of it. Whoever makes one sees to it that what is named is there.

    Attributes:
        security_groups: under their ids, as whose names in their rules and in ports.
        group_names: what a person calls them, by id.
    """

    networks: tuple[Network, ...] = ()
    ports: tuple[Port, ...] = ()
    dhcp_servers: tuple[DhcpServer, ...] = ()
    routers: tuple[Router, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    instances: tuple[Instance, ...] = ()
    back_end: str = "linuxbridge"
    group_names: Mapping[str, str] = field(default_factory=dict)

    def network(self, id: str) -> Network:
        return _by_id(self.networks, id, "network")

    def port(self, id: str) -> Port:
        return _by_id(self.ports, id, "port")

    def instance(self, id: str) -> Instance:
        return _by_id(self.instances, id, "instance")

    def bound_ports(self) -> Iterator[tuple[Instance, Port]]:
        """The ports that have a cable, with their instances."""
        ports = {port.id: port for port in self.ports}
        return ((machine, ports[id]) for machine in self.instances for id in machine.ports)

    def unbound_ports(self) -> Iterator[Port]:
        bound = {id for machine in self.instances for id in machine.ports}
        return (port for port in self.ports if port.id not in bound)

    def trusted_ports(self) -> list[DhcpServer | RouterPort]:
        """The ports of the cloud itself, which are never filtered."""
        return [*self.dhcp_servers, *(port for one in self.routers for port in one.ports())]

    def check(self) -> None:
        """Whether everything that is named is there.

        Raises:
            LabError: something is not, or is there twice.
        """
        if self.back_end not in [*BackEnd]:
            raise LabError(
                f"there is no back end {self.back_end!r}", remedy=f"there are: {', '.join(BackEnd)}"
            )
        networks = _unique("network", (network.id for network in self.networks))
        ports = _unique("port", (port.id for port in self.ports))
        groups = _unique("security group", (group.name for group in self.security_groups))
        _unique("instance", (instance.id for instance in self.instances))
        _unique("router", (router.id for router in self.routers))
        _unique("binding of port", (id for one in self.instances for id in one.ports))
        trusted = self.trusted_ports()
        _unique("port", (*ports, *(port.port for port in trusted)))
        for where, network in (
            *((f"port {port.id}", port.network) for port in self.ports),
            *((f"port {port.port}", port.network) for port in trusted),
        ):
            _require(where, "network", network, networks)
        for instance in self.instances:
            for id in instance.ports:
                _require(f"instance {instance.id}", "port", id, ports)
        for port in self.ports:
            for id in port.security_groups:
                _require(f"port {port.id}", "security group", id, groups)


def _unique(kind: str, names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise LabError(f"{kind} {name} is there twice")
        seen.add(name)
    return seen


def _require(where: str, kind: str, id: str, known: set[str]) -> None:
    if id not in known:
        raise LabError(f"{where}: there is no {kind} {id!r}")


_Identified = TypeVar("_Identified", Network, Port, Instance)


def _by_id(things: Iterable[_Identified], id: str, kind: str) -> _Identified:
    for thing in things:
        if thing.id == id:
            return thing
    raise LabError(f"there is no {kind} {id!r}")
