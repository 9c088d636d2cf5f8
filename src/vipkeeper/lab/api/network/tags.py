"""Tags of Neutron's resources, the extension standard-attr-tag."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.collections import Collection
from vipkeeper.lab.api.network.requests import TagsRequest
from vipkeeper.lab.api.network.resources import owned, revised, visible
from vipkeeper.lab.api.operations import STRING, Operation, keyed, several
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, checked, nothing, read


class Tags:
    """The paths of tags."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def operations(self, one: Collection) -> Iterator[Operation]:
        path, tags = f"/v2.0/{one.path}/{{id}}/tags", keyed(tags=several(STRING))
        yield Operation("GET", path, self._show(one), tags)
        yield Operation("PUT", path, self._replace_tags(one), tags, 200, TagsRequest, (403,))
        yield Operation("DELETE", path, self._clear_tags(one), status=204, refuses=(403,))
        path = f"{path}/{{tag}}"
        yield Operation("GET", path, self._has_tag(one), status=204)
        yield Operation("PUT", path, self._add_tag(one), status=201, refuses=(400, 403))
        yield Operation("DELETE", path, self._remove_tag(one), status=204, refuses=(403,))

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    def _show(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            context = self._context(request)
            record = visible(self._controller.state, one.kind, request.path_params["id"], context)
            return answer({"tags": list(record.tags)})

        return serve

    def _replace_tags(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            wanted = checked(await read(request), TagsRequest)
            tags = await self._retag(one, request, lambda _: tuple(dict.fromkeys(wanted.tags)))
            return answer({"tags": list(tags)})

        return serve

    def _clear_tags(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            await self._retag(one, request, lambda _: ())
            return nothing()

        return serve

    def _has_tag(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            context = self._context(request)
            tag = _tag(request)
            record = visible(self._controller.state, one.kind, request.path_params["id"], context)
            if tag not in record.tags:
                raise refusals.tag_not_found(tag)
            return nothing()

        return serve

    def _add_tag(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            tag = _tag(request)
            checked({"tags": [tag]}, TagsRequest)
            await self._retag(one, request, lambda tags: tuple(dict.fromkeys((*tags, tag))))
            return nothing(201)

        return serve

    def _remove_tag(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            tag = _tag(request)

            def without(tags: tuple[str, ...]) -> tuple[str, ...]:
                if tag not in tags:
                    raise refusals.tag_not_found(tag)
                return tuple(one for one in tags if one != tag)

            await self._retag(one, request, without)
            return nothing()

        return serve

    async def _retag(
        self,
        one: Collection,
        request: Request,
        retag: Callable[[tuple[str, ...]], tuple[str, ...]],
    ) -> tuple[str, ...]:
        context = self._context(request)

        def prepare(change: Change) -> tuple[str, ...]:
            id, rule = request.path_params["id"], f"update_{one.name}"
            record = owned(change, one.kind, id, context, rule)
            tags = retag(record.tags)
            if tags != record.tags:
                change.put(revised(record, change, tags=tags))
            return tags

        return await self._controller.change(prepare)


def _tag(request: Request) -> str:
    """The tag of the path, without a format behind it: of ``a.b.json`` that is ``a.b``.

    Of ``a.b`` it is ``a``: the routes of Neutron's extensions are made by ``mapper.resource()`` of
    Routes, for which what follows the last dot is the format asked for, whatever it is
    (neutron/api/extensions.py).
    """
    tag = str(request.path_params["tag"])
    formatted = re.fullmatch(r"(.+)\.[^.]+", tag)
    return formatted[1] if formatted else tag
