"""What a cloud consists of, as plain values in Neutron's words.

A :class:`CloudSpec` that exists is consistent: every name it uses is defined, every address
lies in its network and no two are the same. :mod:`vipkeeper.lab.spec_file` reads one from YAML.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, TypeVar

from vipkeeper.errors import LabError
from vipkeeper.lab.ports import AddressPair, check_name, parse_mac
from vipkeeper.lab.security_groups import DEFAULT, SecurityGroup, SecurityGroupRule, default_group

VrrpProgram = Literal["vipkeeperd", "keepalived", "none"]
Restart = Literal["no", "on-failure", "always"]

MAX_INSTANCES = 63
"""Each gets its own 65536 of the 64 x 65536 ids of a lab that root starts."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network and its subnet.

    Attributes:
        gateway: address of the router's interface, None for a network without router.
        mtu: of the network; instances learn it by DHCP.
        port_security_enabled: default for the ports of this network.
        enable_dhcp: otherwise an instance is given its address at boot, as by a config drive.
        external: ``router:external``, where floating IPs come from.
    """

    name: str
    cidr: IPv4Network
    gateway: IPv4Address | None = None
    mtu: int = 1500
    port_security_enabled: bool = True
    enable_dhcp: bool = True
    external: bool = False

    def __post_init__(self) -> None:
        check_name(self.name, "network")
        if self.cidr.prefixlen > 29:
            raise LabError(
                f"network {self.name}: {self.cidr} is too small", remedy="use a /29 or larger"
            )
        if not 576 <= self.mtu <= 65535:
            raise LabError(
                f"network {self.name}: mtu {self.mtu} is not possible", remedy="use 576 to 65535"
            )
        if self.gateway is not None:
            self.check_address(self.gateway, "gateway")

    def check_address(self, address: IPv4Address, what: str) -> None:
        reserved = (self.cidr.network_address, self.cidr.broadcast_address)
        if address not in self.cidr or address in reserved:
            raise LabError(f"{what} {address} is not a host address of {self.name} ({self.cidr})")


@dataclass(frozen=True, slots=True)
class Port:
    """A port as its owner sees it; bound when an instance names it.

    Attributes:
        mac_address: empty means one made from the port's name, the same in every lab.
        port_security_enabled: None means as its network says.
    """

    name: str
    network: str
    fixed_ip: IPv4Address
    mac_address: str = ""
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    port_security_enabled: bool | None = None
    security_groups: tuple[str, ...] = (DEFAULT,)

    def __post_init__(self) -> None:
        check_name(self.name, "port")
        mac = parse_mac(self.mac_address) if self.mac_address else mac_address_of(self.name)
        object.__setattr__(self, "mac_address", mac)


@dataclass(frozen=True, slots=True)
class Router:
    """Stands between networks and, by floating IPs, between them and the external one.

    Attributes:
        external_ip: its own address outside, which the others' traffic leaves with (SNAT).
        networks: those it is the gateway of.
    """

    name: str
    external_network: str
    external_ip: IPv4Address
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A program that an instance's init runs.

    Attributes:
        aliases: further names that ``systemctl`` and ``journalctl -u`` take.
        restart: as systemd's ``Restart=``.
    """

    name: str
    argv: tuple[str, ...]
    autostart: bool = True
    restart: Restart = "no"
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name, "service")
        if not self.argv:
            raise LabError(f"service {self.name} has no command", remedy="give it an argv")


@dataclass(frozen=True, slots=True)
class Instance:
    """A machine of the cloud.

    Attributes:
        ports: names of its ports, eth0 first.
        files: absolute path to content, written at its first boot.
        vrrp: the program behind ``systemctl start keepalived``.
        user_data: what cloud-init gets; None leaves it alone.
        public_keys: for root and the default user, by cloud-init.
    """

    name: str
    ports: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    vrrp: VrrpProgram = "none"
    user_data: bytes | None = None
    public_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name, "instance")

    def all_services(self) -> tuple[Service, ...]:
        if self.vrrp == "none":
            return self.services
        return (*self.services, _VRRP_SERVICES[self.vrrp])


# Debian's unit has no Restart=, so neither has ours: who kills the daemon to see what
# happens must not be surprised by its return.
_VRRP_SERVICES = {
    "keepalived": Service("keepalived", ("/usr/sbin/keepalived", "--dont-fork"), aliases=("vrrp",)),
    "vipkeeperd": Service(
        "vipkeeperd",
        ("/opt/vipkeeper/bin/vipkeeperd", "--dont-fork"),
        aliases=("vrrp", "keepalived"),
    ),
}


