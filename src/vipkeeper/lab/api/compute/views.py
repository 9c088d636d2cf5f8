"""Servers as Nova shows them to who asks, at its base microversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from vipkeeper.lab.api.compute.records import Flavor, Server
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network.records import FloatingIP, Network, Port, SecurityGroup
from vipkeeper.lab.api.network.views import HOST
from vipkeeper.lab.api.records import moment
from vipkeeper.lab.api.state import State


@dataclass(frozen=True, slots=True)
class Condition:
    """What a server is doing, in Nova's three words for it and the one that it shows.

    Attributes:
        power: 1 running, 4 shut down, 0 not known yet (nova/compute/power_state.py).
    """

    status: str
    vm: str
    task: str | None
    power: int


# What the cloud says of an instance. A machine on its way down is ACTIVE until it is there.
_CONDITIONS: Mapping[str, Condition] = {
    "running": Condition("ACTIVE", "active", None, 1),
    "stopping": Condition("ACTIVE", "active", "powering-off", 1),
    "stopped": Condition("SHUTOFF", "stopped", None, 4),
    "booting": Condition("SHUTOFF", "stopped", "powering-on", 4),
}
_BUILDING = Condition("BUILD", "building", "spawning", 0)
_FAILED = Condition("ERROR", "error", None, 0)
_REBOOTING = Condition("REBOOT", "active", "rebooting", 1)
_REBOOTING_HARD = Condition("HARD_REBOOT", "active", "rebooting_hard", 1)


def condition(server: Server, seen: Mapping[str, Any] | None, task: str | None) -> Condition:
    """What a server is doing.

    Args:
        seen: what the cloud says of its instance, None if it knows none.
        task: what it was last told to do and has not finished.
    """
    state = str(seen["state"]) if seen else ""
    if server.error or (seen and seen["failure"] and state not in ("running", "booting")):
        return _FAILED
    if task == "rebooting":
        return _REBOOTING
    if task == "rebooting_hard":
        return _REBOOTING_HARD
    if server.launched_at is None and state != "running":
        return _BUILDING if state in ("", "booting") else _FAILED
    found = _CONDITIONS.get(state, _FAILED)
    if task is not None:
        return Condition(found.status, found.vm, task, found.power)
    return found


def server_view(
    server: Server,
    doing: Condition,
    state: State,
    context: Context,
    url: str,
    failure: str = "",
) -> dict[str, Any]:
    groups = _groups(server, state)
    view: dict[str, Any] = {
        "id": server.id,
        "name": server.name,
        "status": doing.status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": dict(server.metadata),
        "hostId": "b5d0c1a9a8e9b4b1d2c3" if doing.power else "",
        "image": _reference(url, "images", server.image_id) if server.image_id else "",
        "flavor": _reference(url, "flavors", server.flavor_id),
        "created": moment(server.created_at),
        "updated": moment(server.updated_at),
        "addresses": _addresses(server, state),
        "accessIPv4": "",
        "accessIPv6": "",
        "links": _links(url, "servers", server.id),
        "OS-DCF:diskConfig": "AUTO",
        "OS-EXT-AZ:availability_zone": "nova",
        "config_drive": "",
        "key_name": server.key_name,
        "OS-SRV-USG:launched_at": None
        if server.launched_at is None
        else moment(server.launched_at).rstrip("Z") + ".000000",
        "OS-SRV-USG:terminated_at": None,
        "OS-EXT-STS:task_state": doing.task,
        "OS-EXT-STS:vm_state": doing.vm,
        "OS-EXT-STS:power_state": doing.power,
        "os-extended-volumes:volumes_attached": [],
    }
    if groups:
        view["security_groups"] = [{"name": name} for name in groups]
    if doing.status in ("ACTIVE", "BUILD", "REBOOT", "HARD_REBOOT"):
        view["progress"] = 100 if doing.status == "ACTIVE" else 0
    if doing.status == "ERROR":
        view["fault"] = {
            "code": 500,
            "created": moment(server.updated_at),
            "message": server.error or failure or "the instance did not boot",
        }
    if context.is_admin:
        view["OS-EXT-SRV-ATTR:host"] = HOST
        view["OS-EXT-SRV-ATTR:hypervisor_hostname"] = HOST
        view["OS-EXT-SRV-ATTR:instance_name"] = f"instance-{server.id[:8]}"
    return view


def short_view(server: Server, url: str) -> dict[str, Any]:
    return {"id": server.id, "name": server.name, "links": _links(url, "servers", server.id)}


def flavor_view(flavor: Flavor, url: str) -> dict[str, Any]:
    return {
        "id": flavor.id,
        "name": flavor.name,
        "vcpus": flavor.vcpus,
        "ram": flavor.ram_mb,
        "disk": flavor.disk_gb,
        "swap": "",
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": True,
        "rxtx_factor": 1.0,
        "links": _links(url, "flavors", flavor.id),
    }


def interface_view(port: Port, *, active: bool) -> dict[str, Any]:
    return {
        "port_id": port.id,
        "net_id": port.network_id,
        "mac_addr": port.mac_address,
        "port_state": "ACTIVE" if active else "DOWN",
        "fixed_ips": [
            {"subnet_id": fixed.subnet_id, "ip_address": fixed.ip_address}
            for fixed in port.fixed_ips
        ],
    }


def ports_of(server: Server, state: State) -> list[Port]:
    found = (state.find(Port, id) for id in server.ports)
    return [port for port in found if port is not None]


def _groups(server: Server, state: State) -> list[str]:
    names = []
    for port in ports_of(server, state):
        for id in port.security_groups:
            group = state.find(SecurityGroup, id)
            if group is not None and group.name not in names:
                names.append(group.name)
    return names


def _addresses(server: Server, state: State) -> dict[str, list[dict[str, Any]]]:
    """Network's name to fixed addresses, and the floating ones that lead there."""
    found: dict[str, list[dict[str, Any]]] = {}
    for port in ports_of(server, state):
        network = state.find(Network, port.network_id)
        if network is None:
            continue
        entries = found.setdefault(network.name, [])
        for address in port.addresses:
            entries.append(_address(address, "fixed", port.mac_address))
            entries += [
                _address(floating.floating_ip_address, "floating", port.mac_address)
                for floating in state.all(FloatingIP)
                if (floating.port_id, floating.fixed_ip_address) == (port.id, address)
            ]
    return found


def _address(address: str, kind: str, mac: str) -> dict[str, Any]:
    return {
        "version": ip_address(address).version,
        "addr": address,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": mac,
    }


def _reference(url: str, what: str, id: str) -> dict[str, Any]:
    return {"id": id, "links": [{"rel": "bookmark", "href": f"{url}/{what}/{id}"}]}


def _links(url: str, what: str, id: str) -> list[dict[str, str]]:
    href = f"{url}/{what}/{id}"
    return [{"rel": "self", "href": href}, {"rel": "bookmark", "href": href}]
