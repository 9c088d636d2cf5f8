"""Neutron's paths: what each answers to GET, POST, PUT and DELETE."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import NEUTRON_SCHEMA, Refusal, bad_request
from vipkeeper.lab.api.network import refusals, router_interfaces, security_groups
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.collections import Collection, collections
from vipkeeper.lab.api.network.extensions import extensions
from vipkeeper.lab.api.network.listing import Query, fields_of, parameters, pick, select
from vipkeeper.lab.api.network.quotas import Quotas
from vipkeeper.lab.api.network.records import SecurityGroup, SecurityGroupRule
from vipkeeper.lab.api.network.requests import InterfaceRequest
from vipkeeper.lab.api.network.resources import is_visible, visible
from vipkeeper.lab.api.network.tags import Tags
from vipkeeper.lab.api.network.views import Viewer
from vipkeeper.lab.api.operations import STRING, Operation, Service, either, keyed, several
from vipkeeper.lab.api.records import Resource
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.api.wire import answer, checked, inside, nothing, read

_IF_MATCH = re.compile(r"revision_number=(\d{1,18})")
_REVISION = {"If-Match": {"type": "string", "pattern": "^revision_number=[0-9]{1,18}$"}}


class NetworkService:
    """Neutron over a controller. ``url`` is where it is reached, for links."""

    def __init__(self, controller: Controller, back_end: BackEnd, url: str) -> None:
        self._controller = controller
        self._back_end = back_end
        self._url = url

    def service(self) -> Service:
        return Service(
            "Neutron", "/network", Refusal.as_neutron, NEUTRON_SCHEMA, (*self._operations(),)
        )

    def _operations(self) -> Iterator[Operation]:
        yield Operation("GET", "/", self._versions, keyed(versions=several()), public=True)
        yield Operation("GET", "/v2.0", self._resources, keyed(resources=several()), public=True)
        extension, path = keyed(alias=STRING, name=STRING), "/v2.0/extensions"
        yield Operation("GET", path, self._extensions, keyed(extensions=several(extension)))
        yield Operation("GET", f"{path}/{{alias}}", self._extension, keyed(extension=extension))
        yield Operation("GET", "/v2.0/agents", self._agents, keyed(agents=several()))
        yield from Quotas(self._controller, self._context).operations()
        for verb in ("add_router_interface", "remove_router_interface"):
            yield Operation(
                "PUT",
                f"/v2.0/routers/{{id}}/{verb}",
                self._interface(verb),
                keyed(id=STRING, subnet_id=STRING, port_id=STRING),
                body=InterfaceRequest,
                refuses=(403, 409),
            )
        tags = Tags(self._controller)
        for one in collections(self._back_end):
            yield from self._collection_operations(one)
            if one.kind is not SecurityGroupRule:
                yield from tags.operations(one)

    def _collection_operations(self, one: Collection) -> Iterator[Operation]:
        path, schema = f"/v2.0/{one.path}", one.schema()
        single, many = keyed(**{one.name: schema}), keyed(**{one.plural: several(schema)})
        wanted = keyed(**{one.name: one.request})
        bulk = keyed(**{one.plural: {"type": "array", "minItems": 1, "items": one.request}})
        query = parameters(schema["properties"])
        yield Operation("GET", path, self._list(one), many, refuses=(400,), query=query)
        yield Operation(
            "POST",
            path,
            self._make(one),
            either(single, many),
            201,
            either(wanted, bulk),
            (403, 404, 409),
        )
        path = f"{path}/{{id}}"
        yield Operation("GET", path, self._show(one), single, query={"fields": several(STRING)})
        if one.body_of_change is not None:
            yield Operation(
                "PUT",
                path,
                self._change(one),
                single,
                200,
                keyed(**{one.name: one.body_of_change}),
                (403, 409, 412),
                headers=_REVISION,
            )
        yield Operation(
            "DELETE",
            path,
            self._delete(one),
            status=204,
            refuses=(400, 403, 409, 412),
            headers=_REVISION,
        )

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    async def _viewer(self, context: Context, state: State | None = None) -> Viewer:
        running = await self._controller.running()
        claims: Mapping[str, str] = {}
        if self._back_end.virtual_ports and context.is_admin:
            claims = await self._controller.claims()
        return Viewer(state or self._controller.state, context, self._back_end, running, claims)

    # what there is

    async def _versions(self, _: Request) -> Response:
        link = {"rel": "self", "href": f"{self._url}/v2.0/"}
        return answer({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})

    async def _resources(self, _: Request) -> Response:
        return answer(
            {
                "resources": [
                    {
                        "name": one.name,
                        "collection": one.path,
                        "links": [{"rel": "self", "href": f"{self._url}/v2.0/{one.path}"}],
                    }
                    for one in collections(self._back_end)
                ]
            }
        )

    async def _extensions(self, request: Request) -> Response:
        self._context(request)
        return answer({"extensions": extensions(self._back_end)})

    async def _extension(self, request: Request) -> Response:
        self._context(request)
        for extension in extensions(self._back_end):
            if extension["alias"] == request.path_params["alias"]:
                return answer({"extension": extension})
        raise refusals.no_such_path()

    async def _agents(self, request: Request) -> Response:
        self._context(request)
        return answer({"agents": []})

    # resources

    def _list(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            context = self._context(request)
            if one.kind is SecurityGroup:
                await self._controller.change(
                    lambda change: security_groups.default_group(change, context.project_id)
                )
            viewer = await self._viewer(context)
            state = viewer.state
            records = (
                record for record in state.all(one.kind) if is_visible(state, record, context)
            )
            page = select(
                [viewer.show(record) for record in records],
                query(request),
                url=f"{self._url}/v2.0/{one.path}",
                kind=one.kind.kind,
                names=one.schema()["properties"],
            )
            body: dict[str, Any] = {one.plural: page.items}
            if page.links:
                body[f"{one.plural}_links"] = page.links
            return answer(body)

        return serve

    def _show(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            context = self._context(request)
            viewer = await self._viewer(context)
            record = visible(viewer.state, one.kind, request.path_params["id"], context)
            view = pick(viewer.show(record), fields_of(query(request)))
            return answer({one.name: view})

        return serve

    def _make(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            context = self._context(request)
            body = await read(request)
            if one.plural in body:
                return await self._make_many(one, body[one.plural], context)
            wanted = inside(body, one.name, one.request)
            made = await self._controller.change(lambda change: one.make(change, wanted, context))
            viewer = await self._viewer(context)
            return answer({one.name: viewer.as_made(made)}, 201)

        return serve

    async def _make_many(self, one: Collection, bodies: Any, context: Context) -> Response:
        """All of them or none (Neutron's bulk requests)."""
        if not isinstance(bodies, list) or not bodies:
            raise bad_request("Resource body required")
        wanted = [checked(body, one.request) for body in bodies]
        made = await self._controller.change(
            lambda change: [one.make(change, body, context) for body in wanted]
        )
        viewer = await self._viewer(context)
        return answer({one.plural: [viewer.as_made(record) for record in made]}, 201)

    def _change(self, one: Collection) -> Callable[[Request], Any]:
        assert one.change is not None
        assert one.body_of_change is not None
        change_it, model = one.change, one.body_of_change

        async def serve(request: Request) -> Response:
            context = self._context(request)
            wanted = inside(await read(request), one.name, model)
            id = request.path_params["id"]

            def prepare(change: Change) -> Resource:
                _check_revision(change, one.kind, id, request, context)
                return change_it(change, id, wanted, context)

            made = await self._controller.change(prepare)
            viewer = await self._viewer(context)
            return answer({one.name: viewer.show(made)})

        return serve

    def _delete(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            context = self._context(request)
            id = request.path_params["id"]

            def prepare(change: Change) -> None:
                _check_revision(change, one.kind, id, request, context)
                one.delete(change, id, context)

            await self._controller.change(prepare)
            return nothing()

        return serve

    def _interface(self, verb: str) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            context = self._context(request)
            wanted = checked(await read(request), InterfaceRequest)
            id = request.path_params["id"]

            def prepare(change: Change) -> Mapping[str, Any]:
                if verb == "add_router_interface":
                    return router_interfaces.add(change, id, wanted, context, self._back_end)
                return router_interfaces.remove(change, id, wanted, context)

            return answer(await self._controller.change(prepare))

        return serve


def query(request: Request) -> Query:
    return request.query_params.multi_items()


def _check_revision(
    state: State, kind: type[Resource], id: str, request: Request, context: Context
) -> None:
    """``If-Match: revision_number=N``, the extension revision-if-match."""
    header = request.headers.get("If-Match")
    if header is None:
        return
    matched = _IF_MATCH.fullmatch(header.strip())
    if matched is None:
        raise bad_request(f"Constraint in the If-Match header not supported: {header}")
    wanted, current = int(matched[1]), visible(state, kind, id, context).revision_number
    if wanted != current:
        raise refusals.revision_mismatch(wanted, current)
