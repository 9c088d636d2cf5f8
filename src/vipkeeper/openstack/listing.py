"""Which virtual IPs there are in a project, by the marks in its cloud."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.openstack import marks
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.resources import Port


@dataclass(frozen=True, slots=True)
class Listed:
    """A virtual IP in one line.

    Attributes:
        network: its name, or its ID where the name was not found.
        members: names of their servers, or of their ports; the one that is preferred first.
        vrid, version: None where the marks do not tell.
        adopted: it was there before it was managed.
    """

    name: str
    network: str
    addresses: tuple[str, ...]
    floating_ip: str | None
    members: tuple[str, ...]
    vrid: int | None
    version: int | None
    adopted: bool


def listed(found: Found) -> tuple[Listed, ...]:
    """All of them, by name."""
    ports: dict[str, list[Port]] = {}
    for port in {one.id: one for one in (*found.ports, *found.neighbours)}.values():
        if name := _name(port):
            ports.setdefault(name, []).append(port)
    return tuple(_listed(name, ports[name], found) for name in sorted(ports))


def _name(port: Port) -> str | None:
    """Of the virtual IP whose own port this is."""
    record = marks.record(port.description)
    if record:
        return record.name
    named = marks.names(port.tags)
    return named[0] if marks.VIP_PORT in port.tags and named else None


def _listed(name: str, ports: list[Port], found: Found) -> Listed:
    networks = {one.id: one.name for one in found.networks}
    fixed = sorted(
        (ip.address for port in ports for ip in port.fixed_ips),
        key=lambda one: (one.version, int(one)),
    )
    records = [record for port in ports if (record := marks.record(port.description))]
    ids = {port.id for port in ports}
    return Listed(
        name=name,
        network=networks.get(ports[0].network_id, ports[0].network_id),
        addresses=tuple(str(one) for one in fixed),
        floating_ip=next((one.address for one in found.floating_ips if one.port_id in ids), None),
        members=_members(name, found),
        vrid=records[0].vrid if records else None,
        version=records[0].version if records else None,
        adopted=any(marks.ADOPTED in port.tags for port in ports),
    )


def _members(name: str, found: Found) -> tuple[str, ...]:
    servers = {one.id: one.name for one in found.servers}
    ranked = [
        (-int(priority), servers.get(port.device_id) or port.name or port.id)
        for port in found.ports
        if (priority := marks.member_value(port.tags, name, "priority")) and priority.isdigit()
    ]
    return tuple(label for _, label in sorted(ranked))
