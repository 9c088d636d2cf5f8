"""A step of a plan in words, and as the ``openstack`` commands that would do the same."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from shlex import join

from vipkeeper.openstack.plans.groups import said
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
    Step,
    VipPair,
)
from vipkeeper.openstack.resources import AddressPair, Rule


def describe(step: Step) -> str:
    """One short line that a person reads."""
    return _described(step)


def command(step: Step) -> str | None:
    """What one would type; None where no command does it alone.

    What an earlier step makes has no ID yet and stands in capitals, as ``VIP_ADDRESS``.
    """
    return " && ".join(join(words) for words in _commands(step)) or None


@singledispatch
def _described(step: object) -> str:
    raise TypeError(f"not a step: {step!r}")


@singledispatch
def _commands(step: object) -> list[list[str]]:
    raise TypeError(f"not a step: {step!r}")


@_described.register
def _(step: CreateGroup) -> str:
    return f"create the security group {step.name}"


@_commands.register
def _(step: CreateGroup) -> list[list[str]]:
    words = ["openstack", "security", "group", "create", "--description", step.description]
    return [[*words, *_options("--tag", step.tags), step.name]]


@_described.register
def _(step: CreateRule) -> str:
    members = " from its members" if step.rule.remote_group_id == step.group else ""
    return f"add the rule {said(step.rule)}{members} to the security group {step.group_name}"


@_commands.register
def _(step: CreateRule) -> list[list[str]]:
    rule = step.rule
    words = ["openstack", "security", "group", "rule", "create", f"--{rule.direction}"]
    words += ["--ethertype", rule.ethertype]
    if rule.protocol:
        words += ["--protocol", rule.protocol]
    words += _ports_of(rule)
    if rule.remote_ip_prefix:
        words += ["--remote-ip", rule.remote_ip_prefix]
    if rule.remote_group_id:
        is_itself = rule.remote_group_id in (MADE, step.group)
        words += ["--remote-group", step.group_name if is_itself else rule.remote_group_id]
    words += ["--description", rule.description] if rule.description else []
    return [[*words, step.group_name if step.group == MADE else step.group]]


@_described.register
def _(step: CreateServerGroup) -> str:
    return f"create the server group {step.name} ({step.policy})"


@_commands.register
def _(step: CreateServerGroup) -> list[list[str]]:
    return [["openstack", "server", "group", "create", "--policy", step.policy, step.name]]


@_described.register
def _(step: CreatePort) -> str:
    address = step.address or f"an IPv{step.family} address of the cloud's choice"
    return f"create the VIP port {step.name} with {address}"


@_commands.register
def _(step: CreatePort) -> list[list[str]]:
    fixed = f"subnet={step.subnet_id}"
    if step.address:
        fixed += f",ip-address={step.address}"
    words = ["openstack", "port", "create", "--network", step.network_id, "--fixed-ip", fixed]
    groups = (_made_group(one) for one in step.groups)
    words += _options("--security-group", groups) if step.groups else ["--no-security-group"]
    words += ["--description", step.description, *_options("--tag", step.tags)]
    return [[*words, step.name]]


@_described.register
def _(step: ChangePort) -> str:
    put = [
        *(f"the pair {_pair_said(one)}" for one in step.add_pairs),
        *("the security group" for _ in step.add_groups),
    ]
    taken = [
        *(f"the pair {_pair_said(one)}" for one in step.remove_pairs),
        *("a security group" for _ in step.remove_groups),
    ]
    parts = []
    if put:
        parts.append(f"add {_listed(put)} to the {step.label}")
    if taken:
        parts.append(f"take {_listed(taken)} from the {step.label}")
    if parts:
        return ", ".join(parts)
    if step.description:
        return f"write down on the {step.label} what its nodes have to agree on"
    if step.add_tags:
        return f"mark the {step.label} ({', '.join(step.add_tags)})"
    return f"take our marks off the {step.label}"


@_commands.register
def _(step: ChangePort) -> list[list[str]]:
    port = ["openstack", "port"]
    put = [
        *_options("--allowed-address", (_pair_typed(one) for one in step.add_pairs)),
        *_options("--security-group", (_made_group(one) for one in step.add_groups)),
    ]
    if step.description is not None:
        put += ["--description", step.description]
    put += _options("--tag", step.add_tags)
    taken = [
        *_options("--allowed-address", (_pair_typed(one) for one in step.remove_pairs)),
        *_options("--security-group", step.remove_groups),
        *_options("--tag", step.remove_tags),
    ]
    lines = [[*port, "set", *put, step.port_id]] if put else []
    return [*lines, [*port, "unset", *taken, step.port_id]] if taken else lines


@_described.register
def _(step: CreateFloatingIp) -> str:
    which = f"the floating IP {step.address}" if step.address else "a floating IP"
    return f"create {which} of {step.network_name} that leads to the virtual IP"


@_commands.register
def _(step: CreateFloatingIp) -> list[list[str]]:
    words = ["openstack", "floating", "ip", "create", "--port", _vip_port(step.family)]
    if step.address:
        words += ["--floating-ip-address", str(step.address)]
    words += ["--description", step.description, *_options("--tag", step.tags)]
    return [[*words, step.network_id]]


@_described.register
def _(step: ChangeFloatingIp) -> str:
    if isinstance(step.lead_to, str):
        return f"let the floating IP {step.address} lead nowhere"
    if step.lead_to is not None:
        return f"let the floating IP {step.address} lead to the virtual IP"
    if step.add_tags:
        return f"mark the floating IP {step.address} ({', '.join(step.add_tags)})"
    return f"take our marks off the floating IP {step.address}"


@_commands.register
def _(step: ChangeFloatingIp) -> list[list[str]]:
    words = ["openstack", "floating", "ip"]
    put = _options("--tag", step.add_tags)
    taken = _options("--tag", step.remove_tags)
    if isinstance(step.lead_to, str):
        taken = ["--port", *taken]
    elif step.lead_to is not None:
        put = ["--port", _vip_port(step.lead_to), *put]
    lines = [[*words, "set", *put, step.id]] if put else []
    return [*lines, [*words, "unset", *taken, step.id]] if taken else lines


@_described.register
def _(step: ChangeGroup) -> str:
    if step.add_tags:
        return f"mark the security group {step.name} ({', '.join(step.add_tags)})"
    return f"take our marks off the security group {step.name}"


@_commands.register
def _(step: ChangeGroup) -> list[list[str]]:
    words = ["openstack", "security", "group"]
    lines = []
    if step.add_tags:
        lines.append([*words, "set", *_options("--tag", step.add_tags), step.id])
    if step.remove_tags:
        lines.append([*words, "unset", *_options("--tag", step.remove_tags), step.id])
    return lines


@_described.register
def _(step: Delete) -> str:
    why = f": {step.why}" if step.why else ""
    return f"delete the {step.kind} {step.label}{why}"


@_commands.register
def _(step: Delete) -> list[list[str]]:
    nouns = "security group rule" if step.kind == "rule" else step.kind.lower()
    return [["openstack", *nouns.split(), "delete", step.id]]


def _options(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _ports_of(rule: Rule) -> list[str]:
    if rule.port_range_min is None:
        return []
    low, high = rule.port_range_min, rule.port_range_max
    return ["--dst-port", f"{low}" if high in (None, low) else f"{low}:{high}"]


def _pair_said(pair: VipPair | AddressPair) -> str:
    if isinstance(pair, VipPair):
        address = f"of the IPv{pair.family} address"
        return f"{address} with the MAC {pair.mac_address}" if pair.mac_address else address
    is_virtual = pair.mac_address.lower().startswith("00:00:5e:")
    return f"{pair.ip_address} with the MAC {pair.mac_address}" if is_virtual else pair.ip_address


def _pair_typed(pair: VipPair | AddressPair) -> str:
    if isinstance(pair, AddressPair):
        return f"ip-address={pair.ip_address},mac-address={pair.mac_address}"
    mac = f",mac-address={pair.mac_address}" if pair.mac_address else ""
    return f"ip-address={_vip_address(pair.family)}{mac}"


def _vip_address(family: int) -> str:
    return "VIP_ADDRESS" if family == 4 else f"VIP_ADDRESS{family}"


def _vip_port(family: int) -> str:
    return "VIP_PORT" if family == 4 else f"VIP_PORT{family}"


def _made_group(id: str) -> str:
    return "SECURITY_GROUP" if id == MADE else id


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
