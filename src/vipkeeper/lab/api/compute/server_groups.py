"""Server groups: kept and shown; on the lab's only host no policy moves a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.compute import refusals
from vipkeeper.lab.api.compute.records import Server, ServerGroup
from vipkeeper.lab.api.compute.requests import ServerGroupRequest
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.operations import STRING, Operation, keyed, several
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.wire import answer, inside, nothing, read

_POLICIES = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")
_GROUP = keyed(
    id=STRING, name=STRING, policy=STRING, policies=several(STRING), members=several(STRING)
)


class ServerGroups:
    """The paths of server groups."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def operations(self) -> Iterator[Operation]:
        path, one = "/v2.1/os-server-groups", keyed(server_group=_GROUP)
        wanted = keyed(server_group=ServerGroupRequest)
        yield Operation("GET", path, self._server_groups, keyed(server_groups=several(_GROUP)))
        yield Operation("POST", path, self._create_server_group, one, 200, wanted)
        yield Operation("GET", f"{path}/{{id}}", self._server_group, one)
        yield Operation("DELETE", f"{path}/{{id}}", self._delete_server_group, status=204)

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    async def _server_groups(self, request: Request) -> Response:
        context = self._context(request)
        groups = (
            group
            for group in self._controller.state.all(ServerGroup)
            if group.project_id == context.project_id
        )
        return answer({"server_groups": [self._group_view(group) for group in groups]})

    async def _server_group(self, request: Request) -> Response:
        return answer({"server_group": self._group_view(self._find_group(request))})

    async def _create_server_group(self, request: Request) -> Response:
        context = self._context(request)
        body = inside(await read(request), "server_group", ServerGroupRequest)
        policy = body.policy or (body.policies[0] if body.policies else "")
        if policy not in _POLICIES:
            raise refusals.bad_request(
                f"Invalid input for field/attribute policies. Value: {policy}. It is none of"
                f" {', '.join(_POLICIES)}"
            )
        group = ServerGroup(
            id=new_id(),
            project_id=context.project_id,
            user_id=context.user_id,
            name=body.name,
            policy=policy,
        )
        await self._controller.change(lambda change: change.put(group))
        return answer({"server_group": self._group_view(group)})

    async def _delete_server_group(self, request: Request) -> Response:
        group = self._find_group(request)
        await self._controller.change(lambda change: change.delete(group))
        return nothing()

    def _find_group(self, request: Request) -> ServerGroup:
        context = self._context(request)
        group = self._controller.state.find(ServerGroup, request.path_params["id"])
        if group is None or not context.owns(group.project_id):
            raise refusals.not_found("Instance group", request.path_params["id"])
        return group

    def _group_view(self, group: ServerGroup) -> dict[str, Any]:
        members = self._controller.state.where(Server, lambda one: one.group_id == group.id)
        return {
            "id": group.id,
            "name": group.name,
            "policies": [group.policy],
            "policy": group.policy,
            "rules": {},
            "members": [server.id for server in members],
            "metadata": {},
            "project_id": group.project_id,
            "user_id": group.user_id,
        }
