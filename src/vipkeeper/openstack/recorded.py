"""The spec of a virtual IP as its marks in the cloud tell it.

It means what was declared and is written anew: members stand in the order of their priorities,
addresses and the VRID are those that there are. Not in the cloud, and so not here: the password
(it is empty, and so no file of it can be written), and that members have to be on different hosts
where no server group was made for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, ip_network
from typing import get_args

from pydantic import SecretStr, ValidationError

from vipkeeper.openstack import marks
from vipkeeper.openstack.adopting.naming import name_or_id, named_member
from vipkeeper.openstack.declaration.spec import (
    Address,
    Authentication,
    Family,
    FloatingIp,
    Member,
    ServicePort,
    VipSpec,
    Vrrp,
    priorities,
)
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.ownership import (
    belongs,
    family_of,
    has_member_marks,
    is_made,
    same_mac,
    single_address,
    vip_address,
    vip_ports,
)
from vipkeeper.openstack.resources import Port, Rule

_OTHER_WORDS = {"1": "icmp", "icmpv6": "icmp", "ipv6-icmp": "icmp", "58": "icmp", "6": "tcp"} | {
    "17": "udp",
    "132": "sctp",
}
_LARGEST_PORT = 65535


def recorded(name: str, found: Found) -> VipSpec | None:
    """None where no VIP port says what the nodes have to agree on, or the marks make no spec."""
    ports = vip_ports(name, found)
    records = [record for port in ports if (record := marks.record(port.description))]
    if not records:
        return None
    try:
        return _spec(name, ports, records[0], found)
    except ValidationError:
        return None


def _spec(name: str, ports: Sequence[Port], record: marks.Record, found: Found) -> VipSpec:
    addresses = _addresses(name, ports, found)
    return VipSpec(
        name=name,
        network=name_or_id(ports[0].network_id, found.networks),
        families=tuple(sorted(addresses)),
        addresses=tuple(one for one in addresses.values() if one),
        members=_members(name, found),
        floating_ip=_floating_ip(name, ports, found) if 4 in addresses else None,
        vrrp=_vrrp(record),
        service_ports=_service_ports(name, found),
        security_group=_security_group(name, found),
        anti_affinity=any(marks.server_group_of(port.tags) for port in ports),
    )


def service_port(rule: Rule) -> ServicePort | None:
    """What a rule lets clients ask for; None where it is no such rule."""
    protocol = _protocol(rule)
    if rule.direction != "ingress" or protocol is None:
        return None
    if rule.remote_group_id or rule.remote_address_group_id:
        return None  # a spec has no word for them
    source = ip_network(rule.remote_ip_prefix, strict=False) if rule.remote_ip_prefix else None
    if source is not None and source.prefixlen == 0:
        source = None
    first, last = rule.port_range_min, rule.port_range_max
    if protocol == "icmp":
        # There the two are type and code.
        return None if first is not None else ServicePort(protocol="icmp", source=source)
    first = first or 1
    last = last or (_LARGEST_PORT if rule.port_range_min is None else first)
    return ServicePort.model_validate(
        {"protocol": protocol, "first": first, "last": last, "source": source}
    )


def in_order(ports: Iterable[ServicePort]) -> tuple[ServicePort, ...]:
    """Each once; by protocol, then by number: a cloud gives rules in no order."""

    def place(port: ServicePort) -> tuple[int, int, int, str]:
        order = get_args(ServicePort.model_fields["protocol"].annotation).index(port.protocol)
        return order, port.first or 0, port.last or 0, str(port.source or "")

    return tuple(sorted(set(ports), key=place))


def without_defaults(members: Sequence[Member]) -> tuple[Member, ...]:
    """The best first, each without its priority where that follows from its place."""
    known = sorted(members, key=lambda one: -(one.priority or 0))
    shorter: list[Member] = []
    plain = tuple(one.model_copy(update={"priority": None}) for one in known)
    for member, default in zip(known, priorities(plain), strict=True):
        is_default = member.priority == default
        shorter.append(member.model_copy(update={"priority": None}) if is_default else member)
    return tuple(shorter)


def _members(name: str, found: Found) -> tuple[Member, ...]:
    """Where two say that they have the same priority, or none, the later one has a lower."""
    ports = [port for port in found.ports if has_member_marks(name, port)]
    taken: set[int] = set()
    members = []
    for port in sorted(ports, key=lambda one: (-_priority(name, one), one.created_at, one.id)):
        priority = _priority(name, port)
        while priority in taken and priority > 1:
            priority -= 1
        taken.add(priority)
        interface = marks.member_value(port.tags, name, "if")
        members.append(named_member(port, found, priority=priority, interface=interface))
    return without_defaults(members)


def _priority(name: str, port: Port) -> int:
    written = marks.member_value(port.tags, name, "priority") or ""
    return max(1, min(254, int(written))) if written.isdecimal() else 1


def _addresses(name: str, ports: Sequence[Port], found: Found) -> dict[Family, Address | None]:
    """By family; one whose port is gone is still known by the members' pairs."""
    known: dict[Family, Address | None] = {}
    for port in ports:
        if family := family_of(port):
            known[family] = known.get(family) or vip_address(port)
    families: tuple[Family, ...] = get_args(Family)
    for family in families:
        tag = marks.member_tag(name, marks.pair(family))
        members = [port for port in found.ports if tag in port.tags]
        if members and not known.get(family):
            common = set.intersection(*(set(_paired(port, family)) for port in members))
            known[family] = common.pop() if len(common) == 1 else None
    return known


