"""What is kept of Neutron's resources, in Neutron's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from vipkeeper.lab.api.records import Record, Resource


class Value(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(Resource):
    kind: ClassVar[str] = "network"

    admin_state_up: bool = True
    shared: bool = False
    external: bool = False
    is_default: bool = False
    port_security_enabled: bool = True
    mtu: int = 1450
    network_type: str = "vxlan"
    physical_network: str | None = None
    segmentation_id: int | None = None


class AllocationPool(Value):
    start: str
    end: str


class HostRoute(Value):
    destination: str
    nexthop: str


class Subnet(Resource):
    kind: ClassVar[str] = "subnet"

    network_id: str
    ip_version: int
    cidr: str
    gateway_ip: str | None
    allocation_pools: tuple[AllocationPool, ...]
    enable_dhcp: bool = True
    dns_nameservers: tuple[str, ...] = ()
    host_routes: tuple[HostRoute, ...] = ()
    ipv6_address_mode: str | None = None
    ipv6_ra_mode: str | None = None


class FixedIP(Value):
    subnet_id: str
    ip_address: str


class AddressPair(Value):
    """As it was written; the MAC address is filled in where none was."""

    ip_address: str
    mac_address: str


class Port(Resource):
    kind: ClassVar[str] = "port"

    network_id: str
    mac_address: str
    fixed_ips: tuple[FixedIP, ...] = ()
    device_id: str = ""
    device_owner: str = ""
    admin_state_up: bool = True
    port_security_enabled: bool = True
    security_groups: tuple[str, ...] = ()
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    extra_dhcp_opts: tuple[Mapping[str, Any], ...] = ()
    vnic_type: str = "normal"
    profile: Mapping[str, Any] = {}
    host_id: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether it is plugged in somewhere."""
        return bool(self.device_id) or bool(self.host_id)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(fixed.ip_address for fixed in self.fixed_ips)


class Router(Resource):
    """Its interfaces are the ports whose device it is."""

    kind: ClassVar[str] = "router"

    admin_state_up: bool = True
    gateway_port_id: str | None = None
    external_network_id: str | None = None
    enable_snat: bool = True
    routes: tuple[HostRoute, ...] = ()
    distributed: bool = False
    ha: bool = False


class FloatingIP(Resource):
    """An address of the external network, held there by a port of its own."""

    kind: ClassVar[str] = "floatingip"

    floating_network_id: str
    floating_ip_address: str
    floating_port_id: str
    port_id: str | None = None
    fixed_ip_address: str | None = None
    router_id: str | None = None
    status: str = "DOWN"


class SecurityGroup(Resource):
    kind: ClassVar[str] = "security_group"

    stateful: bool = True


class SecurityGroupRule(Resource):
    kind: ClassVar[str] = "security_group_rule"

    security_group_id: str
    direction: str
    ethertype: str
    protocol: str | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None


class Quota(Record):
    """Limits of a project that are not the default ones; its id is the project's."""

    kind: ClassVar[str] = "quota"

    limits: Mapping[str, int]
