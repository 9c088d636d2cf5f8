"""What a person declares: one virtual IP, with its members and all that belongs to it.

Written as YAML (:mod:`~vipkeeper.openstack.spec_file`); pydantic checks it and names every fault
with its path.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Address = IPv4Address | IPv6Address
Family = Literal[4, 6]

LONGEST_NAME = 30
"""Tags that hold a name stay within Neutron's 60 characters."""

Name = Annotated[str, Field(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}$")]
NameOrId = Annotated[str, Field(min_length=1, max_length=255)]


class Declared(BaseModel):
    """A part of a spec: a value, with nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Mode(StrEnum):
    """Whom adverts are sent to."""

    UNICAST = "unicast"
    MULTICAST = "multicast"


class AuthenticationType(StrEnum):
    PASS = "pass"  # noqa: S105 -- the name of a type
    AH = "ah"


class Authentication(Declared):
    """VRRPv2's: RFC 2338 5.3.6. keepalived uses the first eight characters.

    Whoever sees an advert reads the password of ``pass``.
    """

    type: AuthenticationType = AuthenticationType.PASS
    password: SecretStr


class Vrrp(Declared):
    """How the members agree who has the address.

    Attributes:
        version: 2 or 3; IPv6 and a fraction of a second need 3, authentication needs 2.
            None: 2 with authentication, else 3.
        vrid: None: one is derived from the address, another than those that are known in the
            network.
        interval: between adverts, seconds.
        preempt: whether a better member takes the address back.
        virtual_mac: whether the address has the MAC address 00:00:5e:00:01:VRID.
    """

    version: Literal[2, 3] | None = None
    vrid: Annotated[int, Field(ge=1, le=255)] | None = None
    interval: Annotated[float, Field(ge=0.01, le=40.95)] = 1.0
    mode: Mode = Mode.UNICAST
    authentication: Authentication | None = None
    preempt: bool = True
    virtual_mac: bool = False

    @property
    def protocol_version(self) -> Literal[2, 3]:
        return self.version or (2 if self.authentication else 3)


class Member(Declared):
    """A node: a server that has one port in the network, or a port by itself.

    Attributes:
        server, port: name or ID; exactly one of the two.
        priority: None: 100 for the first member, less for each that follows.
        interface: the port's name inside the server.
    """

    server: NameOrId | None = None
    port: NameOrId | None = None
    priority: Annotated[int, Field(ge=1, le=254)] | None = None
    interface: Annotated[str, Field(pattern=r"^[^\s/]{1,15}$")] = "eth0"

    @property
    def label(self) -> str:
        """As the person called it."""
        return self.server or self.port or ""


class FloatingIp(Declared):
    """The address by which the virtual IP is reached from outside (IPv4).

    Attributes:
        network: the external network, name or ID; None: the one that there is.
        address: None: the cloud chooses.
    """

    network: NameOrId | None = None
    address: IPv4Address | None = None


class ServicePort(Declared):
    """What clients may ask of the members. Written ``80``, ``53/udp``, ``8000-8010/tcp``.

    Attributes:
        first, last: the range of ports, both included; None for ICMP, which has none.
        source: who may ask; None is everybody.
    """

    protocol: Literal["tcp", "udp", "sctp", "icmp"] = "tcp"
    first: Annotated[int, Field(ge=1, le=65535)] | None = None
    last: Annotated[int, Field(ge=1, le=65535)] | None = None
    source: IPv4Network | IPv6Network | None = None


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

    name: Name
    network: NameOrId
    families: tuple[Family, ...] = (4,)
    addresses: tuple[Address, ...] = ()
    members: Annotated[tuple[Member, ...], Field(min_length=2)]
    floating_ip: FloatingIp | None = None
    vrrp: Vrrp = Vrrp()
    service_ports: tuple[ServicePort, ...] = ()
    security_group: NameOrId | None = None
    anti_affinity: bool = False

    def address(self, family: Family) -> Address | None:
        """The address of a family, if one is asked for."""
        return next((one for one in self.addresses if one.version == family), None)

    def priorities(self) -> tuple[int, ...]:
        """Each member's, in their order: 100, 90, 80, ... unless the spec says otherwise."""
        step = max(1, min(10, 99 // len(self.members)))
        return tuple(
            member.priority or max(1, 100 - step * at) for at, member in enumerate(self.members)
        )
