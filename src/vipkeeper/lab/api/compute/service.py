"""Nova's paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.compute import refusals, servers
from vipkeeper.lab.api.compute.actions import Actions
from vipkeeper.lab.api.compute.flavors import Flavors
from vipkeeper.lab.api.compute.keypair_paths import KeyPairPaths
from vipkeeper.lab.api.compute.limits import Limits
from vipkeeper.lab.api.compute.listing import FILTERS, chosen
from vipkeeper.lab.api.compute.metadata import Metadata
from vipkeeper.lab.api.compute.records import Server
from vipkeeper.lab.api.compute.requests import (
    AttachmentRequest,
    SchedulerHints,
    ServerChange,
    ServerRequest,
)
from vipkeeper.lab.api.compute.server_groups import ServerGroups
from vipkeeper.lab.api.compute.views import (
    condition,
    interface_view,
    ports_of,
    server_view,
    short_view,
)
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import NOVA_SCHEMA, Refusal
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.fields import Body
from vipkeeper.lab.api.operations import (
    OBJECT,
    STRING,
    Operation,
    Schema,
    Service,
    keyed,
    several,
)
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, checked, inside, nothing, read

_SERVER = keyed(
    id=STRING,
    name=STRING,
    status=STRING,
    tenant_id=STRING,
    user_id=STRING,
    metadata=OBJECT,
    flavor=OBJECT,
    addresses=OBJECT,
    created=STRING,
    updated=STRING,
    links=several(),
)
_INTERFACE = keyed(
    port_id=STRING, net_id=STRING, mac_addr=STRING, port_state=STRING, fixed_ips=several()
)
_GROUPS = keyed(security_groups=several())


def _with_hints(model: type[Body]) -> Schema:
    schema = keyed(server=model)
    return {
        **schema,
        "properties": {**schema["properties"], "os:scheduler_hints": SchedulerHints},
    }


class ComputeService:
    """Nova over a controller. ``url`` is where it is reached, for links."""

    def __init__(self, controller: Controller, back_end: BackEnd, url: str) -> None:
        self._controller = controller
        self._back_end = back_end
        self._url = f"{url}/v2.1"
        self._actions = Actions(controller)

    def service(self) -> Service:
        return Service("Nova", "/compute", Refusal.as_nova, NOVA_SCHEMA, (*self._operations(),))

    def _operations(self) -> Iterator[Operation]:
        yield Operation("GET", "/", self._versions, keyed(versions=several()), public=True)
        yield Operation("GET", "/v2.1", self._version, keyed(version=OBJECT), public=True)
        yield from self._server_operations()
        yield from self._interface_operations()
        yield from Metadata(self._controller).operations()
        yield from Flavors(self._controller, self._url).operations()
        yield from KeyPairPaths(self._controller).operations()
        yield from ServerGroups(self._controller).operations()
        yield from Limits(self._controller).operations()

    def _server_operations(self) -> Iterator[Operation]:
        path = "/v2.1/servers"
        brief, whole = keyed(id=STRING, name=STRING, links=several()), keyed(server=_SERVER)
        wanted, made = _with_hints(ServerRequest), keyed(server=keyed(id=STRING, adminPass=STRING))
        yield Operation(
            "GET", path, self._list, keyed(servers=several(brief)), refuses=(400,), query=FILTERS
        )
        # What it refuses is Neutron's to refuse in part: a port's network, address and quota.
        yield Operation("POST", path, self._create, made, 202, wanted, (403, 404, 409))
        yield Operation(
            "GET",
            f"{path}/detail",
            self._list_details,
            keyed(servers=several(_SERVER)),
            refuses=(400,),
            query=FILTERS,
        )
        path = f"{path}/{{id}}"
        yield Operation("GET", path, self._show, whole)
        yield Operation("PUT", path, self._update, whole, 200, keyed(server=ServerChange))
        yield Operation("DELETE", path, self._delete, status=204)
        yield Operation("GET", f"{path}/os-security-groups", self._groups_of_server, _GROUPS)
        yield Operation(
            "GET",
            f"{path}/os-volume_attachments",
            self._no_volumes,
            keyed(volumeAttachments=several()),
        )
        yield from self._actions.operations(f"{path}/action", self._act)

    def _interface_operations(self) -> Iterator[Operation]:
        path, one = "/v2.1/servers/{id}/os-interface", keyed(interfaceAttachment=_INTERFACE)
        wanted = keyed(interfaceAttachment=AttachmentRequest)
        every = keyed(interfaceAttachments=several(_INTERFACE))
        yield Operation("GET", path, self._interfaces, every)
        yield Operation("POST", path, self._attach, one, 200, wanted, (403, 409))
        yield Operation("GET", f"{path}/{{port}}", self._interface, one)
        yield Operation("DELETE", f"{path}/{{port}}", self._detach, status=202)

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    # versions

    def _described(self) -> dict[str, Any]:
        # Without a version and a least one, clients ask for no microversion.
        return {
            "id": "v2.1",
            "status": "CURRENT",
            "version": "",
            "min_version": "",
            "updated": "2013-07-23T11:33:21Z",
            "links": [{"rel": "self", "href": f"{self._url}/"}],
        }

    async def _versions(self, _: Request) -> Response:
        return answer({"versions": [self._described()]})

    async def _version(self, _: Request) -> Response:
        return answer({"version": self._described()})

    # servers

    async def _create(self, request: Request) -> Response:
        context = self._context(request)
        whole = await read(request)
        body = inside(whole, "server", ServerRequest)
        hints = checked(
            whole.get("os:scheduler_hints", whole.get("OS-SCH-HNT:scheduler_hints", {})),
            SchedulerHints,
        )
        made = await self._controller.change(
            lambda change: servers.create(change, body, hints.group, context, self._back_end)
        )
        server = made[0]
        view = {**short_view(server, self._url), "adminPass": server.admin_pass}
        del view["name"]
        view["OS-DCF:diskConfig"] = "AUTO"
        view["security_groups"] = [{"name": one.name} for one in body.security_groups] or [
            {"name": "default"}
        ]
        headers = {"Location": f"{self._url}/servers/{server.id}"}
        return answer({"server": view}, 202, headers)

    async def _seen(self) -> Mapping[str, Mapping[str, Any]]:
        """What the cloud says of the instances; the first sight of one that runs is kept."""
        seen = await self._controller.look()
        new = [
            server.id
            for server in self._controller.state.all(Server)
            if server.launched_at is None and seen.get(server.id, {}).get("state") == "running"
        ]
        if new:

            def launched(change: Change) -> None:
                for id in new:
                    server = change.find(Server, id)
                    if server is not None:
                        values = {"launched_at": change.now, "updated_at": change.now}
                        change.put(server.model_copy(update=values))

            await self._controller.change(launched)
        return seen

    def _view(
        self, server: Server, seen: Mapping[str, Mapping[str, Any]], context: Context
    ) -> dict[str, Any]:
        state = self._controller.state
        one = seen.get(server.id)
        doing = condition(server, one, self._actions.task(server.id))
        failure = str(one["failure"]) if one else ""
        return server_view(server, doing, state, context, self._url, failure)

    async def _list_details(self, request: Request) -> Response:
        context = self._context(request)
        seen = await self._seen()
        views = [self._view(server, seen, context) for server in self._own(request, context)]
        return answer({"servers": chosen(views, request)})

    async def _list(self, request: Request) -> Response:
        context = self._context(request)
        seen = await self._seen()
        views = [self._view(server, seen, context) for server in self._own(request, context)]
        brief = ("id", "name", "links")
        return answer(
            {"servers": [{key: view[key] for key in brief} for view in chosen(views, request)]}
        )

    def _own(self, request: Request, context: Context) -> list[Server]:
        every = context.is_admin and request.query_params.get("all_tenants", "0") not in (
            "0",
            "False",
            "false",
        )
        found = [
            server
            for server in self._controller.state.all(Server)
            if every or server.project_id == context.project_id
        ]
        return list(reversed(found))  # the newest first, as Nova sorts

    async def _show(self, request: Request) -> Response:
        context = self._context(request)
        seen = await self._seen()
        server = servers.get(self._controller.state, request.path_params["id"], context)
        return answer({"server": self._view(server, seen, context)})

    async def _update(self, request: Request) -> Response:
        context = self._context(request)
        body = inside(await read(request), "server", ServerChange)
        server = await self._controller.change(
            lambda change: servers.update(change, request.path_params["id"], body, context)
        )
        return answer({"server": self._view(server, await self._seen(), context)})

    async def _delete(self, request: Request) -> Response:
        context = self._context(request)
        id = request.path_params["id"]
        await self._controller.change(lambda change: servers.delete(change, id, context))
        return nothing()

    async def _act(self, request: Request) -> Response:
        context = self._context(request)
        body = await read(request)
        id = request.path_params["id"]
        server = servers.get(self._controller.state, id, context)
        seen = await self._seen()
        doing = condition(server, seen.get(id), self._actions.task(id))
        return await self._actions.act(server, doing, body, context)

    # interfaces

    async def _interfaces(self, request: Request) -> Response:
        context = self._context(request)
        seen = await self._seen()
        state = self._controller.state
        server = servers.get(state, request.path_params["id"], context)
        active = seen.get(server.id, {}).get("state") == "running"
        return answer(
            {
                "interfaceAttachments": [
                    interface_view(port, active=active) for port in ports_of(server, state)
                ]
            }
        )

    async def _interface(self, request: Request) -> Response:
        context = self._context(request)
        seen = await self._seen()
        state = self._controller.state
        server = servers.get(state, request.path_params["id"], context)
        for port in ports_of(server, state):
            if port.id == request.path_params["port"]:
                active = seen.get(server.id, {}).get("state") == "running"
                return answer({"interfaceAttachment": interface_view(port, active=active)})
        raise refusals.not_found("Port", request.path_params["port"])

    async def _attach(self, request: Request) -> Response:
        context = self._context(request)
        id = request.path_params["id"]
        body = inside(await read(request), "interfaceAttachment", AttachmentRequest)
        port = await self._controller.change(
            lambda change: servers.attach(change, id, body, context, self._back_end)
        )
        seen = await self._seen()
        active = seen.get(id, {}).get("state") == "running"
        return answer({"interfaceAttachment": interface_view(port, active=active)})

    async def _detach(self, request: Request) -> Response:
        context = self._context(request)
        id, port = request.path_params["id"], request.path_params["port"]
        await self._controller.change(lambda change: servers.detach(change, id, port, context))
        return nothing(202)

    async def _groups_of_server(self, request: Request) -> Response:
        context = self._context(request)
        seen = await self._seen()
        server = servers.get(self._controller.state, request.path_params["id"], context)
        view = self._view(server, seen, context)
        return answer({"security_groups": view.get("security_groups", [])})

    async def _no_volumes(self, request: Request) -> Response:
        servers.get(self._controller.state, request.path_params["id"], self._context(request))
        return answer({"volumeAttachments": []})
