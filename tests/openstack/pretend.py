"""A cloud of values: plans are carried out on it, request by request, and may be cut off anywhere.

It answers as Neutron does where that matters to a plan: descriptions come with the creating
request, tags later, one by one; a second port with one address, a second floating IP to one port, a
rule that is there already and the deletion of a group in use are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_address
from typing import Any

from tests.openstack.clouds import PROJECT
from tests.openstack.seen import by_name, by_spec
from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.rules import admits
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
    VipPair,
)
from vipkeeper.openstack.resources import (
    AddressPair,
    FixedIp,
    FloatingIp,
    Port,
    Rule,
    SecurityGroup,
    ServerGroup,
)

MOST_PAIRS = 10

Requests = Iterator[str]
"""What each request was, after it has been carried out."""


class RefusedError(Exception):
    """The cloud says no: by Neutron's type."""


@dataclass
class PretendCloud:
    """Everything that there is, of which only a part is seen (``seen.py``).

    Attributes:
        everything: unfiltered.
        made: how many things have been made here: IDs and times follow from it.
    """

    everything: Found
    made: int = 0

    def look(self, spec: VipSpec) -> Found:
        return by_spec(self.everything, spec)

    def look_for(self, name: str) -> Found:
        return by_name(self.everything, name)

    def carry_out(self, step: Step, made: Made) -> Requests:
        """The requests of a step, one at a time."""
        match step:
            case CreateGroup():
                yield from self._create_group(step, made)
            case CreateRule():
                self._create_rule(step, made)
                yield "POST rule"
            case CreateServerGroup():
                made.server_group = self._new_id("server-group")
                group = ServerGroup(made.server_group, step.name, step.policy)
                self._add("server_groups", group)
                yield "POST server group"
            case CreatePort():
                yield from self._create_port(step, made)
            case ChangePort():
                yield from self._change_port(step, made)
            case CreateFloatingIp():
                yield from self._create_floating_ip(step, made)
            case ChangeFloatingIp():
                yield from self._change_floating_ip(step, made)
            case ChangeGroup():
                yield from self._tag("groups", step.id, add=step.add_tags)
                yield from self._tag("groups", step.id, remove=step.remove_tags)
            case Delete():
                self._delete(step)
                yield f"DELETE {step.kind}"

    def _create_group(self, step: CreateGroup, made: Made) -> Requests:
        made.group = self._new_id("group")
        egress = tuple(
            Rule("egress", ethertype, id=self._new_id("rule")) for ethertype in ("IPv4", "IPv6")
        )
        group = SecurityGroup(
            made.group, step.name, PROJECT, egress, step.description, created_at=self._now()
        )
        self._add("groups", group)
        yield "POST group"
        self._set("groups", made.group, lambda one: replace(one, tags=step.tags))
        yield "PUT tags of group"

    def _create_rule(self, step: CreateRule, made: Made) -> None:
        group = self._one("groups", _group(step.group, made))
        remote = step.rule.remote_group_id
        rule = replace(
            step.rule,
            id=self._new_id("rule"),
            remote_group_id=_group(remote, made) if remote else None,
        )
        if any(admits(one, rule) and admits(rule, one) for one in group.rules):
            raise RefusedError("SecurityGroupRuleExists")
        self._set("groups", group.id, lambda one: replace(one, rules=(*one.rules, rule)))

    def _create_port(self, step: CreatePort, made: Made) -> Requests:
        network = next(one for one in self.everything.networks if one.id == step.network_id)
        subnet = next(one for one in self.everything.subnets if one.id == step.subnet_id)
        taken = {fixed.address for port in self.everything.ports for fixed in port.fixed_ips}
        if step.address in taken:
            raise RefusedError("IpAddressAlreadyAllocated")
        # Another one each time, as a cloud does: nobody may rely on getting the same again.
        first = int(subnet.cidr.network_address) + 160 + self.made % 30
        free = (ip_address(number) for number in range(first, first + 50))
        address = step.address or next(one for one in free if one not in taken)
        assert address in subnet.cidr
        if step.groups and not network.port_security_enabled:
            raise RefusedError("PortSecurityAndIPRequiredForSecurityGroups")
        port = Port(
            id=self._new_id("port"),
            name=step.name,
            network_id=network.id,
            project_id=PROJECT,
            mac_address=f"fa:16:3e:ff:00:{self.made:02x}",
            fixed_ips=(FixedIp(subnet.id, address),),
            security_groups=tuple(_group(one, made) for one in step.groups),
            port_security_enabled=network.port_security_enabled,
            description=step.description,
            created_at=self._now(),
        )
        self._add("ports", port)
        made.ports[step.family] = port.id
        made.addresses[step.family] = address
        yield "POST port"
        tags = step.tags
        if made.server_group:
            tags = (*tags, marks.server_group_tag(made.server_group))
        self._set("ports", port.id, lambda one: replace(one, tags=tags))
        yield "PUT tags of port"

    def _change_port(self, step: ChangePort, made: Made) -> Requests:
        yield from self._tag("ports", step.port_id, add=step.add_tags)
        self._set("ports", step.port_id, lambda port: _changed(port, step, made, self))
        yield f"PUT port {step.label}"
        yield from self._tag("ports", step.port_id, remove=step.remove_tags)

    def _create_floating_ip(self, step: CreateFloatingIp, made: Made) -> Requests:
        port = self._one("ports", made.ports[step.family])
        taken = {one.address for one in self.everything.floating_ips}
        free = (f"99.88.128.{number}" for number in range(100, 200))
        address = (
            str(step.address) if step.address else next(one for one in free if one not in taken)
        )
        if address in taken:
            raise RefusedError("IpAddressAlreadyAllocated")
        self._free_for(port, step.network_id)
        one = FloatingIp(
            self._new_id("floating"),
            address,
            step.network_id,
            PROJECT,
            description=step.description,
        )
        self._add("floating_ips", replace(one, **_leading_to(port)))
        yield "POST floating IP"
        self._set("floating_ips", one.id, lambda this: replace(this, tags=step.tags))
        yield "PUT tags of floating IP"

    def _change_floating_ip(self, step: ChangeFloatingIp, made: Made) -> Requests:
        yield from self._tag("floating_ips", step.id, add=step.add_tags)
        if isinstance(step.lead_to, str):
            self._set("floating_ips", step.id, lambda one: replace(one, **_leading_to(None)))
            yield "PUT floating IP"
        elif step.lead_to is not None:
            port = self._one("ports", made.ports[step.lead_to])
            self._free_for(port, self._one("floating_ips", step.id).network_id, but=step.id)
            self._set("floating_ips", step.id, lambda one: replace(one, **_leading_to(port)))
            yield "PUT floating IP"
        yield from self._tag("floating_ips", step.id, remove=step.remove_tags)

    def _free_for(self, port: Port, network_id: str, *, but: str = "") -> None:
        for one in self.everything.floating_ips:
            if (one.port_id, one.network_id) == (port.id, network_id) and one.id != but:
                raise RefusedError("FloatingIPPortAlreadyAssociated")

    def _delete(self, step: Delete) -> None:
        all_ = self.everything
        match step.kind:
            case "port":
                self._drop("ports", step.id)
                self.everything = replace(
                    self.everything,
                    floating_ips=tuple(
                        replace(one, **_leading_to(None)) if one.port_id == step.id else one
                        for one in all_.floating_ips
                    ),
                )
            case "floating IP":
                self._drop("floating_ips", step.id)
            case "server group":
                self._drop("server_groups", step.id)
            case "security group":
                if any(step.id in port.security_groups for port in all_.ports):
                    raise RefusedError("SecurityGroupInUse")
                self._drop("groups", step.id)
            case "rule":
                groups = tuple(
                    replace(one, rules=tuple(rule for rule in one.rules if rule.id != step.id))
                    for one in all_.groups
                )
                self.everything = replace(all_, groups=groups)
            case kind:
                raise AssertionError(kind)

    def _tag(
        self, kind: str, id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()
    ) -> Requests:
        for tag in add:
            self._set(kind, id, partial(_with_tag, tag=tag))
            yield f"PUT tag {tag}"
        for tag in remove:
            self._set(kind, id, partial(_without_tag, tag=tag))
            yield f"DELETE tag {tag}"

    def _new_id(self, kind: str) -> str:
        self.made += 1
        return f"made{self.made:04}-{kind}"

    def _now(self) -> str:
        return f"2026-03-02T10:{self.made // 60 % 60:02}:{self.made % 60:02}Z"

    def _one(self, kind: str, id: str) -> Any:
        found: list[Any] = [one for one in getattr(self.everything, kind) if one.id == id]
        if not found:
            raise RefusedError(f"NotFound: {id}")
        return found[0]

    def _set(self, kind: str, id: str, change: Callable[[Any], Any]) -> None:
        self._one(kind, id)
        known = getattr(self.everything, kind)
        self._replace(kind, tuple(change(one) if one.id == id else one for one in known))

    def _add(self, kind: str, thing: object) -> None:
        self._replace(kind, (*getattr(self.everything, kind), thing))

    def _drop(self, kind: str, id: str) -> None:
        known = getattr(self.everything, kind)
        self._replace(kind, tuple(one for one in known if one.id != id))

    def _replace(self, kind: str, things: Any) -> None:
        changed: dict[str, Any] = {kind: things}
        self.everything = replace(self.everything, **changed)