@dataclass(frozen=True, slots=True)
class CloudSpec:
    networks: tuple[Network, ...]
    ports: tuple[Port, ...]
    instances: tuple[Instance, ...]
    routers: tuple[Router, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    floating_ips: tuple[tuple[IPv4Address, str], ...] = ()
    """Floating address and the name of the port it leads to."""

    def __post_init__(self) -> None:
        if all(group.name != DEFAULT for group in self.security_groups):
            object.__setattr__(self, "security_groups", (*self.security_groups, default_group()))
        self._check_names()
        self._check_networks()
        self._check_ports()
        self._check_floating_ips()
        self._check_groups()

    def network(self, name: str) -> Network:
        return _named(self.networks, name, "network")

    def port(self, name: str) -> Port:
        return _named(self.ports, name, "port")

    def instance(self, name: str) -> Instance:
        return _named(self.instances, name, "instance")

    def ports_of(self, instance: Instance) -> Iterator[Port]:
        return (self.port(name) for name in instance.ports)

    def virtual_ips(self) -> tuple[IPv4Address, ...]:
        """Addresses of the ports that no instance is plugged into."""
        bound = {name for instance in self.instances for name in instance.ports}
        return tuple(port.fixed_ip for port in self.ports if port.name not in bound)

    def with_port(self, port: Port) -> CloudSpec:
        """The same cloud with the port of that name replaced."""
        self.port(port.name)
        return replace(
            self, ports=tuple(port if old.name == port.name else old for old in self.ports)
        )

    def with_security_group(self, name: str, rules: Iterable[SecurityGroupRule]) -> CloudSpec:
        """The same cloud with the rules of one group replaced, or with one group more."""
        others = tuple(group for group in self.security_groups if group.name != name)
        return replace(self, security_groups=(*others, SecurityGroup(name, tuple(rules))))

    def with_vrrp(self, program: VrrpProgram, *instances: str) -> CloudSpec:
        """The same cloud with another VRRP program on the named instances."""
        for name in instances:
            self.instance(name)
        return replace(
            self,
            instances=tuple(
                replace(old, vrrp=program) if old.name in instances else old
                for old in self.instances
            ),
        )

    def _check_names(self) -> None:
        for kind, names in (
            ("network", [network.name for network in self.networks]),
            ("port", [port.name for port in self.ports]),
            ("instance", [instance.name for instance in self.instances]),
            ("router", [router.name for router in self.routers]),
            ("security group", [group.name for group in self.security_groups]),
            ("binding of port", [name for machine in self.instances for name in machine.ports]),
        ):
            _refuse_duplicates(kind, names)
        if len(self.instances) > MAX_INSTANCES:
            raise LabError(
                f"{len(self.instances)} instances are too many",
                remedy=f"a lab has at most {MAX_INSTANCES}",
            )

    def _check_networks(self) -> None:
        for router in self.routers:
            outside = self.network(router.external_network)
            if not outside.external:
                raise LabError(
                    f"router {router.name}: network {outside.name} is not external",
                    remedy="say `external: true` on that network",
                )
            outside.check_address(router.external_ip, f"router {router.name}: external_ip")
            for name in router.networks:
                if self.network(name).gateway is None:
                    raise LabError(
                        f"router {router.name}: network {name} has no gateway address",
                        remedy="give the network a `gateway`",
                    )

    def _check_ports(self) -> None:
        used: dict[tuple[str, IPv4Address], str] = {}
        for router in self.routers:
            used[router.external_network, router.external_ip] = f"router {router.name}"
        for network in self.networks:
            if network.gateway is not None:
                used[network.name, network.gateway] = "its gateway"
        for port in self.ports:
            network = self.network(port.network)
            network.check_address(port.fixed_ip, f"port {port.name}: fixed_ip")
            holder = used.setdefault((network.name, port.fixed_ip), f"port {port.name}")
            if holder != f"port {port.name}":
                raise LabError(
                    f"port {port.name}: {port.fixed_ip} on {network.name} is already {holder}'s"
                )
        _refuse_duplicates("MAC address", [port.mac_address for port in self.ports])
        for instance in self.instances:
            for name in instance.ports:
                self.port(name)

    def _check_floating_ips(self) -> None:
        _refuse_duplicates("floating IP", [str(address) for address, _ in self.floating_ips])
        _refuse_duplicates("floating IP of port", [name for _, name in self.floating_ips])
        for address, name in self.floating_ips:
            inside = self.port(name).network
            router = next((one for one in self.routers if inside in one.networks), None)
            if router is None:
                raise LabError(
                    f"floating IP {address}: no router has an interface on {inside}, the network"
                    f" of port {name}"
                )
            outside = self.network(router.external_network)
            outside.check_address(address, "floating IP")

    def _check_groups(self) -> None:
        known = {group.name for group in self.security_groups}
        uses = [(f"port {port.name}", name) for port in self.ports for name in port.security_groups]
        uses += [
            (f"security group {group.name}", rule.remote_group)
            for group in self.security_groups
            for rule in group.rules
            if rule.remote_group is not None
        ]
        for where, name in uses:
            if name not in known:
                raise LabError(
                    f"{where}: there is no security group {name!r}",
                    remedy=f"there are: {', '.join(sorted(known))}",
                )


def mac_address_of(name: str) -> str:
    """A MAC address with Neutron's prefix, made from a name so that it is the same every time."""
    digest = hashlib.sha256(name.encode()).digest()
    return "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in digest[:3])


_Named = TypeVar("_Named", Network, Port, Instance)


def _named(things: tuple[_Named, ...], name: str, kind: str) -> _Named:
    for thing in things:
        if thing.name == name:
            return thing
    known = ", ".join(thing.name for thing in things) or "none"
    raise LabError(f"there is no {kind} {name!r}", remedy=f"there are: {known}")


def _refuse_duplicates(kind: str, names: list[str]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise LabError(f"{kind} {name} is there twice")
        seen.add(name)
