"""A virtual IP as it stands in the cloud: what its nodes, and a person, have to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface

from vipkeeper.openstack.declaration.spec import Address, Family, ServicePort, Vrrp

Interface = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True)
class Node:
    """A member, with what its configuration needs.

    Attributes:
        name: of its server, or of its port where there is no server yet.
        addresses: of its port, the first of each family of the VIP.
        filtered: whether port security is on.
    """

    name: str
    port_id: str
    server_id: str | None
    mac_address: str
    addresses: tuple[Address, ...]
    priority: int
    interface: str
    filtered: bool = True

    def address(self, family: Family) -> Address | None:
        return next((one for one in self.addresses if one.version == family), None)


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """The virtual IP of one family.

    Attributes:
        subnet_id: whose address it is.
        cidr: of the subnet.
        interface: address and prefix length; None while the cloud has not chosen the address.
        port_id: of its own port; None while there is none.
    """

    family: Family
    subnet_id: str
    cidr: str
    interface: Interface | None
    port_id: str | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """All of it.

    Attributes:
        vrid: settled; the same for both families (RFC 9568 has a VRID space for each).
        nodes: the one that is preferred first.
        floating_ip: the address; None where there is none yet, or none is wanted.
        group_id, group_name: of the security group that the members have for it.
        server_group_id: for servers that are still to be made: ``--hint group=ID``.
    """

    name: str
    network_id: str
    network_name: str
    addresses: tuple[VirtualAddress, ...]
    nodes: tuple[Node, ...]
    vrrp: Vrrp
    vrid: int
    service_ports: tuple[ServicePort, ...] = ()
    floating_ip: str | None = None
    floating_network_id: str | None = None
    group_id: str | None = None
    group_name: str = ""
    server_group_id: str | None = None
