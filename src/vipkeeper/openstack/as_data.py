"""Plans, deployments and errors as plain data, for programs: the keys are a promise.

No secret is in it: of an authentication only the type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Any

from vipkeeper import strict_yaml
from vipkeeper.errors import CloudError, VipkeeperError
from vipkeeper.openstack.declaration import spec_text
from vipkeeper.openstack.declaration.spec import ServicePort, VipSpec, Vrrp
from vipkeeper.openstack.deployment import Deployment, Node, VirtualAddress
from vipkeeper.openstack.plans.plan import Plan, Remark
from vipkeeper.openstack.plans.steps import Step
from vipkeeper.openstack.plans.steps_text import command, describe

Json = dict[str, Any]

AS_DECLARED = "as-declared"
CHANGES = "changes"
BLOCKED = "blocked"
FAILED = "failed"
STATES = (AS_DECLARED, CHANGES, BLOCKED, FAILED)
"""Of a virtual IP that was looked at; FAILED: it could not be."""


def state(plan: Plan) -> str:
    if plan.blockers:
        return BLOCKED
    return CHANGES if plan.steps else AS_DECLARED


def plan(plan: Plan) -> Json:
    return {
        "name": plan.name,
        "state": state(plan),
        "exists": plan.exists,
        "back_end": _plain(plan.back_end),
        "remarks": [remark(one) for one in plan.remarks],
        "steps": [step(one) for one in plan.steps],
        "deployment": deployment(plan.deployment) if plan.deployment else None,
    }


def remark(remark: Remark) -> Json:
    return {
        "code": remark.code,
        "severity": remark.severity.value,
        "sentence": remark.sentence,
        "remedy": remark.remedy,
    }


def step(step: Step) -> Json:
    """What kind of step it is (``do``), what it says of itself, and its own values."""
    return {
        "do": _kebab(type(step).__name__),
        "sentence": describe(step),
        "command": command(step),
        **_plain(step),
    }


def deployment(deployment: Deployment) -> Json:
    return {
        "name": deployment.name,
        "network": {"id": deployment.network_id, "name": deployment.network_name},
        "addresses": [_address(one) for one in deployment.addresses],
        "members": [_node(one) for one in deployment.nodes],
        "vrrp": vrrp(deployment.vrrp, deployment.vrid),
        "service_ports": [service_port(one) for one in deployment.service_ports],
        "floating_ip": deployment.floating_ip,
        "floating_network_id": deployment.floating_network_id,
        "security_group": {"id": deployment.group_id, "name": deployment.group_name},
        "server_group_id": deployment.server_group_id,
    }


def _address(address: VirtualAddress) -> Json:
    return {
        "family": address.family,
        "address": str(address.interface.ip) if address.interface else None,
        "cidr": address.cidr,
        "subnet_id": address.subnet_id,
        "port_id": address.port_id,
    }


def _node(node: Node) -> Json:
    return {
        "name": node.name,
        "priority": node.priority,
        "addresses": [str(one) for one in node.addresses],
        "interface": node.interface,
        "mac_address": node.mac_address,
        "port_id": node.port_id,
        "server_id": node.server_id,
        "port_security": node.filtered,
    }


def vrrp(vrrp: Vrrp, vrid: int | None) -> Json:
    return {
        "version": vrrp.protocol_version,
        "vrid": vrid,
        "interval": vrrp.interval,
        "mode": vrrp.mode.value,
        "preempt": vrrp.preempt,
        "virtual_mac": vrrp.virtual_mac,
        "authentication": vrrp.authentication.type.value if vrrp.authentication else None,
    }


def service_port(port: ServicePort) -> Json:
    return {
        "protocol": port.protocol,
        "first": port.first,
        "last": port.last,
        "from": str(port.source) if port.source else None,
    }


def document(spec: VipSpec) -> Json:
    """A spec as its file has it, without the password."""
    document: Json = strict_yaml.load(spec_text.text(spec), spec.name)
    authentication = (document.get("vrrp") or {}).get("authentication")
    if isinstance(authentication, dict):
        authentication.pop("password", None)
    return document


def error(error: VipkeeperError) -> Json:
    """The words of an error; those of the cloud apart, with the request's id."""
    data: Json = {"message": error.message, "remedy": error.remedy}
    if isinstance(error, CloudError):
        data |= {
            "operation": error.operation,
            "words": error.words,
            "status": error.status,
            "request_id": error.request_id,
        }
    return data


_WRITTEN = (IPv4Address, IPv6Address, IPv4Network, IPv6Network, IPv4Interface, IPv6Interface)


def _plain(value: object) -> Any:
    """A value of ours as JSON has it."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, _WRITTEN) else value


def _kebab(name: str) -> str:
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name).lstrip("-")
