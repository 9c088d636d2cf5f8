"""Deployments as values, for tests of what is made from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network
from itertools import product

from pydantic import SecretStr

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import (
    Authentication,
    AuthenticationType,
    Family,
    Mode,
    ServicePort,
    VipSpec,
    Vrrp,
)
from vipkeeper.openstack.deployment import Deployment, Node, VirtualAddress
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import rules
from vipkeeper.openstack.resources import AddressPair, FloatingIp, Port, SecurityGroup

NAME = "web"
VRID = 51
NAMES = ("test01", "test02", "test03")
HOSTS = {"test01": 11, "test02": 12, "test03": 13}
CIDRS: dict[Family, str] = {4: "192.168.100.0/24", 6: "2001:db8::/64"}
VIPS: dict[Family, str] = {4: "192.168.100.196", 6: "2001:db8::c4"}


def uuid(what: int) -> str:
    return f"{what:08x}-0000-4000-8000-000000000000"


def address(family: Family, name: str) -> str:
    return str(ip_network(CIDRS[family])[HOSTS[name]])


def node(name: str, priority: int, families: tuple[Family, ...]) -> Node:
    return Node(
        name=name,
        port_id=uuid(HOSTS[name]),
        server_id=uuid(0x100 + HOSTS[name]),
        mac_address=f"fa:16:3e:00:00:{HOSTS[name]:02x}",
        addresses=tuple(ip_address(address(family, name)) for family in families),
        priority=priority,
        interface="eth0",
    )


def virtual_address(family: Family) -> VirtualAddress:
    length = ip_network(CIDRS[family]).prefixlen
    return VirtualAddress(
        family=family,
        subnet_id=uuid(0x40 + family),
        cidr=CIDRS[family],
        interface=ip_interface(f"{VIPS[family]}/{length}"),
        port_id=uuid(0x50 + family),
    )


def deployment(
    *, families: tuple[Family, ...] = (4,), members: int = 2, **vrrp: object
) -> Deployment:
    """The walkthrough's, or one with other families, more members, other VRRP."""
    return Deployment(
        name=NAME,
        network_id=uuid(1),
        network_name="int_net",
        addresses=tuple(virtual_address(family) for family in families),
        nodes=tuple(node(name, 100 - 10 * at, families) for at, name in enumerate(NAMES[:members])),
        vrrp=Vrrp.model_validate(vrrp),
        vrid=VRID,
        service_ports=(ServicePort(first=80, last=80), ServicePort(protocol="icmp")),
        floating_ip="99.88.128.171",
        floating_network_id=uuid(2),
        group_id=uuid(3),
        group_name="web-vrrp",
    )


def before(deployment: Deployment) -> Deployment:
    """As it is planned, before anything was applied."""
    addresses = tuple(replace(one, port_id=None) for one in deployment.addresses)
    return replace(deployment, addresses=addresses, floating_ip=None, group_id=None)


def without_address(deployment: Deployment) -> Deployment:
    """The same, where the cloud chooses the address."""
    addresses = tuple(replace(one, interface=None) for one in deployment.addresses)
    return before(replace(deployment, addresses=addresses))


PASSWORD = {"type": "pass", "password": "password"}


def variants() -> Iterator[tuple[str, Deployment]]:
    """Every combination of what a spec can say about VRRP, named."""
    families: tuple[tuple[Family, ...], ...] = ((4,), (6,), (4, 6))
    for of, mode, preempt, mac, members in product(
        families, Mode, (True, False), (False, True), (2, 3)
    ):
        common = {"mode": mode, "preempt": preempt, "virtual_mac": mac}
        words = (
            "".join(f"v{family}" for family in of),
            mode.value,
            *(() if preempt else ("nopreempt",)),
            *(("vmac",) if mac else ()),
            f"{members}members",
        )
        protocols: tuple[tuple[str, dict[str, object]], ...] = (
            ("vrrp3", {"interval": 0.25}),
            ("vrrp2", {"version": 2, "interval": 2}),
            ("pass", {"authentication": PASSWORD}),
        )
        for protocol, settings in protocols if of == (4,) else protocols[:1]:
            yield (
                "-".join((protocol, *words)),
                deployment(families=of, members=members, **common, **settings),
            )


FOREIGN_PAIR = AddressPair("10.0.0.9", "fa:16:3e:99:99:99")
FOREIGN_GROUP = uuid(9)


def spec(deployment: Deployment, **values: object) -> VipSpec:
    """The spec that a deployment is of."""
    return VipSpec.model_validate(
        {
            "name": deployment.name,
            "network": deployment.network_name,
            "families": [one.family for one in deployment.addresses],
            "members": [{"server": node.name} for node in deployment.nodes],
            "floating_ip": {} if deployment.floating_network_id else None,
            "vrrp": deployment.vrrp,
            "service_ports": deployment.service_ports,
            **values,
        }
    )


def found(deployment: Deployment, *, applied: bool = False) -> Found:
    """The members' ports, with something of others; with what was made, if it was applied."""
    ports = tuple(_port(node, applied=applied, of=deployment) for node in deployment.nodes)
    if not applied:
        return Found(ports=ports)
    assert deployment.group_id
    made = marks.description(deployment.name)
    wanted = rules.wanted(spec(deployment), deployment.group_id, egress=False)
    numbered = (replace(rule, id=uuid(0x60 + at)) for at, rule in enumerate(wanted))
    group = SecurityGroup(deployment.group_id, deployment.group_name, "p", tuple(numbered), made)
    vip_ports = (
        Port(
            id=one.port_id or "",
            name=marks.port_name(deployment.name, one.family),
            network_id=deployment.network_id,
            project_id="p",
            mac_address=f"fa:16:3e:00:01:{one.family:02x}",
            security_groups=(deployment.group_id,),
            description=f"{made} family={one.family}",
        )
        for one in deployment.addresses
    )
    floating = FloatingIp(
        uuid(0x70), deployment.floating_ip or "", deployment.floating_network_id or "", "p"
    )
    return Found(ports=(*ports, *vip_ports), groups=(group,), floating_ips=(floating,))


def _port(node: Node, *, applied: bool, of: Deployment) -> Port:
    own = tuple(
        AddressPair(str(one.interface.ip), node.mac_address)
        for one in of.addresses
        if applied and one.interface
    )
    return Port(
        id=node.port_id,
        name=f"{node.name}-port",
        network_id=of.network_id,
        project_id="p",
        mac_address=node.mac_address,
        allowed_address_pairs=(FOREIGN_PAIR, *own),
        security_groups=(FOREIGN_GROUP, *((of.group_id,) if applied and of.group_id else ())),
        device_id=node.server_id or "",
    )


def with_password(password: str) -> Deployment:
    """One with a password that no spec may have: a spec is checked, this is not."""
    authentication = Authentication.model_construct(
        type=AuthenticationType.PASS, password=SecretStr(password)
    )
    known = deployment(authentication={"password": "secret"})
    return replace(known, vrrp=known.vrrp.model_copy(update={"authentication": authentication}))
