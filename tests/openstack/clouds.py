"""What is found in small clouds, as values: the walkthrough's, and builders for others.

::

    walkthrough()    two servers and their groups; nothing of a virtual IP is there
    by_hand()        the same with the virtual IP that the walkthrough's author made by hand

IDs are made of names (``port-test01``), so that a failing comparison can be read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.resources import (
    AddressPair,
    FixedIp,
    FloatingIp,
    Network,
    Port,
    Quota,
    Rule,
    SecurityGroup,
    Server,
    Subnet,
)

PROJECT = "project-demo"
VIP = "192.168.100.196"
FLOATING = "99.88.128.171"
CREATED = "2026-03-01T10:00:00Z"

EXTENSIONS = frozenset(
    (
        "address-group",
        "allowed-address-pairs",
        "external-net",
        "port-security",
        "quota_details",
        "quotas",
        "revision-if-match",
        "router",
        "security-group",
        "standard-attr-description",
        "standard-attr-revisions",
        "standard-attr-tag",
        "standard-attr-timestamp",
    )
)

INT_NET = Network("net-int_net", "int_net", PROJECT, mtu=1450)
INT_SUBNET = Subnet(
    "subnet-int_net",
    "int_net",
    INT_NET.id,
    ip_network("192.168.100.0/24"),
    ip_address("192.168.100.1"),
)
INT_SUBNET_6 = Subnet(
    "subnet-int_net6",
    "int_net6",
    INT_NET.id,
    ip_network("fd00:100::/64"),
    ip_address("fd00:100::1"),
)
EXTERNAL_NET = Network(
    "net-ext-private-net1", "ext-private-net1", "project-admin", external=True, mtu=1500
)


def mac(number: int) -> str:
    """As Neutron makes them (base_mac fa:16:3e)."""
    return f"fa:16:3e:00:{number >> 8:02x}:{number & 255:02x}"


def port(name: str, *addresses: str, number: int = 0, **attributes: Any) -> Port:
    """A port of int_net; its MAC address is that of ``number``, or of its first address.

    Args:
        attributes: of :class:`Port`, over the defaults.
    """
    parsed = [ip_address(one) for one in addresses]
    fixed = tuple(
        FixedIp((INT_SUBNET if one.version == 4 else INT_SUBNET_6).id, one) for one in parsed
    )
    known: dict[str, Any] = {
        "id": f"port-{name}",
        "name": name,
        "network_id": INT_NET.id,
        "project_id": PROJECT,
        "mac_address": mac(number or (int(parsed[0]) & 0xFFFF if parsed else 1)),
        "fixed_ips": fixed,
        "security_groups": ("group-default",),
        "status": "DOWN",
        "revision": 1,
        "created_at": CREATED,
    }
    return Port(**{**known, **attributes})


def bound_port(server: str, *addresses: str, name: str | None = None, **attributes: Any) -> Port:
    """The port of a server, which has its name."""
    name = server if name is None else name
    bound = {"device_id": f"server-{server}", "device_owner": "compute:nova", "status": "ACTIVE"}
    return port(name, *addresses, **{"id": f"port-{server}", **bound, **attributes})


def pair(address: str, of: Port) -> AddressPair:
    """An allowed address pair with the port's own MAC address."""
    return AddressPair(address, of.mac_address)


def with_pairs(one: Port, *addresses: str) -> Port:
    """The port with pairs of these addresses and its own MAC address besides."""
    pairs = tuple(pair(address, one) for address in addresses)
    return replace(one, allowed_address_pairs=(*one.allowed_address_pairs, *pairs))


def server(name: str, *, host: str = "") -> Server:
    return Server(f"server-{name}", name, "ACTIVE", host or f"host-of-{name}")


def egress() -> tuple[Rule, Rule]:
    """What Neutron gives each new group."""
    return Rule("egress", "IPv4"), Rule("egress", "IPv6")


def ingress(protocol: str | None, port: int | None = None, **attributes: Any) -> Rule:
    """An IPv4 rule from anywhere, unless told otherwise."""
    known = {"port_range_min": port, "port_range_max": port}
    return Rule("ingress", protocol=protocol, **{"ethertype": "IPv4", **known, **attributes})


