"""Whether the members are on different hosts, so that they do not die together."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.choosing import Chosen
from vipkeeper.openstack.plans.ownership import (
    ANTI_AFFINITY,
    empty_server_groups,
    vip_ports,
)
from vipkeeper.openstack.plans.plan import Remark, note, warning
from vipkeeper.openstack.plans.steps import CreateServerGroup, Delete, Step
from vipkeeper.openstack.resources import ServerGroup
from vipkeeper.openstack.words import listed


@dataclass(frozen=True, slots=True)
class Spread:
    """A server group for servers that are still to be made.

    Attributes:
        id: of the group; None if there is none (yet).
        tag: by which a VIP port says that the group is of our making; empty: it says nothing.
        first, last: steps.
    """

    id: str | None = None
    tag: str = ""
    first: tuple[Step, ...] = ()
    last: tuple[Step, ...] = ()


def arranged(spec: VipSpec, chosen: Chosen, found: Found) -> Spread:
    marked = [
        id for port in vip_ports(spec.name, found) if (id := marks.server_group_of(port.tags))
    ]
    if not spec.anti_affinity:
        last = tuple(deleted(id, spec.name, "no longer wanted") for id in dict.fromkeys(marked))
        return Spread(last=last)
    ours = _named(spec, found)
    known = next((one for one in ours if one.id in marked), None)
    current = known or next(iter(ours), None)
    if current is None:
        if all(member.server for member in chosen.members):
            return Spread()
        return Spread(first=(CreateServerGroup(marks.group_name(spec.name), ANTI_AFFINITY),))
    surplus = [one for one in empty_server_groups(spec.name, found) if one.id != current.id]
    # One that has members already, and is not known to be ours, is used, not owned.
    is_ours = current.id in marked or not current.members
    tag = marks.server_group_tag(current.id) if is_ours else ""
    last = tuple(deleted(one.id, spec.name, "made twice") for one in surplus)
    return Spread(current.id, tag, last=last)


def remarks(spec: VipSpec, chosen: Chosen, found: Found) -> list[Remark]:
    """Members on one host, and members that may come to be."""
    hosts: dict[str, list[str]] = {}
    for member in chosen.members:
        if member.server and member.server.host_id:
            hosts.setdefault(member.server.host_id, []).append(member.name)
    said = [_together(spec, names) for names in hosts.values() if len(names) > 1]
    if spec.anti_affinity:
        apart = {
            server
            for group in found.server_groups
            if group.policy in (ANTI_AFFINITY, "soft-anti-affinity")
            for server in group.members
        }
        loose = [
            member.name
            for member in chosen.members
            if member.server and member.server.id not in apart
        ]
        if loose:
            said.append(
                note(
                    "not-in-server-group",
                    f"{listed(loose)}: in no anti-affinity group, so that a later migration may "
                    "bring members together; a server joins one only when it is made",
                    "openstack server create --hint group=ID ...",
                )
            )
    return said


def deleted(id: str, name: str, why: str) -> Delete:
    """Args: ``name``: of the virtual IP."""
    return Delete("server group", id, marks.group_name(name), why)


def _named(spec: VipSpec, found: Found) -> list[ServerGroup]:
    name = marks.group_name(spec.name)
    named = [one for one in found.server_groups if one.name == name and one.policy == ANTI_AFFINITY]
    return sorted(named, key=lambda one: one.id)


def _together(spec: VipSpec, names: list[str]) -> Remark:
    sentence = f"{listed(names)} are on one host: when it fails, they fail together"
    remedy = "let an admin migrate one: openstack server migrate SERVER"
    say = warning if spec.anti_affinity else note
    return say("members-on-one-host", sentence, remedy)
