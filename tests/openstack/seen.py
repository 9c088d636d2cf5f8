"""What looking for a virtual IP sees of all that there is: what Found's docstring says, no more."""

from __future__ import annotations

from dataclasses import replace

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import Address, VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.resources import FloatingIp, Port, ServerGroup


def by_spec(everything: Found, spec: VipSpec) -> Found:
    """What looking for a spec finds."""
    networks = tuple(one for one in everything.networks if spec.network in (one.id, one.name))
    within = {one.id for one in networks}
    labels = {member.label for member in spec.members}
    servers = tuple(one for one in everything.servers if labels & {one.id, one.name})
    devices = {one.id for one in servers}
    names = {marks.port_name(spec.name, family) for family in (4, 6)}
    asked = {member.port for member in spec.members if member.port}
    here = [port for port in everything.ports if port.network_id in within]
    ports = tuple(
        port
        for port in everything.ports
        if marks.tag(spec.name) in port.tags
        or (port.name in names and marks.is_made_for(spec.name, port.description))
        or (
            port in here
            and (
                port.device_id in devices
                or asked & {port.id, port.name}
                or {fixed.address for fixed in port.fixed_ips} & set(spec.addresses)
            )
        )
    )
    bound = {port.device_id for port in ports}
    wanted = spec.floating_ip
    return replace(
        everything,
        networks=networks,
        external_networks=everything.external_networks if wanted else (),
        subnets=tuple(one for one in everything.subnets if one.network_id in within),
        ports=ports,
        neighbours=tuple(
            port
            for port in here
            if marks.VIP_PORT in port.tags and marks.tag(spec.name) not in port.tags
        ),
        servers=tuple(one for one in everything.servers if one in servers or one.id in bound),
        groups=tuple(
            one
            for one in everything.groups
            if marks.tag(spec.name) in one.tags
            or one.name in (marks.group_name(spec.name), spec.security_group)
            or one.id == spec.security_group
        ),
        floating_ips=_floating_ips(everything, spec.name, wanted.address if wanted else None),
        server_groups=_server_groups(everything, ports, asked=spec.anti_affinity),
    )


def by_name(everything: Found, name: str) -> Found:
    """What is found by marks alone."""
    names = {marks.port_name(name, 4), marks.port_name(name, 6)}
    ports = tuple(
        port
        for port in everything.ports
        if marks.tag(name) in port.tags
        or (port.name in names and marks.is_made_for(name, port.description))
    )
    within = {port.network_id for port in ports}
    return replace(
        everything,
        networks=tuple(one for one in everything.networks if one.id in within),
        external_networks=(),
        subnets=tuple(one for one in everything.subnets if one.network_id in within),
        ports=ports,
        groups=tuple(
            one
            for one in everything.groups
            if marks.tag(name) in one.tags or one.name == marks.group_name(name)
        ),
        floating_ips=_floating_ips(everything, name, None),
        server_groups=_server_groups(everything, ports, asked=True),
    )


def _floating_ips(everything: Found, name: str, asked: Address | None) -> tuple[FloatingIp, ...]:
    vip_ports = {
        port.id
        for port in everything.ports
        if {marks.VIP_PORT, marks.tag(name)} <= set(port.tags)
        or marks.is_made_for(name, port.description)
    }
    return tuple(
        one
        for one in everything.floating_ips
        if marks.tag(name) in one.tags or one.port_id in vip_ports or one.address == str(asked)
    )


def _server_groups(
    everything: Found, ports: tuple[Port, ...], *, asked: bool
) -> tuple[ServerGroup, ...]:
    marked = any(marks.server_group_of(port.tags) for port in ports)
    return everything.server_groups if asked or marked else ()
