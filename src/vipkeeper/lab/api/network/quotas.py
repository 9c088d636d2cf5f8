"""Quotas: how many of each a project may have, and has. Source: neutron/extensions/quotasv2.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import bad_request
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.records import Quota
from vipkeeper.lab.api.network.resources import DEFAULT_QUOTAS, limits, used
from vipkeeper.lab.api.operations import OBJECT, Operation, keyed, several
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, nothing, read

_MAX = 2**31 - 1
_QUOTA = {
    "type": "object",
    "properties": {
        name: {"type": "integer", "minimum": -1, "maximum": _MAX} for name in DEFAULT_QUOTAS
    },
}


class Quotas:
    def __init__(self, controller: Controller, context: Callable[[Request], Context]) -> None:
        self._controller = controller
        self._context = context

    def operations(self) -> Iterator[Operation]:
        path, one = "/v2.0/quotas/{project}", keyed(quota=_QUOTA)
        wanted = keyed(quota={**_QUOTA, "additionalProperties": False})
        detail = {"type": "object", "additionalProperties": OBJECT}
        yield Operation(
            "GET",
            "/v2.0/quotas",
            self.everybodys,
            keyed(quotas=several(_QUOTA)),
            refuses=(403,),
        )
        yield Operation("GET", path, self.show, one, refuses=(403,))
        yield Operation("GET", f"{path}/default", self.defaults, one, refuses=(403,))
        yield Operation("GET", f"{path}/details", self.details, keyed(quota=detail), refuses=(403,))
        yield Operation("PUT", path, self.change, one, 200, wanted, (403,))
        yield Operation("DELETE", path, self.reset, status=204, refuses=(403,))

    async def everybodys(self, request: Request) -> Response:
        """Those that an admin has changed."""
        if not self._context(request).is_admin:
            raise refusals.not_authorized("rule:get_quota")
        state = self._controller.state
        return answer(
            {
                "quotas": [
                    {**limits(state, quota.id), "project_id": quota.id, "tenant_id": quota.id}
                    for quota in state.all(Quota)
                ]
            }
        )

    async def show(self, request: Request) -> Response:
        project = self._project(request, "get_quota")
        return answer({"quota": limits(self._controller.state, project)})

    async def defaults(self, request: Request) -> Response:
        self._project(request, "get_quota")
        return answer({"quota": dict(DEFAULT_QUOTAS)})

    async def details(self, request: Request) -> Response:
        project = self._project(request, "get_quota")
        state = self._controller.state
        return answer(
            {
                "quota": {
                    name: {"limit": limit, "used": used(state, project, name), "reserved": 0}
                    for name, limit in limits(state, project).items()
                }
            }
        )

    async def change(self, request: Request) -> Response:
        project = self._project(request, "update_quota", admin=True)
        body = (await read(request)).get("quota")
        if not isinstance(body, dict):
            raise bad_request("Unable to find 'quota' in request body")
        wanted = {name: _limit(name, value) for name, value in body.items()}

        def prepare(change: Change) -> dict[str, int]:
            before = change.find(Quota, project)
            own = {**(before.limits if before else {}), **wanted}
            change.put(Quota(id=project, limits=own))
            return limits(change, project)

        return answer({"quota": await self._controller.change(prepare)})

    async def reset(self, request: Request) -> Response:
        project = self._project(request, "delete_quota", admin=True)

        def prepare(change: Change) -> None:
            before = change.find(Quota, project)
            if before is not None:
                change.delete(before)

        await self._controller.change(prepare)
        return nothing()

    def _project(self, request: Request, action: str, *, admin: bool = False) -> str:
        context = self._context(request)
        project = str(request.path_params["project"])
        if not (context.is_admin if admin else context.owns(project)):
            raise refusals.not_authorized(f"rule:{action}")
        return project


def _limit(name: str, value: Any) -> int:
    if name not in DEFAULT_QUOTAS:
        raise bad_request(f"Unrecognized attribute(s) '{name}'")
    try:
        known = isinstance(value, int | str) and not isinstance(value, bool)
        limit = int(value) if known else -2
    except ValueError:
        limit = -2
    if not -1 <= limit <= _MAX:
        raise bad_request(f"Invalid input for {name}. Reason: '{value}' is not an integer.")
    return limit
