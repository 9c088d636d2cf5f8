"""Neutron's kinds of resources, each with what makes, changes and deletes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vipkeeper.lab.api.compute import servers
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import (
    floating_ips,
    networks,
    ports,
    requests,
    routers,
    security_groups,
    subnets,
)
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.fields import Body
from vipkeeper.lab.api.network.records import (
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.operations import Schema, shown
from vipkeeper.lab.api.records import Resource
from vipkeeper.lab.api.state import Change

Maker = Callable[[Change, Any, Context], Resource]
Changer = Callable[[Change, str, Any, Context], Resource]
Deleter = Callable[[Change, str, Context], None]


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of resource, as its paths see it.

    Attributes:
        name: the key of one in bodies, as ``security_group``.
        path: of all of them, as ``security-groups``.
        change: None where what is made cannot be changed.
        hidden: what is kept of one and not shown, or not under its name.
    """

    name: str
    path: str
    kind: type[Resource]
    request: type[Body]
    make: Maker
    body_of_change: type[Body] | None
    change: Changer | None
    delete: Deleter
    hidden: tuple[str, ...] = ()

    @property
    def plural(self) -> str:
        return f"{self.name}s"

    def schema(self) -> Schema:
        """What is shown of one, as far as the record itself tells."""
        names = {
            name: field.alias
            for name, field in self.request.model_fields.items()
            if field.alias is not None
        }
        return shown(self.kind, names, self.hidden)


def collections(back_end: BackEnd) -> tuple[Collection, ...]:
    return (
        Collection(
            "network",
            "networks",
            Network,
            requests.NetworkRequest,
            networks.create,
            requests.NetworkChange,
            networks.update,
            networks.delete,
        ),
        Collection(
            "subnet",
            "subnets",
            Subnet,
            requests.SubnetRequest,
            lambda change, body, who: subnets.create(change, body, who, back_end),
            requests.SubnetChange,
            lambda change, id, body, who: subnets.update(change, id, body, who, back_end),
            lambda change, id, who: subnets.delete(change, id, who, back_end),
        ),
        Collection(
            "port",
            "ports",
            Port,
            requests.PortRequest,
            ports.create,
            requests.PortChange,
            lambda change, id, body, who: ports.update(change, id, body, who, back_end),
            _delete_port,
        ),
        Collection(
            "router",
            "routers",
            Router,
            requests.RouterRequest,
            lambda change, body, who: routers.create(change, body, who, back_end),
            requests.RouterChange,
            routers.update,
            routers.delete,
            hidden=("gateway_port_id", "external_network_id", "enable_snat"),
        ),
        Collection(
            "floatingip",
            "floatingips",
            FloatingIP,
            requests.FloatingIPRequest,
            floating_ips.create,
            requests.FloatingIPChange,
            floating_ips.update,
            floating_ips.delete,
            # openstacksdk would take a name for the address.
            hidden=("floating_port_id", "name"),
        ),
        Collection(
            "security_group",
            "security-groups",
            SecurityGroup,
            requests.SecurityGroupRequest,
            security_groups.create,
            requests.SecurityGroupChange,
            security_groups.update,
            security_groups.delete,
        ),
        Collection(
            "security_group_rule",
            "security-group-rules",
            SecurityGroupRule,
            requests.RuleRequest,
            security_groups.create_rule,
            None,
            None,
            security_groups.delete_rule,
            hidden=("name", "tags"),
        ),
    )


def _delete_port(change: Change, id: str, context: Context) -> None:
    """A server that has it is told, as Neutron tells Nova (network-vif-deleted)."""
    ports.delete(change, id, context)
    servers.forget_port(change, id)
