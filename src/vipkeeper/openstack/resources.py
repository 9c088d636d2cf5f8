"""Neutron's and Nova's resources as values: what of them matters to a virtual IP."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from vipkeeper.openstack.declaration.spec import Address, Family


@dataclass(frozen=True, slots=True)
class Network:
    """Attributes: ``shared``: other projects use it too; ``external``: router:external."""

    id: str
    name: str
    project_id: str
    shared: bool = False
    external: bool = False
    port_security_enabled: bool = True
    mtu: int = 1500


@dataclass(frozen=True, slots=True)
class Subnet:
    id: str
    name: str
    network_id: str
    cidr: IPv4Network | IPv6Network
    gateway_ip: Address | None = None

    @property
    def family(self) -> Family:
        return self.cidr.version


@dataclass(frozen=True, slots=True)
class FixedIp:
    subnet_id: str
    address: Address


@dataclass(frozen=True, slots=True)
class AddressPair:
    """An allowed address pair, both parts as Neutron keeps them: as they were typed.

    Attributes:
        ip_address: an address or a prefix.
        mac_address: never empty: Neutron fills in the port's own.
    """

    ip_address: str
    mac_address: str


@dataclass(frozen=True, slots=True)
class Port:
    """A Neutron port.

    Attributes:
        device_id: of the server or the router that has it; empty if it is not bound.
        revision: for If-Match.
        created_at: as Neutron says it, UTC; sorts by time.
    """

    id: str
    name: str
    network_id: str
    project_id: str
    mac_address: str
    fixed_ips: tuple[FixedIp, ...] = ()
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    security_groups: tuple[str, ...] = ()
    port_security_enabled: bool = True
    device_id: str = ""
    device_owner: str = ""
    vnic_type: str = "normal"
    status: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    revision: int = 0
    created_at: str = ""

    def fixed_ip(self, family: Family) -> FixedIp | None:
        """The first address of a family."""
        return next((one for one in self.fixed_ips if one.address.version == family), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a security group.

    Attributes:
        protocol: as it was typed (``112`` and ``vrrp`` are the same); None is any.
        remote_ip_prefix: None is anywhere, and so is ``0.0.0.0/0``.
        remote_address_group_id: the rule is not for anywhere, though it has neither prefix nor
            group.
    """

    direction: str
    ethertype: str
    protocol: str | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None
    description: str = ""
    id: str = ""
    remote_address_group_id: str | None = None


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    id: str
    name: str
    project_id: str
    rules: tuple[Rule, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class FloatingIp:
    """Attributes: ``port_id``, ``fixed_ip_address``: where it leads; None if nowhere."""

    id: str
    address: str
    network_id: str
    project_id: str
    port_id: str | None = None
    fixed_ip_address: str | None = None
    status: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """Attributes: ``host_id``: the same for servers on the same host, and only for this project."""

    id: str
    name: str
    status: str = ""
    host_id: str = ""


@dataclass(frozen=True, slots=True)
class ServerGroup:
    id: str
    name: str
    policy: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    """Attributes: ``limit``: -1 is none."""

    limit: int
    used: int
