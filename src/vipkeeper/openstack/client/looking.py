"""Looking at a cloud for one virtual IP, or for all: a bounded number of questions.

With all that a spec can ask for these are some 21 requests, 14 for a usual one, and one more for
each server (:mod:`~vipkeeper.openstack.client.questions`). Every answer is small
but those of :func:`inventory` and :func:`at_port`, so the whole of each resource is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import TypeVar

from vipkeeper.errors import CloudError
from vipkeeper.openstack import marks
from vipkeeper.openstack.client import questions
from vipkeeper.openstack.client.calls import Calls, Query
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import ownership
from vipkeeper.openstack.resources import (
    FloatingIp,
    Network,
    Port,
    SecurityGroup,
    Server,
    ServerGroup,
)

Resource = TypeVar("Resource", Port, Server, SecurityGroup, FloatingIp)


def each_once(found: Iterable[Resource]) -> tuple[Resource, ...]:
    """What several answers had, by ID: somebody may have changed it between two of them."""
    return tuple({one.id: one for one in found}.values())


def for_spec(calls: Calls, spec: VipSpec) -> Found:
    asker = questions.asker(calls)
    extensions = questions.extensions(calls)
    networks = questions.networks(calls, spec.network)
    within = [("network_id", one.id) for one in networks]
    named = _named_servers(calls, spec)
    own, neighbours = _ports_for(calls, spec, within, named, asker.own) if within else ((), ())
    servers = _with_bound(calls, named, own, spec.name)
    wanted = spec.floating_ip
    return Found(
        project_id=asker.project_id,
        roles=asker.roles,
        extensions=extensions,
        networks=networks,
        external_networks=()
        if wanted is None
        else questions.external_networks(calls, wanted.network),
        subnets=questions.subnets(calls, (one.id for one in networks)),
        ports=own,
        owners=questions.owners(calls, within),
        neighbours=neighbours,
        servers=servers,
        groups=_groups(calls, spec.name, asker.own, spec.security_group),
        floating_ips=_floating_ips(calls, spec, asker.own, own),
        server_groups=_server_groups(calls, own, asked=spec.anti_affinity),
        quotas=questions.quotas(calls, asker.project_id),
    )


def for_name(calls: Calls, name: str) -> Found:
    """By marks alone: a name without a spec."""
    asker = questions.asker(calls)
    extensions = questions.extensions(calls)
    tagged = questions.ports(calls, [*asker.own, ("tags", marks.tag(name))])
    names = [marks.port_name(name, family) for family in (4, 6)]
    untagged = questions.ports_by(calls, "name", names, asker.own)
    made = (port for port in untagged if marks.is_made_for(name, port.description))
    own = each_once((*tagged, *made))
    networks = questions.networks_of(calls, (port.network_id for port in own))
    within = [("network_id", one.id) for one in networks]
    around = questions.ports(calls, [*within, ("tags", marks.VIP_PORT)]) if within else ()
    groups = _groups(calls, name, asker.own, None)
    floating_ips = _floating_ips_of(calls, name, asker.own, own)
    return Found(
        project_id=asker.project_id,
        roles=asker.roles,
        extensions=extensions,
        networks=networks,
        subnets=questions.subnets(calls, (one.id for one in networks)),
        ports=own,
        owners=questions.owners(calls, within),
        neighbours=_of_others(around, name),
        servers=_with_bound(calls, (), own, name),
        groups=groups,
        floating_ips=floating_ips,
        external_networks=_leading_from(calls, floating_ips),
        # One that was cut off before a VIP port could tell of it has no other mark than its name.
        server_groups=questions.server_groups(calls),
    )


def inventory(calls: Calls) -> Found:
    """All virtual IPs of the project: what of each kind is the project's, in one list each.

    Of ports, groups and floating IPs those that have a mark, or that lead to one.
    """
    asker = questions.asker(calls)
    ports = tuple(
        port
        for port in questions.ports(calls, asker.own)
        if marks.names(port.tags) or marks.record(port.description)
    )
    vips = {port.id for port in ports if marks.VIP_PORT in port.tags}
    networks = questions.networks_of(calls, sorted({port.network_id for port in ports}))
    bound = {port.device_id for port in ports}
    return Found(
        project_id=asker.project_id,
        roles=asker.roles,
        networks=networks,
        subnets=questions.subnets(calls, (one.id for one in networks)),
        ports=ports,
        servers=tuple(one for one in questions.all_servers(calls) if one.id in bound)
        if any(_is_of_server(port) for port in ports)
        else (),
        groups=tuple(
            group for group in questions.groups(calls, asker.own) if marks.names(group.tags)
        ),
        floating_ips=tuple(
            one
            for one in questions.floating_ips(calls, asker.own)
            if marks.names(one.tags) or one.port_id in vips
        ),
    )


def at_port(calls: Calls, name_or_id: str) -> tuple[Port, Found]:
    """A port, and every port of its network that has pairs.

    The groups and servers are those of the port and of the ports that have a pair for one of its
    addresses.

    Raises:
        CloudError: there is no such port, or there are several.
    """
    asker = questions.asker(calls)
    port = _the_port(calls, name_or_id, asker.own)
    everybody = questions.ports(calls, [("network_id", port.network_id)])
    own = tuple(one for one in everybody if one.allowed_address_pairs or one.id == port.id)
    concerned = [one for one in own if one.id == port.id or _covers(one, port)]
    networks = questions.networks_of(calls, [port.network_id])
    within = [("network_id", port.network_id)]
    groups = (group for one in concerned for group in one.security_groups)
    floating_ips = questions.floating_ips_of(calls, [port.id])
    return port, Found(
        project_id=asker.project_id,
        roles=asker.roles,
        extensions=questions.extensions(calls),
        networks=networks,
        subnets=questions.subnets(calls, [port.network_id]),
        ports=own,
        owners=questions.owners(calls, within),
        neighbours=tuple(
            one for one in everybody if marks.VIP_PORT in one.tags and one.id != port.id
        ),
        servers=questions.servers_of(calls, _devices(concerned)),
        groups=questions.groups_of(calls, groups),
        floating_ips=floating_ips,
        external_networks=_leading_from(calls, floating_ips),
    )


def _named_servers(calls: Calls, spec: VipSpec) -> tuple[Server, ...]:
    wanted = [member.server for member in spec.members if member.server is not None]
    ids = [name for name in wanted if questions.is_id(name)]
    by_name = questions.servers_named(calls, (name for name in wanted if name not in ids))
    return each_once((*by_name, *questions.servers_of(calls, ids)))


def _ports_for(
    calls: Calls, spec: VipSpec, within: Query, servers: Iterable[Server], project: Query
) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """All that may belong to it, and its neighbours' VIP ports.

    What has its marks is looked for in all networks: it may have been in another one before.
    """
    members = [member.port for member in spec.members if member.port is not None]
    ids = [name for name in members if questions.is_id(name)]
    names = [name for name in members if name not in ids]
    # Of both families: one that is no longer wanted may have been cut off before its tags.
    vip_names = [marks.port_name(spec.name, family) for family in (4, 6)]
    untagged = questions.ports_by(calls, "name", vip_names, project)
    tags = f"{marks.VIP_PORT},{marks.tag(spec.name)}"
    tagged = questions.ports(calls, [*within, ("tags-any", tags)])
    parts = (
        [port for port in tagged if marks.tag(spec.name) in port.tags],
        questions.ports(calls, [*project, ("tags", marks.tag(spec.name))]),
        [port for port in untagged if marks.is_made_for(spec.name, port.description)],
        questions.ports_by(calls, "name", names, within),
        questions.ports_by(calls, "id", ids, within),
        questions.ports_by(
            calls, "fixed_ips", (f"ip_address={one}" for one in spec.addresses), within
        ),
        questions.ports_by(calls, "device_id", (one.id for one in servers), within),
    )
    own = each_once(port for part in parts for port in part)
    return own, _of_others((*tagged, *own), spec.name)


def _of_others(ports: Iterable[Port], name: str) -> tuple[Port, ...]:
    """The VIP ports of other virtual IPs."""
    others = (
        port
        for port in ports
        if marks.VIP_PORT in port.tags and not ownership.is_vip_port(name, port)
    )
    return each_once(others)


def _with_bound(
    calls: Calls, servers: tuple[Server, ...], ports: Iterable[Port], name: str
) -> tuple[Server, ...]:
    """And the servers that have the members' ports."""
    known = {server.id for server in servers}
    devices = _devices(port for port in ports if marks.VIP_PORT not in port.tags)
    more = questions.servers_of(calls, (id for id in devices if id not in known))
    return (*servers, *more)


