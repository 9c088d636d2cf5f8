"""What a lab shows of itself, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vipkeeper.lab.cloud.machine import Machine
from vipkeeper.lab.drops import DropCount
from vipkeeper.lab.plane import Instance, IPAddress, Plane, Port
from vipkeeper.lab.virtual_ports import SECOND_NS, Claims

_VRRP_PROGRAMS = ("vipkeeperd", "keepalived")


def describe(plane: Plane, machines: Iterable[Machine]) -> dict[str, Any]:
    """Instances, ports and networks, the names that people gave them beside the ids."""
    virtual = [str(port.fixed_ips[0]) for port in plane.unbound_ports() if port.fixed_ips]
    names = {port.id: shown_name(port) for port in plane.ports}
    return {
        "virtual_ips": virtual,
        "instances": [_instance(machine, names, virtual) for machine in machines],
        "ports": [_port(plane, port) for port in plane.ports],
        "networks": [
            {
                "id": network.id,
                "name": network.name,
                "cidr": str(network.subnets[0].cidr) if network.subnets else "",
                "mtu": network.mtu,
            }
            for network in plane.networks
        ],
    }


def describe_drops(plane: Plane, counts: Iterable[DropCount]) -> list[dict[str, Any]]:
    """The counts of ports that are there."""
    ports = {port.id: port for port in plane.ports}
    owners = {id: instance.name for instance in plane.instances for id in instance.ports}
    return [
        {
            "port": shown_name(ports[count.port]),
            "instance": owners.get(count.port),
            "reason": count.reason.value,
            "packets": count.packets,
            "bytes": count.bytes,
        }
        for count in counts
        if count.port in ports
    ]


def describe_claims(
    plane: Plane, claims: Mapping[str, Claims], now_ns: int
) -> list[dict[str, Any]]:
    """OVN's virtual ports: who has each, and for how long no other can claim it, in seconds."""
    names = {port.id: shown_name(port) for port in plane.ports}
    return [
        {
            "port": names[id],
            "parent": names.get(claim.parent) if claim.parent else None,
            "back_off": claim.back_off_ns / SECOND_NS,
            "next_claim_in": max(0, claim.next_claim_ns - now_ns) / SECOND_NS,
        }
        for id, claim in claims.items()
        if id in names
    ]


def shown_name(port: Port) -> str:
    """Many a port has no name."""
    return port.name or port.id


def _instance(machine: Machine, names: dict[str, str], virtual: list[str]) -> dict[str, Any]:
    held = [str(address) for address in machine.local_addresses()]
    return {
        "id": machine.id,
        "name": machine.name,
        "state": machine.state,
        "failure": machine.failure,
        "addresses": held,
        "virtual_ips": [address for address in held if address in virtual],
        "ports": [names[id] for id in machine.instance.ports],
        "port_ids": list(machine.instance.ports),
        "vrrp": _vrrp(machine.instance),
    }


def _vrrp(instance: Instance) -> str:
    """The program that runs from the boot on; what was started by hand is the instance's affair."""
    names = {service.name for service in instance.services if service.autostart}
    return next((program for program in _VRRP_PROGRAMS if program in names), "none")


def _port(plane: Plane, port: Port) -> dict[str, Any]:
    network = plane.network(port.network)
    floating: dict[IPAddress, str] = {
        floating.fixed_ip: str(floating.address)
        for router in plane.routers
        if any(one.network == port.network for one in router.interfaces)
        for floating in router.floating_ips
    }
    return {
        "id": port.id,
        "name": shown_name(port),
        "network": network.name,
        "fixed_ip": str(port.fixed_ips[0]) if port.fixed_ips else "",
        "mac_address": port.mac_address,
        "floating_ip": next((floating[one] for one in port.fixed_ips if one in floating), None),
        "port_security_enabled": port.port_security_enabled,
        "security_groups": [plane.group_names.get(id, id) for id in port.security_groups],
        "allowed_address_pairs": [
            {"ip_address": pair.ip_address, "mac_address": pair.mac_address}
            for pair in port.allowed_address_pairs
        ],
    }
