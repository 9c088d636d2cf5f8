"""Neutron's paths: what each answers to GET, POST, PUT and DELETE."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vipkeeper.lab.api.compute import servers
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import Refusal, bad_request
from vipkeeper.lab.api.network import (
    floating_ips,
    networks,
    ports,
    refusals,
    requests,
    routers,
    security_groups,
)
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.extensions import extensions
from vipkeeper.lab.api.network.fields import Body
from vipkeeper.lab.api.network.listing import Query, fields_of, pick, select
from vipkeeper.lab.api.network.quotas import Quotas
from vipkeeper.lab.api.network.records import (
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.network.requests import InterfaceRequest, TagsRequest
from vipkeeper.lab.api.network.resources import get, is_visible, owned, revised, visible
from vipkeeper.lab.api.network.views import Viewer
from vipkeeper.lab.api.records import Resource
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.api.wire import answer, checked, guarded, inside, nothing, read

Maker = Callable[[Change, Any, Context], Resource]
Changer = Callable[[Change, str, Any, Context], Resource]
Deleter = Callable[[Change, str, Context], None]

_IF_MATCH = re.compile(r"revision_number=(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of resource, as its paths see it.

    Attributes:
        name: the key of one in bodies, as ``security_group``.
        path: of all of them, as ``security-groups``.
        change: None where what is made cannot be changed.
    """

    name: str
    path: str
    kind: type[Resource]
    request: type[Body]
    make: Maker
    body_of_change: type[Body] | None
    change: Changer | None
    delete: Deleter

    @property
    def plural(self) -> str:
        return f"{self.name}s"


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
            lambda change, body, who: networks.create_subnet(change, body, who, back_end),
            requests.SubnetChange,
            lambda change, id, body, who: networks.update_subnet(change, id, body, who, back_end),
            lambda change, id, who: networks.delete_subnet(change, id, who, back_end),
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
        ),
    )


class NetworkService:
    """Neutron over a controller. ``url`` is where it is reached, for links."""

    def __init__(self, controller: Controller, back_end: BackEnd, url: str) -> None:
        self._controller = controller
        self._back_end = back_end
        self._url = url

    def routes(self) -> list[Route]:
        found: list[Route] = []

        def route(path: str, **methods: Callable[[Request], Any]) -> None:
            for method, endpoint in methods.items():
                found.append(Route(path, guarded(endpoint, Refusal.as_neutron), methods=[method]))

        route("/", GET=self._versions)
        route("/v2.0", GET=self._resources)
        route("/v2.0/", GET=self._resources)
        route("/v2.0/extensions", GET=self._extensions)
        route("/v2.0/extensions/{alias}", GET=self._extension)
        route("/v2.0/agents", GET=self._agents)
        quotas = Quotas(self._controller, self._context)
        route("/v2.0/quotas", GET=quotas.everybodys)
        route("/v2.0/quotas/{project}/details", GET=quotas.details)
        route("/v2.0/quotas/{project}/default", GET=quotas.defaults)
        route("/v2.0/quotas/{project}", GET=quotas.show, PUT=quotas.change, DELETE=quotas.reset)
        for verb in ("add_router_interface", "remove_router_interface"):
            route(f"/v2.0/routers/{{id}}/{verb}", PUT=self._interface(verb))
        for one in collections(self._back_end):
            path = f"/v2.0/{one.path}"
            route(path, GET=self._list(one), POST=self._make(one))
            route(f"{path}/{{id}}", GET=self._show(one), DELETE=self._delete(one))
            if one.change is not None:
                route(f"{path}/{{id}}", PUT=self._change(one))
            if one.kind is not SecurityGroupRule:
                route(
                    f"{path}/{{id}}/tags",
                    GET=self._tags(one),
                    PUT=self._replace_tags(one),
                    DELETE=self._clear_tags(one),
                )
                route(
                    f"{path}/{{id}}/tags/{{tag}}",
                    GET=self._has_tag(one),
                    PUT=self._add_tag(one),
                    DELETE=self._remove_tag(one),
                )
        return found

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
                names=(),
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
            return answer({one.name: _as_made(viewer.show(made))}, 201)

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
        return answer({one.plural: [_as_made(viewer.show(record)) for record in made]}, 201)

    def _change(self, one: Collection) -> Callable[[Request], Any]:
        assert one.change is not None
        assert one.body_of_change is not None
        change_it, model = one.change, one.body_of_change

        async def serve(request: Request) -> Response:
            context = self._context(request)
            wanted = inside(await read(request), one.name, model)
            id = request.path_params["id"]

            def prepare(change: Change) -> Resource:
                _check_revision(change, one.kind, id, request)
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
                _check_revision(change, one.kind, id, request)
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
                    return routers.add_interface(change, id, wanted, context, self._back_end)
                return routers.remove_interface(change, id, wanted, context)

            return answer(await self._controller.change(prepare))

        return serve

    # tags

    def _tags(self, one: Collection) -> Callable[[Request], Any]:
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
            tag = request.path_params["tag"]
            record = visible(self._controller.state, one.kind, request.path_params["id"], context)
            if tag not in record.tags:
                raise refusals.tag_not_found(tag)
            return nothing()

        return serve

    def _add_tag(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            tag = request.path_params["tag"]
            checked({"tags": [tag]}, TagsRequest)
            await self._retag(one, request, lambda tags: tuple(dict.fromkeys((*tags, tag))))
            return nothing(201)

        return serve

    def _remove_tag(self, one: Collection) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            tag = request.path_params["tag"]

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
            record = owned(change, one.kind, request.path_params["id"], context, "update")
            tags = retag(record.tags)
            if tags != record.tags:
                change.put(revised(record, change, tags=tags))
            return tags

        return await self._controller.change(prepare)


def _delete_port(change: Change, id: str, context: Context) -> None:
    """A server that has it is told, as Neutron tells Nova (network-vif-deleted)."""
    ports.delete(change, id, context)
    servers.forget_port(change, id)


def query(request: Request) -> Query:
    return request.query_params.multi_items()


def _as_made(view: dict[str, Any]) -> dict[str, Any]:
    """A floating IP is DOWN until the L3 agent has it, which nobody can have done yet."""
    return {**view, "status": "DOWN"} if "floating_ip_address" in view else view


def _check_revision(state: State, kind: type[Resource], id: str, request: Request) -> None:
    """``If-Match: revision_number=N``, the extension revision-if-match."""
    header = request.headers.get("If-Match")
    if header is None:
        return
    matched = _IF_MATCH.fullmatch(header.strip())
    if matched is None:
        raise bad_request(f"Constraint in the If-Match header not supported: {header}")
    wanted, current = int(matched[1]), get(state, kind, id).revision_number
    if wanted != current:
        raise refusals.revision_mismatch(wanted, current)
