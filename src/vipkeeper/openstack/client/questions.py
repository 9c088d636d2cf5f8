"""Questions to a cloud, each a bounded number of requests: what looks for a virtual IP asks them.

The number does not depend on how much there is in the cloud, nor on how many members a virtual IP
has but for their servers: Nova is asked for each, since no filter of its takes several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from vipkeeper.errors import CloudError
from vipkeeper.openstack.back_end import TELLING_OWNERS
from vipkeeper.openstack.client import answers
from vipkeeper.openstack.client.calls import COMPUTE, Calls, Query, segment
from vipkeeper.openstack.client.cloud_errors import is_no_service
from vipkeeper.openstack.resources import (
    FloatingIp,
    Network,
    Port,
    Quota,
    SecurityGroup,
    Server,
    ServerGroup,
    Subnet,
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the token's project and roles; None and none without Keystone."""

    project_id: str | None
    roles: frozenset[str]

    @property
    def own(self) -> Query:
        """Only what is the project's: an admin is shown everybody's."""
        return [("project_id", self.project_id)] if self.project_id else []


def asker(calls: Calls) -> Asker:
    access = calls.access()
    if access is None:
        return Asker(None, frozenset())
    return Asker(access.project_id, frozenset(access.role_names))


def extensions(calls: Calls) -> frozenset[str]:
    found = calls.listed("/extensions", "extensions", [("fields", "alias")])
    return frozenset(str(one.get("alias")) for one in found if isinstance(one, dict))


def is_id(name: str) -> bool:
    """Whether it is written as IDs are: Neutron's and Nova's are UUIDs."""
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False


def networks(calls: Calls, name: str, query: Query = ()) -> tuple[Network, ...]:
    """Those that the name or ID may mean."""
    key = "id" if is_id(name) else "name"
    found = calls.listed("/networks", "networks", [*query, (key, name)])
    if not found and key == "id":
        found = calls.listed("/networks", "networks", [*query, ("name", name)])
    return answers.read(answers.network, found)


def networks_of(calls: Calls, ids: Iterable[str]) -> tuple[Network, ...]:
    return answers.read(answers.network, calls.choose("/networks", "networks", "id", ids))


def external_networks(calls: Calls, name: str | None) -> tuple[Network, ...]:
    query = [("router:external", "True")]
    if name is not None:
        return networks(calls, name, query)
    return answers.read(answers.network, calls.listed("/networks", "networks", query))


def subnets(calls: Calls, networks: Iterable[str]) -> tuple[Subnet, ...]:
    found = calls.choose("/subnets", "subnets", "network_id", networks)
    return answers.read(answers.subnet, found)


def ports(calls: Calls, query: Query) -> tuple[Port, ...]:
    return answers.read(answers.port, calls.listed("/ports", "ports", query))


def ports_by(calls: Calls, key: str, values: Iterable[str], query: Query) -> tuple[Port, ...]:
    return answers.read(answers.port, calls.choose("/ports", "ports", key, values, query))


def owners(calls: Calls, networks: Query) -> tuple[str, ...]:
    """What tells of the back end; see :attr:`~vipkeeper.openstack.found.Found.owners`."""
    if not networks:
        return ()
    telling = [("device_owner", owner) for owner in TELLING_OWNERS]
    found = calls.listed("/ports", "ports", [*networks, *telling, ("fields", "device_owner")])
    return tuple(sorted({str(one["device_owner"]) for one in found if "device_owner" in one}))


def groups(calls: Calls, query: Query) -> tuple[SecurityGroup, ...]:
    found = calls.listed("/security-groups", "security_groups", query)
    return answers.read(answers.group, found)


def groups_of(calls: Calls, ids: Iterable[str]) -> tuple[SecurityGroup, ...]:
    found = calls.choose("/security-groups", "security_groups", "id", ids)
    return answers.read(answers.group, found)


def groups_named(calls: Calls, name: str) -> tuple[SecurityGroup, ...]:
    """Those that a name or an ID may mean, other projects' that are shared among them."""
    return groups(calls, [("id" if is_id(name) else "name", name)])


def floating_ips(calls: Calls, query: Query) -> tuple[FloatingIp, ...]:
    found = calls.listed("/floatingips", "floatingips", query, what="floating IPs")
    return answers.read(answers.floating_ip, found)


def floating_ips_of(calls: Calls, ports: Iterable[str]) -> tuple[FloatingIp, ...]:
    found = calls.choose("/floatingips", "floatingips", "port_id", ports)
    return answers.read(answers.floating_ip, found)


def servers_named(calls: Calls, names: Iterable[str]) -> tuple[Server, ...]:
    """One request each: over MySQL Nova's regular expressions have no ``a|b``.

    nova/db/main/api.py, ``_safe_regex_mysql``. Nor is there regard to case there.
    """
    found = []
    for name in dict.fromkeys(names):
        pattern = re.sub(r"[^\w-]", ".", name)  # databases escape differently
        query = [("name", f"^{pattern}$")]
        views = calls.listed("/servers/detail", "servers", query, service=COMPUTE)
        found += [view for view in views if view.get("name") == name]
    return answers.read(answers.server, found)


def servers_of(calls: Calls, ids: Iterable[str]) -> tuple[Server, ...]:
    """One request each; those of other projects are not found, nor any without a Nova."""
    found = []
    for id in dict.fromkeys(ids):
        path = f"/servers/{segment(id)}"
        try:
            view = calls.one(f"look at server {id}", "GET", path, "server", service=COMPUTE)
        except CloudError as error:
            if is_no_service(error):
                return ()
            if error.status not in (403, 404):
                raise
        else:
            found.append(view)
    return answers.read(answers.server, found)


def all_servers(calls: Calls) -> tuple[Server, ...]:
    try:
        found = calls.listed("/servers/detail", "servers", service=COMPUTE)
    except CloudError as error:
        if is_no_service(error):
            return ()
        raise
    return answers.read(answers.server, found)


def server_groups(calls: Calls) -> tuple[ServerGroup, ...]:
    """None where there is no Nova, or they may not be seen."""
    try:
        found = calls.listed("/os-server-groups", "server_groups", service=COMPUTE)
    except CloudError as error:
        if is_no_service(error) or error.status in (403, 404):
            return ()
        raise
    return answers.read(answers.server_group, found)


def quotas(calls: Calls, project: str | None) -> dict[str, Quota]:
    """Empty where they may not be seen, or the cloud does not tell them."""
    if project is None:
        return {}
    path = f"/quotas/{segment(project)}/details"
    try:
        view = calls.one("look at the quotas", "GET", path, "quota")
    except CloudError as error:
        if error.status in (403, 404):
            return {}
        raise
    try:
        return answers.quotas(view)
    except (KeyError, TypeError):
        return {}  # quotas of another kind, with another plugin's words
