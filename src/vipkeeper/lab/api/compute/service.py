"""Nova's paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vipkeeper.lab.api.compute import keypairs, refusals, servers
from vipkeeper.lab.api.compute.actions import Actions
from vipkeeper.lab.api.compute.records import Flavor, KeyPair, Server, ServerGroup
from vipkeeper.lab.api.compute.requests import (
    FlavorRequest,
    InterfaceRequest,
    KeyPairRequest,
    SchedulerHints,
    ServerChange,
    ServerGroupRequest,
    ServerRequest,
)
from vipkeeper.lab.api.compute.views import (
    condition,
    flavor_view,
    interface_view,
    ports_of,
    server_view,
    short_view,
)
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, checked, guarded, inside, nothing, read

Endpoint = Callable[[Request], Awaitable[Response]]
_POLICIES = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")


class ComputeService:
    """Nova over a controller. ``url`` is where it is reached, for links."""

    def __init__(self, controller: Controller, back_end: BackEnd, url: str) -> None:
        self._controller = controller
        self._back_end = back_end
        self._url = f"{url}/v2.1"
        self._actions = Actions(controller)

    def routes(self) -> list[Route]:
        found: list[Route] = []

        def route(path: str, **methods: Endpoint) -> None:
            for method, endpoint in methods.items():
                found.append(Route(path, guarded(endpoint, Refusal.as_nova), methods=[method]))

        route("/", GET=self._versions)
        route("/v2.1", GET=self._version)
        route("/v2.1/", GET=self._version)
        route("/v2.1/servers", GET=self._list, POST=self._create)
        route("/v2.1/servers/detail", GET=self._list_details)
        route("/v2.1/servers/{id}", GET=self._show, PUT=self._update, DELETE=self._delete)
        route("/v2.1/servers/{id}/action", POST=self._act)
        route("/v2.1/servers/{id}/os-interface", GET=self._interfaces, POST=self._attach)
        route("/v2.1/servers/{id}/os-interface/{port}", GET=self._interface, DELETE=self._detach)
        route("/v2.1/servers/{id}/os-security-groups", GET=self._groups_of_server)
        route("/v2.1/servers/{id}/os-volume_attachments", GET=self._no_volumes)
        route("/v2.1/flavors", GET=self._flavors, POST=self._create_flavor)
        route("/v2.1/flavors/detail", GET=self._flavors)
        route("/v2.1/flavors/{id}", GET=self._flavor, DELETE=self._delete_flavor)
        route("/v2.1/flavors/{id}/os-extra_specs", GET=self._extra_specs)
        route("/v2.1/os-keypairs", GET=self._key_pairs, POST=self._create_key_pair)
        route("/v2.1/os-keypairs/{name}", GET=self._key_pair, DELETE=self._delete_key_pair)
        route("/v2.1/os-server-groups", GET=self._server_groups, POST=self._create_server_group)
        route(
            "/v2.1/os-server-groups/{id}",
            GET=self._server_group,
            DELETE=self._delete_server_group,
        )
        route("/v2.1/os-quota-sets/{project}", GET=self._quotas)
        route("/v2.1/os-quota-sets/{project}/detail", GET=self._quotas)
        route("/v2.1/limits", GET=self._limits)
        route("/v2.1/os-availability-zone", GET=self._zones)
        route("/v2.1/os-availability-zone/detail", GET=self._zones)
        route("/v2.1/extensions", GET=self._no_extensions)
        return found

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
        return answer({"servers": _chosen(views, request)})

    async def _list(self, request: Request) -> Response:
        context = self._context(request)
        seen = await self._seen()
        views = [self._view(server, seen, context) for server in self._own(request, context)]
        brief = ("id", "name", "links")
        return answer(
            {"servers": [{key: view[key] for key in brief} for view in _chosen(views, request)]}
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
        body = inside(await read(request), "interfaceAttachment", InterfaceRequest)
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

    # flavors

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

    # key pairs

    async def _key_pairs(self, request: Request) -> Response:
        context = self._context(request)
        own = (
            pair for pair in self._controller.state.all(KeyPair) if pair.user_id == context.user_id
        )
        return answer({"keypairs": [{"keypair": keypairs.view(pair)} for pair in own]})

    async def _key_pair(self, request: Request) -> Response:
        pair = self._find_key_pair(request)
        return answer({"keypair": {**keypairs.view(pair), "user_id": pair.user_id}})

    async def _create_key_pair(self, request: Request) -> Response:
        context = self._context(request)
        body = inside(await read(request), "keypair", KeyPairRequest)
        pair = await self._controller.change(lambda change: keypairs.create(change, body, context))
        return answer({"keypair": {**keypairs.view(pair), "user_id": pair.user_id}})

    async def _delete_key_pair(self, request: Request) -> Response:
        pair = self._find_key_pair(request)
        await self._controller.change(lambda change: change.delete(pair))
        return nothing(202)

    def _find_key_pair(self, request: Request) -> KeyPair:
        context = self._context(request)
        name = request.path_params["name"]
        pair = self._controller.state.find(KeyPair, f"{context.user_id}/{name}")
        if pair is None:
            raise refusals.not_found(f"Keypair {name}", f"for user {context.user_id}")
        return pair

    # server groups

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

    # limits

    async def _quotas(self, request: Request) -> Response:
        context = self._context(request)
        project = request.path_params["project"]
        if not context.owns(project):
            raise refusals.policy("os_compute_api:os-quota-sets:show")
        return answer({"quota_set": {"id": project, **_LIMITS}})

    async def _limits(self, request: Request) -> Response:
        context = self._context(request)
        used = [
            server
            for server in self._controller.state.all(Server)
            if server.project_id == context.project_id
        ]
        absolute = {
            "maxTotalInstances": servers.MAX_SERVERS,
            "totalInstancesUsed": len(used),
            "maxTotalCores": -1,
            "totalCoresUsed": len(used),
            "maxTotalRAMSize": -1,
            "totalRAMUsed": 0,
            "maxTotalKeypairs": -1,
            "maxServerMeta": 128,
            "maxServerGroups": -1,
            "maxServerGroupMembers": -1,
            "totalServerGroupsUsed": 0,
        }
        return answer({"limits": {"rate": [], "absolute": absolute}})

    async def _zones(self, request: Request) -> Response:
        self._context(request)
        zone = {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
        return answer({"availabilityZoneInfo": [zone]})

    async def _no_extensions(self, request: Request) -> Response:
        self._context(request)
        return answer({"extensions": []})


_LIMITS = {
    "instances": servers.MAX_SERVERS,
    "cores": -1,
    "ram": -1,
    "key_pairs": -1,
    "metadata_items": 128,
    "server_groups": -1,
    "server_group_members": -1,
}


def _chosen(views: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """What the query asks for: by name (a regular expression in Nova, a part of it here), ..."""
    query = request.query_params
    found = views
    if "name" in query:
        found = [view for view in found if query["name"].strip("^$") in view["name"]]
    if "status" in query:
        found = [view for view in found if view["status"] == query["status"].upper()]
    if "uuid" in query:
        found = [view for view in found if view["id"] == query["uuid"]]
    if query.get("deleted", "").lower() in ("true", "1"):
        return []
    if "marker" in query:
        ids = [view["id"] for view in found]
        if query["marker"] not in ids:
            raise refusals.bad_request(f"marker [{query['marker']}] not found")
        found = found[ids.index(query["marker"]) + 1 :]
    if "limit" in query:
        text = query["limit"]
        if not text.isascii() or not text.isdigit():
            raise refusals.bad_request("limit param must be an integer")
        found = found[: int(text)] if int(text) else found
    return found