def group(name: str, *rules: Rule, **attributes: Any) -> SecurityGroup:
    """A group with Neutron's egress rules, then ``rules``; the rules have IDs."""
    group_id = f"group-{name}"
    numbered = tuple(
        replace(rule, id=rule.id or f"rule-{name}-{number}")
        for number, rule in enumerate((*egress(), *rules), 1)
    )
    known: dict[str, Any] = {
        "id": group_id,
        "name": name,
        "project_id": PROJECT,
        "rules": numbered,
        "created_at": CREATED,
    }
    return SecurityGroup(**{**known, **attributes})


DEFAULT = group(
    "default",
    ingress(None, remote_group_id="group-default"),
    ingress(None, ethertype="IPv6", remote_group_id="group-default"),
    description="Default security group",
)
WEB = group("web", ingress("icmp"), ingress("tcp", 22), ingress("tcp", 80), ingress("udp", 7007))
VRRP = group("vrrp", ingress("112", remote_group_id="group-vrrp"))

TEST01 = bound_port("test01", "192.168.100.131", security_groups=("group-web",))
TEST02 = bound_port("test02", "192.168.100.67", security_groups=("group-web",))
USER_VIP = port("USER-vip", VIP)


def walkthrough(**attributes: Any) -> Found:
    """The walkthrough's cloud with its two servers, before anything of a virtual IP is there.

    Args:
        attributes: of :class:`Found`, over these.
    """
    known: dict[str, Any] = {
        "project_id": PROJECT,
        "roles": frozenset(("member", "reader")),
        "extensions": EXTENSIONS,
        "networks": (INT_NET,),
        "external_networks": (EXTERNAL_NET,),
        "subnets": (INT_SUBNET,),
        "ports": (TEST01, TEST02),
        "owners": ("network:dhcp", "network:router_interface"),
        "servers": (server("test01"), server("test02")),
        "quotas": {
            "floatingip": Quota(50, 2),
            "port": Quota(500, 4),
            "security_group": Quota(10, 3),
            "security_group_rule": Quota(100, 11),
        },
    }
    return Found(**{**known, **attributes})


def by_hand() -> Found:
    """What the walkthrough's author made: what there is to adopt.

    The groups of all ports, the floating IPs of the network's ports.
    """
    groups = ("group-web", "group-vrrp")
    members = tuple(
        with_pairs(replace(one, security_groups=groups), VIP) for one in (TEST01, TEST02)
    )
    return walkthrough(
        ports=(*members, USER_VIP),
        groups=(DEFAULT, WEB, VRRP),
        floating_ips=(
            floating_ip("99.88.128.203", TEST01),
            floating_ip("99.88.128.33", TEST02),
            floating_ip(FLOATING, USER_VIP),
        ),
    )


def floating_ip(address: str, to: Port | None = None, **attributes: Any) -> FloatingIp:
    """One of ext-private-net1 that leads to the first IPv4 address of a port, or nowhere."""
    fixed = to.fixed_ip(4) if to else None
    known: dict[str, Any] = {
        "id": f"floating-{address}",
        "address": address,
        "network_id": EXTERNAL_NET.id,
        "project_id": PROJECT,
        "port_id": to.id if to else None,
        "fixed_ip_address": str(fixed.address) if fixed else None,
        "status": "ACTIVE" if to else "DOWN",
    }
    return FloatingIp(**{**known, **attributes})


def declared(**attributes: Any) -> VipSpec:
    """The walkthrough's virtual IP as a spec.

    Args:
        attributes: of :class:`VipSpec`, over these.
    """
    known: dict[str, Any] = {
        "name": "web",
        "network": "int_net",
        "addresses": (VIP,),
        "members": ({"server": "test01"}, {"server": "test02", "priority": 50}),
        "floating_ip": {"network": "ext-private-net1"},
        "service_ports": ({"first": 80, "last": 80},),
    }
    return VipSpec(**{**known, **attributes})


def changed_port(found: Found, name: str, change: Callable[[Port], Port]) -> Found:
    """What was found, with one port otherwise."""
    assert any(one.name == name for one in found.ports), name
    ports = tuple(change(one) if one.name == name else one for one in found.ports)
    return replace(found, ports=ports)
