"""What all of Neutron's resources do alike: found, seen, made, revised, counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.fields import Body
from vipkeeper.lab.api.network.records import (
    FloatingIP,
    Network,
    Port,
    Quota,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.records import Resource
from vipkeeper.lab.api.state import Change, State

AnyResource = TypeVar("AnyResource", bound=Resource)

# neutron/conf/quota.py, and what the recorded Neutron answered; -1 is no limit.
DEFAULT_QUOTAS: Mapping[str, int] = {
    "network": 100,
    "subnet": 100,
    "subnetpool": -1,
    "port": 500,
    "router": 10,
    "floatingip": 50,
    "rbac_policy": 10,
    "security_group": 10,
    "security_group_rule": 100,
}
COUNTED: Mapping[str, type[Resource]] = {
    "network": Network,
    "subnet": Subnet,
    "port": Port,
    "router": Router,
    "floatingip": FloatingIP,
    "security_group": SecurityGroup,
    "security_group_rule": SecurityGroupRule,
}


def get(state: State, kind: type[AnyResource], id: str | None) -> AnyResource:
    """The resource of that id.

    Raises:
        Refusal: there is none; 404 with Neutron's name for it.
    """
    found = state.find(kind, id)
    if found is None:
        raise refusals.not_found(kind.kind, id or "")
    return found


def is_visible(state: State, record: Resource, context: Context) -> bool:
    """Whether who asks knows of it at all: its own, and what is shared or external."""
    if context.owns(record.project_id):
        return True
    if isinstance(record, Network):
        return record.shared or record.external
    if isinstance(record, Subnet):
        network = state.find(Network, record.network_id)
        return network is not None and network.shared
    if isinstance(record, Port):
        network = state.find(Network, record.network_id)
        return network is not None and network.project_id == context.project_id
    if isinstance(record, SecurityGroupRule):
        group = state.find(SecurityGroup, record.security_group_id)
        return group is not None and context.owns(group.project_id)
    return False


def visible(state: State, kind: type[AnyResource], id: str | None, context: Context) -> AnyResource:
    """The resource of that id, as far as who asks may see it.

    Raises:
        Refusal: 404, in both cases alike.
    """
    found = get(state, kind, id)
    if not is_visible(state, found, context):
        raise refusals.not_found(kind.kind, id or "")
    return found


def owned(
    state: State, kind: type[AnyResource], id: str, context: Context, rule: str
) -> AnyResource:
    """The resource of that id, for who may change it.

    Args:
        rule: of Neutron's policy, as ``update_port``.

    Raises:
        Refusal: 404 if it cannot be seen, 403 if it can.
    """
    found = visible(state, kind, id, context)
    if not context.owns(found.project_id):
        raise refusals.not_authorized(f"rule:{rule}")
    return found


def stamp(change: Change, revision: int) -> dict[str, Any]:
    """What a new resource begins with."""
    return {"created_at": change.now, "updated_at": change.now, "revision_number": revision}


def revised(record: AnyResource, change: Change, **values: Any) -> AnyResource:
    """The same resource with other values, one revision on."""
    return record.model_copy(
        update={
            **values,
            "updated_at": change.now,
            "revision_number": record.revision_number + 1,
        }
    )


def revise(change: Change, record: Resource, **values: Any) -> None:
    change.put(revised(record, change, **values))


def project_of(body: Body, context: Context, action: str) -> str:
    """Whose it will be.

    Raises:
        Refusal: somebody else's, and who asks is no admin.
    """
    said = body.given()
    project = str(said.get("project_id") or said.get("tenant_id") or context.project_id)
    if not context.owns(project):
        raise refusals.not_authorized(f"rule:{action}")
    return project


def limits(state: State, project_id: str) -> dict[str, int]:
    own = state.find(Quota, project_id)
    return {**DEFAULT_QUOTAS, **(own.limits if own else {})}


def used(state: State, project_id: str, name: str) -> int:
    kind = COUNTED.get(name)
    if kind is None:
        return 0
    return sum(1 for record in state.all(kind) if record.project_id == project_id)


def check_quota(state: State, project_id: str, name: str, more: int = 1) -> None:
    """Refuse to go over a project's limit."""
    limit = limits(state, project_id)[name]
    if 0 <= limit < used(state, project_id, name) + more:
        raise refusals.over_quota([name])
