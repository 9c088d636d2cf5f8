"""The security group of a virtual IP: its own, or one that is there and is to be used."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import rules
from vipkeeper.openstack.plans.choosing import Chosen
from vipkeeper.openstack.plans.ownership import is_made, own_groups, own_tags, used_groups
from vipkeeper.openstack.plans.steps import (
    MADE,
    ChangeGroup,
    CreateGroup,
    CreateRule,
    Delete,
    Step,
)
from vipkeeper.openstack.resources import Port, Rule, SecurityGroup


@dataclass(frozen=True, slots=True)
class Groups:
    """What there is.

    Attributes:
        name: of the one that is wanted.
        current: None: it is to be made, or none is wanted.
        is_wanted: a group does nothing where no member's port is filtered.
        surplus: of our making, and not wanted (any more).
        former: of others, with marks of ours.
    """

    name: str
    current: SecurityGroup | None
    is_wanted: bool
    surplus: tuple[SecurityGroup, ...]
    former: tuple[SecurityGroup, ...]

    @property
    def id(self) -> str | None:
        """Of the one that ports are to have: an ID, or MADE."""
        if not self.is_wanted:
            return None
        return self.current.id if self.current else MADE


def sorted_out(spec: VipSpec, chosen: Chosen, found: Found) -> Groups:
    is_wanted = any(member.port.port_security_enabled for member in chosen.members)
    own = own_groups(spec.name, found)
    current = chosen.group or next(iter(own), None)
    if not is_wanted:
        current = None
    return Groups(
        current.name if current else marks.group_name(spec.name),
        current,
        is_wanted,
        tuple(one for one in own if current is None or one.id != current.id),
        tuple(
            one for one in used_groups(spec.name, found) if current is None or one.id != current.id
        ),
    )


def prepared(spec: VipSpec, groups: Groups) -> list[Step]:
    """The steps by which the group is there, with its rules."""
    if not groups.is_wanted:
        return []
    tag = marks.tag(spec.name)
    current = groups.current
    if current is None:
        description = marks.description(spec.name)
        wanted = rules.wanted(spec, MADE, egress=False)
        return [
            CreateGroup(groups.name, description, (tag,)),
            *(CreateRule(MADE, groups.name, rule) for rule in wanted),
        ]
    steps: list[Step] = []
    if tag not in current.tags:
        steps.append(ChangeGroup(current.id, current.name, add_tags=(tag,)))
    wanted = rules.wanted(spec, current.id, egress=is_made(spec.name, current))
    missing = rules.missing(wanted, current, spec.name)
    steps += [CreateRule(current.id, current.name, rule) for rule in missing]
    return steps + _without(rules.obsolete(wanted, current, spec.name), current, "no longer wanted")


def cleared(spec: VipSpec, groups: Groups) -> list[Step]:
    """The steps by which groups that are not wanted any more are let go, once no port has them."""
    steps: list[Step] = []
    for group in groups.former:
        steps += released(spec.name, group)
    why = "made twice" if groups.current else "no longer wanted"
    if groups.current and not is_made(spec.name, groups.current):
        why = "no longer wanted"
    steps += [Delete("security group", one.id, one.name, why) for one in groups.surplus]
    return steps


def released(name: str, group: SecurityGroup) -> list[Step]:
    """A group of somebody else's, without what we put into it."""
    ours = tuple(one for one in group.rules if marks.is_made_for(name, one.description))
    steps: list[Step] = [*_without(ours, group, "")]
    tags = own_tags(name, group.tags)
    if tags:
        steps.append(ChangeGroup(group.id, group.name, remove_tags=tags))
    return steps


def on_port(name: str, port: Port, groups: Groups) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups that a port lacks, and those that it has by us and is not to have."""
    add: tuple[str, ...] = ()
    if groups.id and port.port_security_enabled and groups.id not in port.security_groups:
        add = (groups.id,)
    return add, groups_by_us(name, port, groups.surplus, keep=groups.id)


def groups_by_us(
    name: str, port: Port, own: tuple[SecurityGroup, ...], *, keep: str | None = None
) -> tuple[str, ...]:
    """The groups of a port that we have put there, but for one."""
    made = {one.id for one in own}
    return tuple(
        id
        for id in port.security_groups
        if id != keep and (id in made or marks.member_tag(name, marks.group(id)) in port.tags)
    )


def tags_of_port(name: str, port: Port, groups: Groups, add: tuple[str, ...]) -> tuple[str, ...]:
    """How a port is to say which of its groups is there by us, and was not made by us."""
    current = groups.current
    if current is None or is_made(name, current):
        return ()
    tag = marks.member_tag(name, marks.group(current.id))
    return (tag,) if current.id in add or tag in port.tags else ()


def _without(ours: tuple[Rule, ...], group: SecurityGroup, why: str) -> list[Step]:
    return [Delete("rule", rule.id, f"{said(rule)} of {group.name}", why) for rule in ours]


def said(rule: Rule) -> str:
    """A rule, as a person reads it: ``ingress tcp 80``."""
    protocol = {"112": "VRRP", "51": "AH", None: "any"}.get(rule.protocol, rule.protocol)
    if rule.ethertype == "IPv6":
        protocol = f"{protocol} (IPv6)"
    ports = ""
    if rule.port_range_min is not None:
        low, high = rule.port_range_min, rule.port_range_max
        ports = f" {low}" if high in (None, low) else f" {low}-{high}"
    source = f" from {rule.remote_ip_prefix}" if rule.remote_ip_prefix else ""
    return f"{rule.direction} {protocol}{ports}{source}"
