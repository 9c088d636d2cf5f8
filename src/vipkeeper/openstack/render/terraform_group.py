"""The security group of a virtual IP, and its rules, for Terraform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import ownership, rules
from vipkeeper.openstack.plans.steps import MADE
from vipkeeper.openstack.render.hcl import Block, Expression, Value, identifier, imported
from vipkeeper.openstack.resources import Rule, SecurityGroup

GROUP = "openstack_networking_secgroup_v2"
RULE = "openstack_networking_secgroup_rule_v2"


@dataclass(frozen=True, slots=True)
class Group:
    """Attributes: ``id``: how the group is called by others; None: none is wanted."""

    id: Expression | None
    blocks: tuple[Block, ...] = ()


def group(spec: VipSpec, deployment: Deployment, found: Found) -> Group:
    if not deployment.group_name:
        return Group(None)
    there = next((one for one in found.groups if one.id == deployment.group_id), None)
    if there and not ownership.is_made(spec.name, there):
        # Somebody else's: it is looked up, and gets what it lacks.
        id = Expression(f"data.{GROUP}.vip.id")
        first: tuple[Block, ...] = (Block("data", (GROUP, "vip"), {"secgroup_id": there.id}),)
    else:
        id = Expression(f"{GROUP}.vip.id")
        first = tuple(_resource(deployment, there))
    return Group(id, (*first, *_rules(spec, there, id)))


def _resource(deployment: Deployment, there: SecurityGroup | None) -> Iterator[Block]:
    if there:
        yield imported(f"{GROUP}.vip", there.id)
    yield Block(
        "resource",
        (GROUP, "vip"),
        {
            "name": deployment.group_name,
            "description": there.description if there else f"The virtual IP {deployment.name}",
        },
    )


def _rules(spec: VipSpec, there: SecurityGroup | None, id: Expression) -> Iterator[Block]:
    known = there.id if there else MADE
    named: set[str] = set()
    for rule in rules.wanted(spec, known, egress=False):
        same = _same(rule, there)
        if there and same is None and any(rules.admits(one, rule) for one in there.rules):
            continue  # a wider one is there
        name = _name(rule)
        if name in named:
            name = f"{name}_{len(named)}"
        named.add(name)
        if same:
            yield imported(f"{RULE}.{name}", same.id)
        yield Block("resource", (RULE, name), _attributes(spec, rule, same, id))


def _same(rule: Rule, there: SecurityGroup | None) -> Rule | None:
    rules_there = there.rules if there else ()
    return next(
        (one for one in rules_there if rules.admits(one, rule) and rules.admits(rule, one)), None
    )


def _attributes(
    spec: VipSpec, rule: Rule, same: Rule | None, id: Expression
) -> dict[str, Value | None]:
    return {
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        # Any change makes a rule anew: what is there is written as it is.
        "protocol": same.protocol if same else rule.protocol,
        "port_range_min": rule.port_range_min,
        "port_range_max": rule.port_range_max,
        "remote_ip_prefix": same.remote_ip_prefix if same else rule.remote_ip_prefix,
        "remote_group_id": id if rule.remote_group_id else None,
        "security_group_id": id,
        "description": (same.description or None) if same else f"The virtual IP {spec.name}",
    }


def _name(rule: Rule) -> str:
    """As ``vrrp_4``, ``tcp_80_4``, ``vrrp_link_local_6``."""
    protocol = {rules.VRRP: "vrrp", rules.AH: "ah"}.get(rule.protocol or "", rule.protocol or "any")
    ports = [str(one) for one in dict.fromkeys((rule.port_range_min, rule.port_range_max)) if one]
    prefix = rule.remote_ip_prefix
    source = ["link_local" if prefix == rules.LINK_LOCAL else prefix] if prefix else []
    return identifier("_".join((protocol, *ports, *source, rule.ethertype[-1])))
