"""Servers: made on networks or ports, given interfaces, deleted. Source: nova/compute/api.py."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from vipkeeper.lab.api.compute import refusals
from vipkeeper.lab.api.compute.image_contents import SERVICES
from vipkeeper.lab.api.compute.records import Flavor, KeyPair, Server, ServerGroup
from vipkeeper.lab.api.compute.requests import (
    AttachmentRequest,
    NetworkOfServer,
    ServerChange,
    ServerRequest,
)
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.image import images
from vipkeeper.lab.api.image.records import Image
from vipkeeper.lab.api.network import ports, virtual_ports
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.records import Network, Port, SecurityGroup
from vipkeeper.lab.api.network.requests import PortRequest
from vipkeeper.lab.api.network.resources import is_visible, revised
from vipkeeper.lab.api.network.security_groups import default_group
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State

OWNER = "compute:nova"
MAX_SERVERS = 10
"""Of a project: nova.conf [quota] instances."""


def get(state: State, id: str, context: Context) -> Server:
    """The server of that id, if it is the asking project's.

    Raises:
        Refusal: 404.
    """
    server = state.find(Server, id)
    if server is None or not context.owns(server.project_id):
        raise refusals.not_found("Instance", id)
    return server


def create(
    change: Change,
    body: ServerRequest,
    group_id: str | None,
    context: Context,
    back_end: BackEnd,
) -> list[Server]:
    """One server or several, with the ports that were asked for.

    One whose port the network does not bind is there all the same, in error: Nova binds when
    it has accepted the request (nova/network/neutron.py, ``allocate_for_instance``).
    """
    count = max(body.min_count, body.max_count or 1)
    have = sum(1 for one in change.all(Server) if one.project_id == context.project_id)
    if have + count > MAX_SERVERS:
        raise refusals.forbidden(
            f"Quota exceeded for instances: Requested {count}, but already used {have} of"
            f" {MAX_SERVERS} instances"
        )
    names = [body.name] if count == 1 else [f"{body.name}-{n}" for n in range(1, count + 1)]
    made = [_create(change, body, name, group_id, context) for name in names]
    return [_bound(change, server, back_end) for server in made]


def _create(
    change: Change, body: ServerRequest, name: str, group_id: str | None, context: Context
) -> Server:
    flavor = change.find(Flavor, body.flavorRef)
    if flavor is None:
        raise refusals.bad_request(f"Flavor {body.flavorRef} could not be found.")
    id = new_id()
    attached = _ports(change, body, id, context)
    server = Server(
        id=id,
        project_id=context.project_id,
        user_id=context.user_id,
        name=name,
        description=body.description or "",
        hostname=hostname_of(name, id),
        flavor_id=flavor.id,
        image_id=_image(change, body, context),
        ports=tuple(port.id for port, _ in attached),
        created_ports=tuple(port.id for port, made in attached if made),
        key_name=body.key_name,
        metadata=body.metadata,
        user_data=body.user_data or "",
        public_keys=_public_keys(change, body, context),
        services=SERVICES,
        group_id=_server_group(change, group_id, context),
        created_at=change.now,
        updated_at=change.now,
        admin_pass=body.adminPass or secrets.token_urlsafe(9),
        error=next(filter(None, (_unfit(port) for port, _ in attached)), ""),
    )
    change.put(server)
    return server


def _unfit(port: Port) -> str:
    """Why no machine can have the port, in libvirt's words (src/util/virmacaddr.c); or nothing."""
    if int(port.mac_address[:2], 16) & 1:
        return f"XML error: expected unicast mac address, found multicast '{port.mac_address}'"
    return ""


def _bound(change: Change, server: Server, back_end: BackEnd) -> Server:
    if not any(_is_refused(change, id, back_end) for id in server.ports):
        return server
    for id in server.ports:
        _let_go(change, server, id)
    failed = server.model_copy(
        update={
            "ports": (),
            "created_ports": (),
            # nova/compute/manager.py, _build_resources; seen by users as this.
            "error": f"Build of instance {server.id} aborted: Failed to allocate the network(s),"
            " not rescheduling.",
        }
    )
    change.put(failed)
    return failed


def _is_refused(state: State, port_id: str, back_end: BackEnd) -> bool:
    port = state.find(Port, port_id)
    return port is not None and back_end.virtual_ports and virtual_ports.is_virtual(state, port)


