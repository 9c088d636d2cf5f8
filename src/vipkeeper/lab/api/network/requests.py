"""The bodies that Neutron takes, one model for making and one for changing each resource."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from vipkeeper.lab.api.network.fields import (
    ADDRESS_OR_CIDR_SCHEMA,
    Address,
    Body,
    Boolean,
    Cidr,
    Description,
    DeviceName,
    Id,
    Integer,
    MacAddress,
    Name,
    OptionalAddress,
    OptionalId,
    OptionalName,
    ProjectId,
    is_address,
    is_address_or_prefix,
    is_mac_address,
    wrong,
    wrong_as_a_whole,
)


class Standard(Body):
    name: Name = ""
    description: Description = ""


class Made(Standard):
    """What a request that makes something may say besides."""

    project_id: ProjectId = ""
    tenant_id: ProjectId = ""


class NetworkChange(Standard):
    admin_state_up: Boolean = True
    shared: Boolean = False
    external: Boolean = Field(default=False, alias="router:external")
    is_default: Boolean = False
    port_security_enabled: Boolean = True
    mtu: Integer = 1450


class NetworkRequest(NetworkChange, Made):
    network_type: OptionalName = Field(default=None, alias="provider:network_type")
    physical_network: OptionalName = Field(default=None, alias="provider:physical_network")
    segmentation_id: Integer | None = Field(default=None, alias="provider:segmentation_id")
    availability_zone_hints: tuple[str, ...] = ()


class PoolRequest(Body):
    start: Address
    end: Address


class HostRouteRequest(Body):
    destination: Cidr
    nexthop: Address


class SubnetChange(Standard):
    gateway_ip: OptionalAddress = None
    enable_dhcp: Boolean = True
    dns_nameservers: tuple[Address, ...] = ()
    host_routes: tuple[HostRouteRequest, ...] = ()
    allocation_pools: tuple[PoolRequest, ...] = ()


def _ip_version(value: Any) -> Any:
    return int(value) if value in ("4", "6") else value


class SubnetRequest(SubnetChange, Made):
    network_id: Id
    cidr: Cidr
    ip_version: Annotated[
        Literal[4, 6], BeforeValidator(_ip_version), WithJsonSchema({"enum": [4, 6]})
    ]
    subnetpool_id: None = None
    segment_id: None = None
    ipv6_address_mode: Literal["slaac", "dhcpv6-stateful", "dhcpv6-stateless"] | None = None
    ipv6_ra_mode: Literal["slaac", "dhcpv6-stateful", "dhcpv6-stateless"] | None = None


class FixedIPRequest(Body):
    subnet_id: OptionalId = None
    ip_address: OptionalAddress = None


def _fixed_ips(value: Any) -> Any:
    """neutron_lib validate_fixed_ips."""
    if not isinstance(value, list):
        raise wrong(f"Invalid data format for fixed IP: '{value}'.")
    seen = set()
    for entry in value:
        if not isinstance(entry, dict):
            raise wrong(f"Invalid data format for fixed IP: '{entry}'.")
        address = entry.get("ip_address")
        if address is None:
            continue
        if not isinstance(address, str) or not is_address(address):
            raise wrong(f"'{address}' is not a valid IP address.")
        if address in seen:
            raise wrong(f"Duplicate IP address '{address}'.")
        seen.add(address)
    return value


def _pairs(value: Any) -> Any:
    """neutron_lib/api/validators/allowedaddresspairs.py: each refusal a 400 of its own."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_as_a_whole("Allowed address pairs must be a list.")
    for entry in value:
        if not isinstance(entry, dict):
            raise wrong_as_a_whole(f"'{entry}' is not a dictionary.")
        unknown = sorted(str(key) for key in entry if key not in ("ip_address", "mac_address"))
        if "ip_address" not in entry:
            continue  # told with the exception's own name, when the port is made
        if unknown:
            raise wrong_as_a_whole(f"Unrecognized attribute(s) '{', '.join(unknown)}'")
        mac, address = entry.get("mac_address"), entry["ip_address"]
        if mac is not None and (not isinstance(mac, str) or not is_mac_address(mac)):
            raise wrong_as_a_whole(f"'{mac}' is not a valid MAC address")
        if not isinstance(address, str) or not is_address_or_prefix(address):
            raise wrong_as_a_whole(f"'{address}' is not a valid IP address")
    return value


def _list_of_ids(value: Any) -> Any:
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(f"'{value}' is not an iterable.")
    return value


class PairRequest(Body):
    """A pair as it was written. Without an address it is refused by name later on."""

    ip_address: Annotated[str | None, WithJsonSchema(ADDRESS_OR_CIDR_SCHEMA)] = None
    mac_address: str | None = None