def _with_tag(one: Any, *, tag: str) -> Any:
    return one if tag in one.tags else replace(one, tags=(*one.tags, tag))


def _without_tag(one: Any, *, tag: str) -> Any:
    return replace(one, tags=tuple(other for other in one.tags if other != tag))


def _group(id: str, made: Made) -> str:
    return made.group if id == MADE else id


def _leading_to(port: Port | None) -> dict[str, Any]:
    fixed = port.fixed_ip(4) if port else None
    return {
        "port_id": port.id if port else None,
        "fixed_ip_address": str(fixed.address) if fixed else None,
    }


def _changed(port: Port, step: ChangePort, made: Made, cloud: PretendCloud) -> Port:
    add = [
        AddressPair(str(made.addresses[one.family]), one.mac_address or port.mac_address)
        if isinstance(one, VipPair)
        else one
        for one in step.add_pairs
    ]
    pairs = [one for one in port.allowed_address_pairs if one not in step.remove_pairs]
    pairs += [one for one in add if one not in pairs]
    in_groups = [one for one in port.security_groups if one not in step.remove_groups]
    wanted = [_group(one, made) for one in step.add_groups]
    in_groups += [one for one in wanted if one not in in_groups]
    for id in wanted:
        cloud._one("groups", id)
    if not port.port_security_enabled and (pairs or in_groups):
        raise RefusedError("AddressPairAndPortSecurityRequired")
    if len(pairs) > MOST_PAIRS:
        raise RefusedError("AllowedAddressPairExhausted")
    return replace(
        port,
        allowed_address_pairs=tuple(pairs),
        security_groups=tuple(in_groups),
        description=port.description if step.description is None else step.description,
    )