def hostname_of(name: str, id: str) -> str:
    """A host name made from a server's (nova/utils.py sanitize_hostname)."""
    text = re.sub(r"[^a-z0-9.-]", "", re.sub(r"[ _]", "-", name.lower()))
    text = text.strip(".-")[:63].rstrip(".-")
    return text or f"server-{id}"


def _image(state: State, body: ServerRequest, context: Context) -> str:
    wanted = body.imageRef
    if not wanted:
        # Booted from a volume that is to be made from an image: the disk is the same here.
        sources = [one for one in body.block_device_mapping_v2 if one.get("source_type") == "image"]
        wanted = str(sources[0].get("uuid", "")) if sources else ""
    if not wanted:
        raise refusals.bad_request(
            "Invalid imageRef provided."
            if body.block_device_mapping_v2
            else "Missing imageRef attribute"
        )
    image = state.find(Image, wanted)
    if image is None or not images.is_visible(image, context):
        raise refusals.bad_request(f"Image {wanted} could not be found.")
    if image.status != "active":
        raise refusals.bad_request(f"Image {wanted} is not active.")
    return wanted


def _public_keys(state: State, body: ServerRequest, context: Context) -> tuple[str, ...]:
    if body.key_name is None:
        return ()
    pair = state.find(KeyPair, f"{context.user_id}/{body.key_name}")
    if pair is None:
        raise refusals.bad_request("Invalid key_name provided.")
    return (pair.public_key,)


def _server_group(state: State, group_id: str | None, context: Context) -> str | None:
    if group_id is None:
        return None
    group = state.find(ServerGroup, group_id)
    if group is None or not context.owns(group.project_id):
        raise refusals.bad_request(f"Instance group {group_id} could not be found.")
    # There is one host. That is no reason to refuse anti-affinity: what is tried here is to run
    # on a cloud that has two.
    return group_id


def _ports(
    change: Change, body: ServerRequest, server: str, context: Context
) -> list[tuple[Port, bool]]:
    """The server's ports, and of each whether it was made for it."""
    if body.networks == "none":
        return []
    requests: Sequence[NetworkOfServer] | str = body.networks
    if isinstance(requests, str) or not requests:
        requests = _any_network(change, context)
    groups = [_security_group(change, group.name, context) for group in body.security_groups]
    return [_port(change, wanted, server, groups, context) for wanted in requests]


def _any_network(state: State, context: Context) -> list[NetworkOfServer]:
    own = [
        network
        for network in state.all(Network)
        if (network.project_id == context.project_id or network.shared) and not network.external
    ]
    if len(own) > 1:
        raise refusals.conflict(
            "Multiple possible networks found, use a Network ID to be more specific."
        )
    return [NetworkOfServer(uuid=network.id) for network in own]


def _security_group(change: Change, name: str, context: Context) -> str:
    """Id of the group that is given by name or id."""
    default_group(change, context.project_id)
    found = [
        group
        for group in change.all(SecurityGroup)
        if name in (group.id, group.name) and group.project_id == context.project_id
    ]
    if not found:
        raise refusals.bad_request(f"Security group {name} not found.")
    if len(found) > 1:
        raise refusals.conflict(
            f"Multiple security groups found matching '{name}'. Use an ID to be more specific."
        )
    return found[0].id


def _port(
    change: Change,
    wanted: NetworkOfServer,
    server: str,
    groups: Sequence[str],
    context: Context,
) -> tuple[Port, bool]:
    if wanted.port is not None:
        port = _free_port(change, wanted.port, context)
        made = False
    elif wanted.uuid is not None:
        port = _new_port(change, wanted.uuid, wanted.fixed_ip, groups, context)
        made = True
    else:
        raise refusals.bad_request("Bad networks format: a network needs a uuid or a port.")
    port = revised(port, change, device_id=server, device_owner=OWNER)
    change.put(port)
    return port, made


def _free_port(state: State, id: str, context: Context) -> Port:
    port = state.find(Port, id)
    if port is None or not is_visible(state, port, context):
        raise refusals.bad_request(f"Port id {id} could not be found.")
    if port.device_id:
        raise refusals.conflict(f"Port {id} is still in use.")
    if not port.fixed_ips:
        raise refusals.bad_request(f"Port {id} requires a FixedIP in order to be used.")
    return port


