"""How much a project may have of Nova's things, and what Nova says of its zone."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.compute import refusals, servers
from vipkeeper.lab.api.compute.records import Server
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.operations import OBJECT, Operation, keyed, several
from vipkeeper.lab.api.wire import answer

_LIMITS = {
    "instances": servers.MAX_SERVERS,
    "cores": -1,
    "ram": -1,
    "key_pairs": -1,
    "metadata_items": 128,
    "server_groups": -1,
    "server_group_members": -1,
}


class Limits:
    """The paths of quotas, limits, zones and extensions."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def operations(self) -> Iterator[Operation]:
        quotas, zones = keyed(quota_set=OBJECT), keyed(availabilityZoneInfo=several())
        path, zone_path = "/v2.1/os-quota-sets/{project}", "/v2.1/os-availability-zone"
        yield Operation("GET", path, self._quotas, quotas, refuses=(403,))
        yield Operation("GET", f"{path}/detail", self._quotas, quotas, refuses=(403,))
        limits = keyed(limits=keyed(rate=several(), absolute=OBJECT))
        yield Operation("GET", "/v2.1/limits", self._limits, limits)
        yield Operation("GET", zone_path, self._zones, zones)
        yield Operation("GET", f"{zone_path}/detail", self._zones, zones)
        yield Operation("GET", "/v2.1/extensions", self._no_extensions, keyed(extensions=several()))

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

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