def _devices(ports: Iterable[Port]) -> list[str]:
    return [port.device_id for port in ports if _is_of_server(port)]


def _is_of_server(port: Port) -> bool:
    return bool(port.device_id) and port.device_owner.startswith("compute:")


def _groups(calls: Calls, name: str, own: Query, wanted: str | None) -> tuple[SecurityGroup, ...]:
    tagged = questions.groups(calls, [*own, ("tags", marks.tag(name))])
    named = questions.groups(calls, [*own, ("name", marks.group_name(name))])
    said = questions.groups_named(calls, wanted) if wanted is not None else ()
    return each_once((*tagged, *named, *said))


def _floating_ips(
    calls: Calls, spec: VipSpec, own: Query, ports: Iterable[Port]
) -> tuple[FloatingIp, ...]:
    found = _floating_ips_of(calls, spec.name, own, ports)
    if spec.floating_ip is None or spec.floating_ip.address is None:
        return found
    query = [("floating_ip_address", str(spec.floating_ip.address))]
    return each_once((*found, *questions.floating_ips(calls, query)))


def _floating_ips_of(
    calls: Calls, name: str, own: Query, ports: Iterable[Port]
) -> tuple[FloatingIp, ...]:
    tagged = questions.floating_ips(calls, [*own, ("tags", marks.tag(name))])
    vips = (port.id for port in ports if ownership.is_vip_port(name, port))
    return each_once((*tagged, *questions.floating_ips_of(calls, vips)))


def _leading_from(calls: Calls, floating_ips: Iterable[FloatingIp]) -> tuple[Network, ...]:
    """The external networks that they are of."""
    return questions.networks_of(calls, (one.network_id for one in floating_ips))


def _server_groups(calls: Calls, ports: Iterable[Port], *, asked: bool) -> tuple[ServerGroup, ...]:
    if asked or any(marks.server_group_of(port.tags) for port in ports):
        return questions.server_groups(calls)
    return ()


def _the_port(calls: Calls, name_or_id: str, own: Query) -> Port:
    key = "id" if questions.is_id(name_or_id) else "name"
    found = questions.ports(calls, [*own, (key, name_or_id)])
    if len(found) == 1:
        return found[0]
    operation = f"find the port {name_or_id}"
    if not found:
        raise CloudError(operation, "there is none", remedy="see: openstack port list")
    ids = ", ".join(port.id for port in found)
    raise CloudError(operation, "several have that name", remedy=f"say which by its ID: {ids}")


def _covers(port: Port, vip: Port) -> bool:
    """Whether it has a pair for one of the other one's addresses."""
    addresses = [fixed.address for fixed in vip.fixed_ips]
    for pair in port.allowed_address_pairs:
        network = ip_network(pair.ip_address, strict=False)
        if any(address in network for address in addresses):
            return True
    return False
