"""A server's metadata: ``openstack server set --property``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.compute import refusals, servers
from vipkeeper.lab.api.compute.requests import MetadataRequest, MetaRequest
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.operations import OBJECT, Operation, keyed
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, checked, nothing, read

MAX_ITEMS = 128
"""nova.conf [quota] metadata_items."""

_Items = dict[str, str]


class Metadata:
    """The paths below ``/servers/{id}/metadata``."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def operations(self) -> Iterator[Operation]:
        path, every, one = "/v2.1/servers/{id}/metadata", keyed(metadata=OBJECT), keyed(meta=OBJECT)
        yield Operation("GET", path, self._show, every)
        yield Operation("POST", path, self._add, every, 200, MetadataRequest, (403,))
        yield Operation("PUT", path, self._replace, every, 200, MetadataRequest, (403,))
        path = f"{path}/{{key}}"
        yield Operation("GET", path, self._show_one, one)
        yield Operation("PUT", path, self._set_one, one, 200, MetaRequest, (403,))
        yield Operation("DELETE", path, self._remove_one, status=204)

    async def _show(self, request: Request) -> Response:
        return answer({"metadata": dict(self._items(request))})

    async def _add(self, request: Request) -> Response:
        body = checked(await read(request), MetadataRequest)
        return answer({"metadata": await self._change(request, lambda had: had | body.metadata)})

    async def _replace(self, request: Request) -> Response:
        body = checked(await read(request), MetadataRequest)
        return answer({"metadata": await self._change(request, lambda _: dict(body.metadata))})

    async def _show_one(self, request: Request) -> Response:
        key, items = request.path_params["key"], self._items(request)
        if key not in items:
            raise refusals.no_metadata_item()
        return answer({"meta": {key: items[key]}})

    async def _set_one(self, request: Request) -> Response:
        body = checked(await read(request), MetaRequest)
        if [*body.meta] != [request.path_params["key"]]:
            raise refusals.bad_request("Request body and URI mismatch")
        await self._change(request, lambda had: had | body.meta)
        return answer({"meta": body.meta})

    async def _remove_one(self, request: Request) -> Response:
        key = request.path_params["key"]

        def without(had: _Items) -> _Items:
            if key not in had:
                raise refusals.no_metadata_item()
            return {name: value for name, value in had.items() if name != key}

        await self._change(request, without)
        return nothing()

    def _items(self, request: Request) -> Mapping[str, str]:
        context = self._controller.context(request.headers.get("X-Auth-Token"))
        return servers.get(self._controller.state, request.path_params["id"], context).metadata

    async def _change(self, request: Request, become: Callable[[_Items], _Items]) -> _Items:
        context = self._controller.context(request.headers.get("X-Auth-Token"))

        def prepare(change: Change) -> _Items:
            server = servers.get(change, request.path_params["id"], context)
            items = become(dict(server.metadata))
            if len(items) > MAX_ITEMS:
                raise refusals.forbidden(f"Maximum number of metadata items exceeds {MAX_ITEMS}")
            values = {"metadata": items, "updated_at": change.now}
            change.put(server.model_copy(update=values))
            return items

        return await self._controller.change(prepare)
