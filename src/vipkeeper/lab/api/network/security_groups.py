"""Security groups and their rules. Source: neutron/db/securitygroups_db.py."""

from __future__ import annotations

from ipaddress import ip_network

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import group_refusals
from vipkeeper.lab.api.network.records import Port, SecurityGroup, SecurityGroupRule
from vipkeeper.lab.api.network.requests import (
    RuleRequest,
    SecurityGroupChange,
    SecurityGroupRequest,
)
from vipkeeper.lab.api.network.resources import (
    check_quota,
    owned,
    project_of,
    revise,
    revised,
    stamp,
    visible,
)
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.security_groups import DEFAULT, PROTOCOL_NUMBERS, PROTOCOLS_WITH_PORTS

_ICMP = (1, 58)
# Protocols that only one of the two families has (neutron/db/securitygroups_db.py).
_ONLY_IPV6 = (
    "ipv6-encap",
    "ipv6-frag",
    "ipv6-icmp",
    "icmpv6",
    "ipv6-nonxt",
    "ipv6-opts",
    "ipv6-route",
)


def create(change: Change, body: SecurityGroupRequest, context: Context) -> SecurityGroup:
    project = project_of(body, context, "create_security_group")
    default_group(change, project)
    if body.name == DEFAULT:
        raise group_refusals.default_group_exists()
    check_quota(change, project, "security_group")
    group = SecurityGroup(
        id=new_id(),
        project_id=project,
        name=body.name,
        description=body.description,
        stateful=body.stateful,
        **stamp(change, 1),
    )
    change.put(group)
    for ethertype in ("IPv4", "IPv6"):
        _put_rule(change, group, direction="egress", ethertype=ethertype)
    return group


def default_group(change: Change, project_id: str) -> SecurityGroup:
    """The group that every project has, made when it is first needed."""
    for group in change.where(SecurityGroup, lambda one: one.name == DEFAULT):
        if group.project_id == project_id:
            return group
    group = SecurityGroup(
        id=new_id(),
        project_id=project_id,
        name=DEFAULT,
        description="Default security group",
        **stamp(change, 1),
    )
    change.put(group)
    for ethertype in ("IPv4", "IPv6"):
        _put_rule(change, group, direction="ingress", ethertype=ethertype, remote_group_id=group.id)
        _put_rule(change, group, direction="egress", ethertype=ethertype)
    return group


def _put_rule(
    change: Change,
    group: SecurityGroup,
    *,
    direction: str,
    ethertype: str,
    remote_group_id: str | None = None,
) -> None:
    change.put(
        SecurityGroupRule(
            id=new_id(),
            project_id=group.project_id,
            security_group_id=group.id,
            direction=direction,
            ethertype=ethertype,
            remote_group_id=remote_group_id,
            description=None,
            **stamp(change, 0),
        )
    )


def update(change: Change, id: str, body: SecurityGroupChange, context: Context) -> SecurityGroup:
    group = owned(change, SecurityGroup, id, context, "update_security_group")
    if group.name == DEFAULT and body.has("name"):
        raise group_refusals.cannot_update_default_group()
    if body.has("stateful") and body.stateful != group.stateful and _is_used(change, group):
        raise group_refusals.group_in_use(group.id)
    group = revised(group, change, **body.given())
    change.put(group)
    return group


def delete(change: Change, id: str, context: Context) -> None:
    group = owned(change, SecurityGroup, id, context, "delete_security_group")
    if group.name == DEFAULT and not context.is_admin:
        raise group_refusals.cannot_remove_default_group()
    if _is_used(change, group):
        raise group_refusals.group_in_use(group.id)
    for rule in list(change.all(SecurityGroupRule)):
        if group.id in (rule.security_group_id, rule.remote_group_id):
            change.delete(rule)
    change.delete(group)


def _is_used(state: State, group: SecurityGroup) -> bool:
    return any(group.id in port.security_groups for port in state.all(Port))


