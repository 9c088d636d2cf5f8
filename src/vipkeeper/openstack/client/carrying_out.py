"""A plan's steps, carried out: each a few requests, and done already is as good as done.

What is made carries its description from the same request; its tags follow. If the way ends in
between, the next look at the cloud finds it by name and description.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from ipaddress import ip_address

from vipkeeper.errors import CloudError
from vipkeeper.openstack import marks
from vipkeeper.openstack.client.calls import COMPUTE, NETWORK, Calls, segment
from vipkeeper.openstack.client.cloud_errors import CallError, Json, nonsense
from vipkeeper.openstack.client.port_changes import change_port
from vipkeeper.openstack.client.tagging import add_tags, remove_tags, set_tags
from vipkeeper.openstack.declaration.spec import Address, Family
from vipkeeper.openstack.plans.steps import (
    MADE,
    ChangeFloatingIp,
    ChangeGroup,
    ChangePort,
    CreateFloatingIp,
    CreateGroup,
    CreatePort,
    CreateRule,
    CreateServerGroup,
    Delete,
    Made,
    Step,
)
from vipkeeper.openstack.resources import Rule


@singledispatch
def carry_out(step: Step, calls: Calls, made: Made) -> None:
    """Do it; ``made`` says what earlier steps have made, and is told what this one does."""
    raise NotImplementedError(type(step))


@carry_out.register
def _create_group(step: CreateGroup, calls: Calls, made: Made) -> None:
    body = {"security_group": {"name": step.name, "description": step.description}}
    operation = f"create security group {step.name}"
    view = calls.one(operation, "POST", "/security-groups", "security_group", body=body)
    made.group = _id(operation, view)
    set_tags(calls, "security-groups", made.group, step.name, step.tags)


@carry_out.register
def _create_rule(step: CreateRule, calls: Calls, made: Made) -> None:
    rule = step.rule
    values = {
        "security_group_id": _group(step.group, made),
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        "protocol": rule.protocol,
        "port_range_min": rule.port_range_min,
        "port_range_max": rule.port_range_max,
        "remote_ip_prefix": rule.remote_ip_prefix,
        "remote_group_id": rule.remote_group_id and _group(rule.remote_group_id, made),
        "description": rule.description,
    }
    body = {name: value for name, value in values.items() if value is not None}
    operation = f"create a rule of {step.group_name} for {_protocol(rule)}"
    path = "/security-group-rules"
    try:
        calls.ask(operation, "POST", path, body={"security_group_rule": body})
    except CallError as error:
        if error.type != "SecurityGroupRuleExists":
            raise


@carry_out.register
def _create_server_group(step: CreateServerGroup, calls: Calls, made: Made) -> None:
    operation = f"create server group {step.name}"
    path = "/os-server-groups"
    # A list of policies up to microversion 2.63; without a microversion it is Nova's first.
    body = {"server_group": {"name": step.name, "policies": [step.policy]}}
    view = calls.one(operation, "POST", path, "server_group", service=COMPUTE, body=body)
    made.server_group = _id(operation, view)


@carry_out.register
def _create_port(step: CreatePort, calls: Calls, made: Made) -> None:
    fixed_ip = {"subnet_id": step.subnet_id}
    if step.address is not None:
        fixed_ip["ip_address"] = str(step.address)
    values = {
        "name": step.name,
        "network_id": step.network_id,
        "fixed_ips": [fixed_ip],
        "security_groups": [_group(group, made) for group in step.groups],
        "description": step.description,
    }
    operation = f"create port {step.name}"
    view = calls.one(operation, "POST", "/ports", "port", body={"port": values})
    id = _id(operation, view)
    made.ports[step.family] = id
    made.addresses[step.family] = _address(operation, view)
    tags = step.tags
    if made.server_group:
        tags = (*tags, marks.server_group_tag(made.server_group))
    set_tags(calls, "ports", id, step.name, tags)


@carry_out.register
def _change_port(step: ChangePort, calls: Calls, made: Made) -> None:
    add_tags(calls, "ports", step.port_id, step.label, step.add_tags)
    groups = tuple(_group(group, made) for group in step.add_groups)
    change_port(calls, step, made.addresses, groups)
    remove_tags(calls, "ports", step.port_id, step.label, step.remove_tags)


@carry_out.register
def _create_floating_ip(step: CreateFloatingIp, calls: Calls, made: Made) -> None:
    values = {
        "floating_network_id": step.network_id,
        "port_id": _port(step.family, made),
        "description": step.description,
    }
    if step.address is not None:
        values["floating_ip_address"] = str(step.address)
    operation = f"create a floating IP of {step.network_name}"
    view = calls.one(operation, "POST", "/floatingips", "floatingip", body={"floatingip": values})
    label = str(view.get("floating_ip_address", ""))
    set_tags(calls, "floatingips", _id(operation, view), label, step.tags)


@carry_out.register
def _change_floating_ip(step: ChangeFloatingIp, calls: Calls, made: Made) -> None:
    add_tags(calls, "floatingips", step.id, step.address, step.add_tags)
    if step.lead_to is not None:
        port = None if isinstance(step.lead_to, str) else _port(step.lead_to, made)
        where = "nowhere" if port is None else "to the virtual IP"
        operation = f"lead the floating IP {step.address} {where}"
        path = f"/floatingips/{segment(step.id)}"
        calls.ask(operation, "PUT", path, body={"floatingip": {"port_id": port}})
    remove_tags(calls, "floatingips", step.id, step.address, step.remove_tags)


@carry_out.register
def _change_group(step: ChangeGroup, calls: Calls, made: Made) -> None:
    add_tags(calls, "security-groups", step.id, step.name, step.add_tags)
    remove_tags(calls, "security-groups", step.id, step.name, step.remove_tags)


_PATHS = {
    "port": (NETWORK, "/ports"),
    "floating IP": (NETWORK, "/floatingips"),
    "security group": (NETWORK, "/security-groups"),
    "rule": (NETWORK, "/security-group-rules"),
    "server group": (COMPUTE, "/os-server-groups"),
}


@carry_out.register
def _delete(step: Delete, calls: Calls, made: Made) -> None:
    service, path = _PATHS[step.kind]
    operation = f"delete {step.kind} {step.label}"
    try:
        calls.ask(operation, "DELETE", f"{path}/{segment(step.id)}", service=service)
    except CloudError as error:
        if error.status != 404:
            raise


def _group(id: str, made: Made) -> str:
    return made.group if id == MADE else id


def _port(family: Family | str, made: Made) -> str:
    return made.ports[6 if family == 6 else 4]


def _protocol(rule: Rule) -> str:
    ports: Iterable[int | None] = dict.fromkeys((rule.port_range_min, rule.port_range_max))
    text = "-".join(str(port) for port in ports if port is not None)
    return f"{rule.protocol or 'any protocol'}{' ' if text else ''}{text}"


def _id(operation: str, view: Json) -> str:
    id = view.get("id")
    if not isinstance(id, str) or not id:
        raise nonsense(operation, None, "the answer has no id")
    return id


def _address(operation: str, view: Json) -> Address:
    try:
        return ip_address(view["fixed_ips"][0]["ip_address"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise nonsense(operation, None, "the port in the answer has no address") from error