def _new_port(
    change: Change,
    network_id: str,
    address: str | None,
    groups: Sequence[str],
    context: Context,
) -> Port:
    network = change.find(Network, network_id)
    if network is None or not is_visible(change, network, context):
        raise refusals.bad_request(f"Network {network_id} could not be found.")
    if network.external and not context.is_admin:
        raise refusals.forbidden(
            f"It is not allowed to create an interface on external network {network_id}"
        )
    body: dict[str, object] = {"network_id": network.id}
    if address is not None:
        body["fixed_ips"] = [{"ip_address": address}]
    if groups and network.port_security_enabled:
        body["security_groups"] = groups
    port = ports.create(change, PortRequest.model_validate(body), context)
    if not port.fixed_ips:
        raise refusals.bad_request(
            f"Network {network_id} requires a subnet in order to boot instances on."
        )
    return port


def attach(
    change: Change, id: str, body: AttachmentRequest, context: Context, back_end: BackEnd
) -> Port:
    """One more interface: a port that there is, or a new one."""
    server = get(change, id, context)
    if body.port_id is not None and body.net_id is not None:
        raise refusals.bad_request("Must not input both network_id and port_id")
    address = body.fixed_ips[0].ip_address if body.fixed_ips else None
    if body.port_id is None and body.net_id is None:
        wanted = _any_network(change, context)[:1]
        if not wanted:
            raise refusals.bad_request("There is no network to attach")
    else:
        wanted = [NetworkOfServer(port=body.port_id, uuid=body.net_id, fixed_ip=address)]
    port, made = _port(change, wanted[0], server.id, (), context)
    if reason := _unfit(port):
        raise refusals.bad_request(f"Failed to attach port {port.id}: {reason}")
    if _is_refused(change, port.id, back_end):
        raise refusals.attachment_failed(server.id)
    change.put(
        server.model_copy(
            update={
                "ports": (*server.ports, port.id),
                "created_ports": (*server.created_ports, *([port.id] if made else [])),
                "updated_at": change.now,
            }
        )
    )
    return port


def detach(change: Change, id: str, port_id: str, context: Context) -> None:
    server = get(change, id, context)
    if port_id not in server.ports:
        raise refusals.not_found("Port", port_id)
    _let_go(change, server, port_id)
    change.put(
        server.model_copy(
            update={
                "ports": tuple(one for one in server.ports if one != port_id),
                "created_ports": tuple(one for one in server.created_ports if one != port_id),
                "updated_at": change.now,
            }
        )
    )


def update(change: Change, id: str, body: ServerChange, context: Context) -> Server:
    server = get(change, id, context)
    values = {name: value for name, value in body.given().items() if value is not None}
    server = server.model_copy(update={**values, "updated_at": change.now})
    change.put(server)
    return server


def delete(change: Change, id: str, context: Context) -> None:
    server = get(change, id, context)
    for port_id in server.ports:
        _let_go(change, server, port_id)
    change.delete(server)


def _let_go(change: Change, server: Server, port_id: str) -> None:
    """A port that was made for the server goes with it, any other is free again."""
    port = change.find(Port, port_id)
    if port is None:
        return
    if port_id in server.created_ports:
        ports.remove(change, port)
    else:
        change.put(revised(port, change, device_id="", device_owner=""))


def forget_port(change: Change, port_id: str) -> None:
    """A port that is deleted while a server has it: the server goes on without."""
    for server in list(change.all(Server)):
        if port_id in server.ports:
            change.put(
                server.model_copy(
                    update={
                        "ports": tuple(one for one in server.ports if one != port_id),
                        "created_ports": tuple(
                            one for one in server.created_ports if one != port_id
                        ),
                    }
                )
            )


def add_security_group(change: Change, id: str, name: str, context: Context) -> None:
    """On each of the server's ports, as Nova does."""
    server = get(change, id, context)
    group = _security_group(change, name, context)
    for port_id in server.ports:
        port = change.find(Port, port_id)
        if port is None or not port.port_security_enabled or group in port.security_groups:
            continue
        change.put(revised(port, change, security_groups=(*port.security_groups, group)))


def remove_security_group(change: Change, id: str, name: str, context: Context) -> None:
    server = get(change, id, context)
    group = _security_group(change, name, context)
    found = [
        port
        for port in (change.find(Port, port_id) for port_id in server.ports)
        if port is not None and group in port.security_groups
    ]
    if not found:
        raise refusals.bad_request(
            f"Security group {name} not associated with the instance {server.id}"
        )
    for port in found:
        left = tuple(one for one in port.security_groups if one != group)
        change.put(revised(port, change, security_groups=left))
