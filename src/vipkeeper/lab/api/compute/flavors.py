"""Flavors: what a server could be given. Nothing here limits an instance by one."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.compute import refusals
from vipkeeper.lab.api.compute.records import Flavor
from vipkeeper.lab.api.compute.requests import FlavorRequest
from vipkeeper.lab.api.compute.views import flavor_view
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.operations import INTEGER, OBJECT, STRING, Operation, keyed, several
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, inside, nothing, read

_FLAVOR = keyed(id=STRING, name=STRING, vcpus=INTEGER, ram=INTEGER, disk=INTEGER)


class Flavors:
    """The paths of flavors; ``url`` is Nova's, for links."""

    def __init__(self, controller: Controller, url: str) -> None:
        self._controller = controller
        self._url = url

    def operations(self) -> Iterator[Operation]:
        path, every, one = "/v2.1/flavors", keyed(flavors=several(_FLAVOR)), keyed(flavor=_FLAVOR)
        wanted = keyed(flavor=FlavorRequest)
        yield Operation("GET", path, self._flavors, every)
        yield Operation("POST", path, self._create_flavor, one, 200, wanted, (403, 409))
        yield Operation("GET", f"{path}/detail", self._flavors, every)
        yield Operation("GET", f"{path}/{{id}}", self._flavor, one)
        yield Operation("DELETE", f"{path}/{{id}}", self._delete_flavor, status=202, refuses=(403,))
        specs = f"{path}/{{id}}/os-extra_specs"
        yield Operation("GET", specs, self._extra_specs, keyed(extra_specs=OBJECT))

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    async def _flavors(self, request: Request) -> Response:
        self._context(request)
        flavors = self._controller.state.all(Flavor)
        return answer({"flavors": [flavor_view(one, self._url) for one in flavors]})

    async def _flavor(self, request: Request) -> Response:
        self._context(request)
        return answer({"flavor": flavor_view(self._find_flavor(request), self._url)})

    async def _create_flavor(self, request: Request) -> Response:
        context = self._context(request)
        body = inside(await read(request), "flavor", FlavorRequest)
        if not context.is_admin:
            raise refusals.policy("os_compute_api:os-flavor-manage:create")

        def prepare(change: Change) -> Flavor:
            for one in change.all(Flavor):
                if body.name == one.name or body.id == one.id:
                    raise refusals.conflict(f"Flavor with name {body.name} already exists.")
            flavor = Flavor(
                id=body.id if body.id not in (None, "", "auto") else new_id(),
                name=body.name,
                vcpus=body.vcpus,
                ram_mb=body.ram,
                disk_gb=body.disk,
            )
            change.put(flavor)
            return flavor

        flavor = await self._controller.change(prepare)
        return answer({"flavor": flavor_view(flavor, self._url)})

    async def _delete_flavor(self, request: Request) -> Response:
        if not self._context(request).is_admin:
            raise refusals.policy("os_compute_api:os-flavor-manage:delete")
        flavor = self._find_flavor(request)
        await self._controller.change(lambda change: change.delete(flavor))
        return nothing(202)

    async def _extra_specs(self, request: Request) -> Response:
        self._context(request)
        self._find_flavor(request)
        return answer({"extra_specs": {}})

    def _find_flavor(self, request: Request) -> Flavor:
        flavor = self._controller.state.find(Flavor, request.path_params["id"])
        if flavor is None:
            raise refusals.not_found("Flavor", request.path_params["id"])
        return flavor