class DhcpOption(Body):
    opt_name: Name
    opt_value: OptionalName = None
    ip_version: Integer = 4


class PortChange(Standard):
    admin_state_up: Boolean = True
    fixed_ips: Annotated[tuple[FixedIPRequest, ...], BeforeValidator(_fixed_ips)] = ()
    mac_address: MacAddress = ""
    device_id: DeviceName = ""
    device_owner: DeviceName = ""
    security_groups: Annotated[tuple[Id, ...], BeforeValidator(_list_of_ids)] = ()
    allowed_address_pairs: Annotated[tuple[PairRequest, ...], BeforeValidator(_pairs)] = ()
    port_security_enabled: Boolean = True
    extra_dhcp_opts: tuple[DhcpOption, ...] | None = None
    vnic_type: Name = Field(default="normal", alias="binding:vnic_type")
    host_id: OptionalName = Field(default=None, alias="binding:host_id")
    profile: dict[str, Any] | None = Field(default=None, alias="binding:profile")


class PortRequest(PortChange, Made):
    network_id: Id


class ExternalFixedIP(Body):
    subnet_id: OptionalId = None
    ip_address: OptionalAddress = None


def _gateway(value: Any) -> Any:
    """``{}`` takes the gateway away, as null does."""
    return value or None


class GatewayRequest(Body):
    network_id: Id
    enable_snat: Boolean = True
    external_fixed_ips: tuple[ExternalFixedIP, ...] = ()


class RouterChange(Standard):
    admin_state_up: Boolean = True
    external_gateway_info: Annotated[GatewayRequest | None, BeforeValidator(_gateway)] = None
    routes: tuple[HostRouteRequest, ...] | None = None
    distributed: Boolean | None = None
    ha: Boolean | None = None


class RouterRequest(RouterChange, Made):
    availability_zone_hints: tuple[str, ...] = ()


class InterfaceRequest(Body):
    subnet_id: OptionalId = None
    port_id: OptionalId = None


class FloatingIPChange(Body):
    description: Description = ""
    port_id: OptionalId = None
    fixed_ip_address: OptionalAddress = None


class FloatingIPRequest(FloatingIPChange):
    project_id: ProjectId = ""
    tenant_id: ProjectId = ""
    floating_network_id: Id
    floating_ip_address: OptionalAddress = None
    subnet_id: OptionalId = None


class SecurityGroupChange(Standard):
    stateful: Boolean = True


class SecurityGroupRequest(SecurityGroupChange, Made):
    name: Name


def _protocol(value: Any) -> Any:
    """convert_protocol: a name in lower case, a number as text; it is looked up later."""
    if isinstance(value, bool):
        raise wrong(f"'{value}' is not a valid protocol.")
    if not isinstance(value, int | str):
        return value
    return None if value in ("", "any") else str(value).lower()


_PROTOCOL_SCHEMA = {
    "anyOf": [
        {"enum": ["tcp", "udp", "icmp", "ipv6-icmp", "vrrp", "ah", "any", None]},
        {"type": "integer", "minimum": 0, "maximum": 255},
        {"type": "string", "maxLength": 255},
    ]
}


def _ethertype(value: Any) -> Any:
    """convert_ethertype_to_case_insensitive."""
    if isinstance(value, str):
        return {"ipv4": "IPv4", "ipv6": "IPv6"}.get(value.lower(), value)
    return value


def _prefix(value: Any) -> Any:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not is_address_or_prefix(value):
        raise wrong_as_a_whole(f"'{value}' is not a valid IP subnet.")
    return value


class RuleRequest(Body):
    security_group_id: Id
    direction: Literal["ingress", "egress"]
    ethertype: Annotated[Literal["IPv4", "IPv6"], BeforeValidator(_ethertype)] = "IPv4"
    protocol: Annotated[
        str | None, BeforeValidator(_protocol), WithJsonSchema(_PROTOCOL_SCHEMA)
    ] = None
    port_range_min: Integer | None = None
    port_range_max: Integer | None = None
    remote_ip_prefix: Annotated[
        str | None, BeforeValidator(_prefix), WithJsonSchema(ADDRESS_OR_CIDR_SCHEMA)
    ] = None
    remote_group_id: OptionalId = None
    remote_address_group_id: None = None
    description: Annotated[str | None, Field(max_length=255)] = ""
    project_id: ProjectId = ""
    tenant_id: ProjectId = ""


class TagsRequest(Body):
    tags: list[Annotated[str, Field(min_length=1, max_length=60)]]