def create_rule(change: Change, body: RuleRequest, context: Context) -> SecurityGroupRule:
    _check_rule(body)
    group = visible(change, SecurityGroup, body.security_group_id, context)
    if body.remote_group_id is not None:
        visible(change, SecurityGroup, body.remote_group_id, context)
    project = project_of(body, context, "create_security_group_rule")
    check_quota(change, project, "security_group_rule")
    rule = SecurityGroupRule(
        id=new_id(),
        project_id=project,
        security_group_id=group.id,
        direction=body.direction,
        ethertype=body.ethertype,
        protocol=body.protocol,
        port_range_min=body.port_range_min,
        port_range_max=body.port_range_max,
        remote_ip_prefix=body.remote_ip_prefix,
        remote_group_id=body.remote_group_id,
        description=body.description,
        **stamp(change, 0),
    )
    for other in change.all(SecurityGroupRule):
        if _meaning(other) == _meaning(rule):
            raise group_refusals.rule_exists(other.id)
    change.put(rule)
    revise(change, group)
    return rule


def delete_rule(change: Change, id: str, context: Context) -> None:
    rule = owned(change, SecurityGroupRule, id, context, "delete_security_group_rule")
    change.delete(rule)
    group = change.find(SecurityGroup, rule.security_group_id)
    if group is not None:
        revise(change, group)


def protocol_number(protocol: str | None) -> int | None:
    """The number of a protocol, however it is written; None for any.

    Raises:
        Refusal: it is neither a name that Neutron knows nor 0 to 255.
    """
    if protocol is None:
        return None
    number = PROTOCOL_NUMBERS.get(protocol.lower())
    if number is None and protocol.isascii() and protocol.isdigit():
        number = int(protocol)
    if number is None or number > 255:
        raise group_refusals.unknown_protocol(protocol)
    return number


def normalised_prefix(prefix: str | None) -> str | None:
    """The network that a prefix means, as Neutron's ``normalized_cidr``."""
    return None if prefix is None else str(ip_network(prefix, strict=False))


def _meaning(rule: SecurityGroupRule) -> tuple[object, ...]:
    """What two rules must not have in common: ``112`` and ``vrrp`` are the same there."""
    number = protocol_number(rule.protocol)
    if rule.ethertype == "IPv6" and number == 1:
        number = 58
    return (
        rule.security_group_id,
        rule.direction,
        rule.ethertype,
        number or None,
        rule.port_range_min,
        rule.port_range_max,
        normalised_prefix(rule.remote_ip_prefix),
        rule.remote_group_id,
    )


def _check_rule(body: RuleRequest) -> None:
    number = protocol_number(body.protocol)
    _check_ports(body, number)
    if body.remote_ip_prefix is not None and body.remote_group_id is not None:
        raise group_refusals.two_remotes()
    if body.remote_ip_prefix is not None:
        version = ip_network(body.remote_ip_prefix, strict=False).version
        if f"IPv{version}" != body.ethertype:
            raise group_refusals.ethertype_conflict(body.ethertype, body.remote_ip_prefix)
    if body.ethertype == "IPv4" and (body.protocol or "").lower() in _ONLY_IPV6:
        raise group_refusals.protocol_of_other_ethertype(str(body.protocol), body.ethertype)


def _check_ports(body: RuleRequest, number: int | None) -> None:
    low, high = body.port_range_min, body.port_range_max
    if low is None and high is None:
        return
    if not number:
        raise group_refusals.ports_need_protocol()
    if number in _ICMP:
        for field, name, value in (
            ("type", "port-range-min", low),
            ("code", "port-range-max", high),
        ):
            if value is not None and not 0 <= value <= 255:
                raise group_refusals.bad_icmp_value(field, name, value)
        if low is None and high is not None:
            raise group_refusals.missing_icmp_type(high)
        return
    if number not in PROTOCOLS_WITH_PORTS:
        raise group_refusals.ports_need_protocol_with_ports(str(body.protocol))
    if low is None or high is None or low > high:
        raise group_refusals.bad_port_range()
    for value in (low, high):
        if not 0 <= value <= 65535:
            raise group_refusals.bad_port_value(value)
