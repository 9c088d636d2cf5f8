"""What the members' security groups say of a virtual IP that is to be adopted."""

from __future__ import annotations

from collections.abc import Sequence

from vipkeeper.openstack.declaration.spec import Family, ServicePort
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.plan import Remark, note
from vipkeeper.openstack.plans.rules import ETHERTYPES, LINK_LOCAL, VRRP, admits
from vipkeeper.openstack.recorded import in_order, service_port
from vipkeeper.openstack.resources import Port, Rule, SecurityGroup
from vipkeeper.openstack.words import service_port as said


def shared_group(members: Sequence[Port], found: Found, family: Family) -> SecurityGroup | None:
    """The group by which the members hear each other: all have it, and it lets VRRP in.

    One that was made for VRRP before one that lets everything in; one of the project's own, since
    another's cannot be given tags and rules.
    """
    filtered = [port for port in members if port.port_security_enabled]
    candidates = [
        group
        for group in found.groups
        if filtered
        and all(group.id in port.security_groups for port in filtered)
        and found.project_id in (None, group.project_id)
        and _hearing(group, family)
    ]
    return min(candidates, key=lambda one: (_rank(one, family), one.name, one.id), default=None)


def service_ports(
    group: SecurityGroup | None, members: Sequence[Port], found: Found, family: Family
) -> tuple[tuple[ServicePort, ...], tuple[Remark, ...]]:
    """What the adopted group lets in, so that the next plan has no rule to add.

    What the members' other groups let in stays theirs: declared, the virtual IP's group would have
    to let it in as well.
    """
    filtered = [port for port in members if port.port_security_enabled]
    own = _said(_ingress([group] if group else [], family))
    of_each = [_ingress(_others(port, group, found), family) for port in filtered]
    everywhere = [
        rule
        for rules in of_each
        for rule in rules
        if all(any(admits(other, rule) for other in others) for others in of_each)
    ]
    elsewhere = [one for one in _said(everywhere) if one not in own]
    if not elsewhere:
        return own, ()
    of_others = note(
        "ports-of-other-groups",
        "other groups of the members let this in, so that it stays as it is and is not written as "
        "service ports: " + ", ".join(said(one) for one in elsewhere),
        "write into the spec what the virtual IP's own group is to let in, whatever the others do",
    )
    return own, (of_others,)


def _others(port: Port, group: SecurityGroup | None, found: Found) -> list[SecurityGroup]:
    return [
        one
        for one in found.groups
        if one.id in port.security_groups and (group is None or one.id != group.id)
    ]


def _ingress(groups: Sequence[SecurityGroup], family: Family) -> list[Rule]:
    return [
        rule
        for group in groups
        for rule in group.rules
        if rule.direction == "ingress" and rule.ethertype == ETHERTYPES[family]
    ]


def _said(rules: Sequence[Rule]) -> tuple[ServicePort, ...]:
    """As a spec has them, without what a wider one says already."""
    widest = [rule for rule in rules if not any(_is_wider(one, rule) for one in rules)]
    return in_order(port for rule in widest if (port := service_port(rule)))


def _hearing(group: SecurityGroup, family: Family) -> list[Rule]:
    """The rules that let a member's adverts in (IPv6: from its link-local address)."""
    wanted = [Rule("ingress", ETHERTYPES[family], VRRP, remote_group_id=group.id)]
    if family == 6:
        wanted.append(Rule("ingress", ETHERTYPES[family], VRRP, remote_ip_prefix=LINK_LOCAL))
    return [rule for rule in group.rules if any(admits(rule, one) for one in wanted)]


def _rank(group: SecurityGroup, family: Family) -> tuple[bool, bool]:
    return min(
        (rule.protocol in (None, "any", "-1"), rule.remote_group_id is None)
        for rule in _hearing(group, family)
    )


def _is_wider(rule: Rule, other: Rule) -> bool:
    return service_port(rule) is not None and admits(rule, other) and not admits(other, rule)
