"""What a person declares: one virtual IP, with its members and all that belongs to it.

Written as YAML (:mod:`~vipkeeper.openstack.declaration.spec_file`); pydantic checks it and names
every fault with its path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from vipkeeper.openstack.declaration import shorthands, spec_checks
from vipkeeper.openstack.declaration.declared import Boolean, Declared, NameOrId
from vipkeeper.openstack.declaration.faults import checked_with, faults, shown, with_faults
from vipkeeper.openstack.declaration.spec_vrrp import Authentication, AuthenticationType, Mode, Vrrp

__all__ = [
    "LONGEST_NAME",
    "Address",
    "Authentication",
    "AuthenticationType",
    "Declared",
    "Family",
    "FloatingIp",
    "Member",
    "Mode",
    "Name",
    "NameOrId",
    "ServicePort",
    "VipSpec",
    "Vrrp",
    "priorities",
]

Address = IPv4Address | IPv6Address
Family = Literal[4, 6]

LONGEST_NAME = 30
"""Tags that hold a name stay within Neutron's 60 characters."""

Name = Annotated[str, Field(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}$")]
_MEMBERS = "a list of at least two servers or ports"
_WrittenAddress = Annotated[Address, BeforeValidator(shorthands.address)]


class Member(Declared):
    """A node: a server that has one port in the network, or a port by itself.

    Attributes:
        server, port: name or ID; exactly one of the two.
        priority: None: 100 for the first member, less for each that follows.
        interface: the port's name inside the server.
    """

    WANTED = "a server's name or ID, or a mapping with server or port,"

    server: Annotated[NameOrId | None, Field(description="a server's name or ID")] = None
    port: Annotated[
        NameOrId | None, Field(validate_default=True, description="a port's name or ID")
    ] = None
    priority: Annotated[
        int | None,
        Field(strict=True, ge=1, le=254, description="a whole number from 1 to 254"),
    ] = None
    interface: Annotated[
        str, Field(pattern=r"^[^\s/]{1,15}$", description="an interface's name as eth0")
    ] = "eth0"

    _written = model_validator(mode="before")(shorthands.member)

    @property
    def label(self) -> str:
        """As the person called it."""
        return self.server or self.port or ""

    @field_validator("port")
    @classmethod
    def _or_a_server(cls, port: str | None, info: ValidationInfo) -> str | None:
        if "server" in info.data and (port is None) == (info.data["server"] is None):
            words = "has both server and port" if port else "has neither server nor port"
            raise faults(((), f"{words}: a member is one of the two"))
        return port


class FloatingIp(Declared):
    """The address by which the virtual IP is reached from outside (IPv4).

    Attributes:
        network: the external network, name or ID; None: the one that there is.
        address: None: the cloud chooses.
    """

    WANTED = "an external network's name or ID, true, none, or a mapping with network and address,"

    network: Annotated[NameOrId | None, Field(description="a network's name or ID")] = None
    address: Annotated[
        IPv4Address | None,
        BeforeValidator(shorthands.address),
        Field(description="an IPv4 address"),
    ] = None


class ServicePort(Declared):
    """What clients may ask of the members. Written ``80``, ``53/udp``, ``8000-8010/tcp``.

    Attributes:
        first, last: the range of ports, both included; None for ICMP, which has none.
        source: who may ask; None is everybody.
    """

    WANTED = "a port as 80, 443/tcp or 8000-8010, icmp, or a mapping with port and from,"

    protocol: Annotated[
        Literal["tcp", "udp", "sctp", "icmp"], Field(description="tcp, udp, sctp or icmp")
    ] = "tcp"
    first: Annotated[int | None, Field(strict=True, ge=1, le=65535)] = None
    last: Annotated[int | None, Field(strict=True, ge=1, le=65535)] = None
    source: Annotated[
        IPv4Network | IPv6Network | None,
        BeforeValidator(shorthands.network),
        Field(validation_alias="from", description="a network as 10.0.0.0/8"),
    ] = None

    _written = model_validator(mode="before")(shorthands.service_port)

    @model_validator(mode="after")
    def _has_ports(self) -> Self:
        has_range = self.first is not None and self.last is not None
        if has_range == (self.protocol == "icmp"):
            raise faults(((), f"{self.protocol} has {'no ports' if has_range else 'ports'}"))
        return self


class VipSpec(Declared):
    """One virtual IP: an address, or one of each family.

    Attributes:
        network: name or ID.
        families: 4, 6 or both; each has a Neutron port of its own.
        addresses: at most one of each family; the cloud chooses the others.
        security_group: a group that is there already and is to be used, name or ID; None: one
            of the VIP's own.
        anti_affinity: whether the members have to be on different hosts.
    """

    WANTED = "a mapping with name, network and members"

    name: Annotated[
        Name,
        Field(description=f"a name of at most {LONGEST_NAME} letters, digits, '.', '_' and '-'"),
    ]
    network: Annotated[NameOrId, Field(description="a network's name or ID")]
    families: Annotated[
        tuple[Family, ...],
        BeforeValidator(shorthands.families),
        Field(validation_alias="ip", min_length=1, description="4, 6 or dual"),
    ] = (4,)
    addresses: Annotated[
        tuple[_WrittenAddress, ...],
        BeforeValidator(shorthands.as_list),
        Field(validation_alias="address", description="an address, or one of each family,"),
    ] = ()
    members: Annotated[tuple[Member, ...], Field(description=_MEMBERS)]
    floating_ip: Annotated[FloatingIp | None, BeforeValidator(shorthands.floating_ip)] = None
    vrrp: Vrrp = Vrrp()
    service_ports: Annotated[
        tuple[ServicePort, ...], Field(description="a list of ports as 80, 443/tcp or icmp")
    ] = ()
    security_group: Annotated[
        NameOrId | None, Field(description="a security group's name or ID")
    ] = None
    anti_affinity: Boolean = False

    @model_validator(mode="before")
    @classmethod
    def _families_of_addresses(cls, written: Any) -> Any:
        """``ip`` follows from ``address`` where it is not written."""
        if not isinstance(written, Mapping) or {"ip", "families"} & written.keys():
            return written
        addresses = written.get("address", written.get("addresses"))
        found = shorthands.families_of(addresses) if addresses else ()
        return {**written, "ip": found} if found else written

    @field_validator("families")
    @classmethod
    def _in_order(cls, families: tuple[Family, ...]) -> tuple[Family, ...]:
        return tuple(sorted(set(families)))

    @field_validator("addresses", mode="wrap")
    @classmethod
    def _of_the_families(
        cls, written: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> tuple[Address, ...]:
        families = info.data.get("families", (4, 6))
        found: tuple[Address, ...] = checked_with(
            written, validate, lambda these: spec_checks.of_addresses(these or (), families)
        )
        return tuple(sorted(found, key=lambda one: one.version))

    @field_validator("members", mode="wrap")
    @classmethod
    def _each_once(cls, written: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        """Also where one of them is wrong for another reason."""
        try:
            members: tuple[Member, ...] = validate(written)
        except ValidationError as error:
            raise with_faults(error, spec_checks.of_written_members(written)) from None
        if len(members) < 2:
            raise faults(((), f"is {shown(written)}, {_MEMBERS} is wanted"))
        named = [("server" if one.server else "port", one.label) for one in members]
        if found := spec_checks.of_members(named, priorities(members)):
            raise faults(*found)
        return members

    @field_validator("floating_ip", mode="wrap")
    @classmethod
    def _leads_to_ipv4(
        cls, written: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        wrong = 4 not in info.data.get("families", (4,))
        found: spec_checks.Faults = [((), "is for IPv4 only, and ip is 6")] if wrong else []
        return checked_with(written, validate, lambda _: found)

    @field_validator("vrrp", mode="wrap")
    @classmethod
    def _speaks_for_the_families(
        cls, written: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        families = info.data.get("families", (4,))

        def found(vrrp: Vrrp | None) -> spec_checks.Faults:
            if vrrp is None:
                return []
            authenticated = vrrp.authentication is not None
            return spec_checks.of_version(vrrp.version, authenticated, families)

        return checked_with(written, validate, found)

    @field_validator("service_ports", mode="wrap")
    @classmethod
    def _may_be_asked(
        cls, written: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        families = info.data.get("families", (4, 6))

        def found(right: Sequence[ServicePort | None] | None) -> spec_checks.Faults:
            ports = right or ()
            sources = [one.source if one else None for one in ports]
            foreign = spec_checks.of_sources(sources, families)
            return [*foreign, *spec_checks.of_repetition(ports, "service_ports")]

        return checked_with(written, validate, found)

    def address(self, family: Family) -> Address | None:
        """The address of a family, if one is asked for."""
        return next((one for one in self.addresses if one.version == family), None)

    def priorities(self) -> tuple[int, ...]:
        """Each member's, in their order: 100, 90, 80, ... unless the spec says otherwise."""
        return priorities(self.members)


def priorities(members: tuple[Member, ...]) -> tuple[int, ...]:
    """See :meth:`VipSpec.priorities`."""
    step = max(1, min(10, 99 // len(members)))
    return tuple(member.priority or max(1, 100 - step * at) for at, member in enumerate(members))
