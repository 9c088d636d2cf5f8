"""What of all that is there belongs to a virtual IP, and what of that is of our making.

To belong, a mark is enough. To be deleted, a thing has to be of our making: its description says so
(it was there from the creating request on), and it was not adopted. A tag alone does not do: who
adopts puts tags first, and may not get further.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import Address, Family
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.resources import (
    AddressPair,
    FloatingIp,
    Port,
    SecurityGroup,
    Server,
    ServerGroup,
)

ANTI_AFFINITY = "anti-affinity"
VIRTUAL_MACS = {4: "00:00:5e:00:01", 6: "00:00:5e:00:02"}
"""The first five octets: RFC 9568 7.3."""


def virtual_mac(vrid: int, family: Family) -> str:
    return f"{VIRTUAL_MACS[family]}:{vrid:02x}"


def link_local(vrid: int) -> IPv6Address:
    """The first virtual address of an IPv6 instance has to be link-local (RFC 9568 5.2.9).

    The nodes announce it as they do the others, and without a pair of its own that is dropped
    (openstack.md 1.6).
    """
    return IPv6Address(f"fe80::{vrid:x}")


def is_made(name: str, thing: Port | SecurityGroup | FloatingIp) -> bool:
    """Whether it is of our making, so that it may be deleted."""
    return marks.is_made_for(name, thing.description) and marks.ADOPTED not in thing.tags


def belongs(name: str, thing: SecurityGroup | FloatingIp) -> bool:
    return marks.tag(name) in thing.tags or marks.is_made_for(name, thing.description)


def is_vip_port(name: str, port: Port) -> bool:
    marked = {marks.VIP_PORT, marks.tag(name)} <= set(port.tags)
    return marked or marks.is_made_for(name, port.description)


def family_of(port: Port) -> Family | None:
    """The family that a VIP port is for; None if it has lost its addresses and its description."""
    record = marks.record(port.description)
    if record:
        return record.family
    return next((one.address.version for one in port.fixed_ips), None)


def vip_address(port: Port) -> Address | None:
    """The address of a VIP port."""
    family = family_of(port)
    fixed = port.fixed_ip(family) if family else None
    return fixed.address if fixed else None


def vip_ports(name: str, found: Found) -> tuple[Port, ...]:
    """Its own ports, the oldest first."""
    ours = (port for port in found.ports if is_vip_port(name, port))
    return tuple(sorted(ours, key=lambda port: (port.created_at, port.id)))


def own_groups(name: str, found: Found) -> tuple[SecurityGroup, ...]:
    """The security groups of our making, the oldest first."""
    ours = (group for group in found.groups if is_made(name, group))
    return tuple(sorted(ours, key=lambda group: (group.created_at, group.id)))


def used_groups(name: str, found: Found) -> tuple[SecurityGroup, ...]:
    """The groups of somebody else's that have a tag or a rule of ours."""
    return tuple(
        group
        for group in found.groups
        if not is_made(name, group)
        and (
            marks.tag(name) in group.tags
            or any(marks.is_made_for(name, rule.description) for rule in group.rules)
        )
    )


def own_tags(name: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the virtual IP, in the order in which they are to be taken away.

    What a thing is looked for by goes last, and just before it what keeps it from being deleted.
    """
    start = marks.member_tag(name, "")
    ours = [one for one in tags if one.startswith(start)]
    if marks.names(tags) != (name,):
        return (*ours, *(one for one in tags if one == marks.tag(name)))
    ours += [one for one in tags if one == marks.VIP_PORT or marks.server_group_of((one,))]
    return (*ours, *(one for one in (marks.ADOPTED, marks.tag(name)) if one in tags))


def has_member_marks(name: str, port: Port) -> bool:
    return not is_vip_port(name, port) and bool(own_tags(name, port.tags))


def single_address(pair: AddressPair) -> Address | None:
    """The address of a pair that is written as one, without a prefix."""
    try:
        return ip_address(pair.ip_address)
    except ValueError:
        return None


def same_mac(one: str, other: str) -> bool:
    """Neutron keeps MAC addresses as they were typed."""
    return one.lower().replace("-", ":") == other.lower().replace("-", ":")


def has_virtual_mac(pair: AddressPair) -> bool:
    mac = pair.mac_address.lower().replace("-", ":")
    return any(mac.startswith(f"{start}:") for start in VIRTUAL_MACS.values())


def empty_server_groups(name: str, found: Found) -> tuple[ServerGroup, ...]:
    """Server groups that look as if we had made them, and were cut off before saying so."""
    wanted = (marks.group_name(name), ANTI_AFFINITY)
    return tuple(
        group
        for group in found.server_groups
        if (group.name, group.policy) == wanted and not group.members
    )


def device(port: Port, servers: Iterable[Server]) -> str:
    """What has the port, as a person calls it."""
    server = next((one for one in servers if one.id == port.device_id), None)
    return server.name if server else port.device_id


def label(port: Port) -> str:
    return port.name or port.id