def _paired(port: Port, family: Family) -> Iterator[Address]:
    for pair in port.allowed_address_pairs:
        address = single_address(pair)
        if address is None or address.version != family or address.is_link_local:
            continue
        if same_mac(pair.mac_address, port.mac_address):
            yield address


def _floating_ip(name: str, ports: Sequence[Port], found: Found) -> FloatingIp | None:
    """Of our making is one whose address the cloud chose; another's was chosen by a person."""
    ids = {port.id for port in ports}
    ours = [one for one in found.floating_ips if belongs(name, one)]
    led = [one for one in found.floating_ips if one.port_id in ids]
    for one in (*ours, *led):
        network = name_or_id(one.network_id, found.external_networks)
        address = None if is_made(name, one) else IPv4Address(one.address)
        return FloatingIp(network=network, address=address)
    return None


def _vrrp(record: marks.Record) -> Vrrp:
    kind = record.authentication
    # Not checked: there is no password.
    authentication = (
        Authentication.model_construct(type=kind, password=SecretStr("")) if kind else None
    )
    default = 2 if kind else 3
    return Vrrp.model_validate(
        {
            "version": None if record.version == default else record.version,
            "vrid": record.vrid,
            "authentication": authentication,
            "interval": record.interval,
            "mode": record.mode,
            "preempt": record.preempt,
            "virtual_mac": record.virtual_mac,
        }
    )


def _service_ports(name: str, found: Found) -> tuple[ServicePort, ...]:
    ours = (
        rule
        for group in found.groups
        for rule in group.rules
        if marks.is_made_for(name, rule.description)
    )
    return in_order(port for rule in ours if (port := service_port(rule)))


def _security_group(name: str, found: Found) -> str | None:
    """One that somebody else made."""
    return next(
        (
            name_or_id(one.id, found.groups)
            for one in found.groups
            if marks.tag(name) in one.tags and not is_made(name, one)
        ),
        None,
    )


def _protocol(rule: Rule) -> str | None:
    """As a spec calls it; None where a spec has no word for it."""
    written = (rule.protocol or "").lower()
    protocol = _OTHER_WORDS.get(written, written)
    return protocol if protocol in ("tcp", "udp", "sctp", "icmp") else None
