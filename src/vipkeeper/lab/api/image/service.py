"""Glance's paths. The images are there with the lab: all of them are this machine's /usr."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import KEYSTONE_SCHEMA, Refusal
from vipkeeper.lab.api.image.records import Image
from vipkeeper.lab.api.numbers import whole_number
from vipkeeper.lab.api.operations import OBJECT, STRING, Operation, Service, keyed, several
from vipkeeper.lab.api.records import moment
from vipkeeper.lab.api.wire import answer


class ImageService:
    """Glance over a controller. ``url`` is where it is reached, for links."""

    def __init__(self, controller: Controller, url: str) -> None:
        self._controller = controller
        self._url = url

    def service(self) -> Service:
        versions, page = keyed(versions=several()), {"limit": STRING, "marker": STRING}
        filters = dict.fromkeys(("name", "id", "os_hidden", "status", "visibility"), STRING)
        image = keyed(id=STRING, name=STRING, status=STRING, visibility=STRING)
        operations = (
            Operation("GET", "/", self._versions, versions, 300, public=True),
            Operation("GET", "/versions", self._versions, versions, 300, public=True),
            Operation(
                "GET",
                "/v2/images",
                self._list,
                keyed(images=several(image), first=STRING, schema=STRING),
                query={**filters, **page},
            ),
            Operation("GET", "/v2/images/{id}", self._show, image),
            Operation("GET", "/v2/images/{id}/members", self._members, keyed(members=several())),
            Operation("GET", "/v2/schemas/image", self._schema, keyed(properties=OBJECT)),
        )
        return Service("Glance", "/image", Refusal.as_keystone, KEYSTONE_SCHEMA, operations)

    async def _versions(self, _: Request) -> Response:
        link = {"rel": "self", "href": f"{self._url}/v2/"}
        versions = [
            {
                "id": f"v2.{minor}",
                "status": "CURRENT" if minor == 9 else "SUPPORTED",
                "links": [link],
            }
            for minor in (9, 7, 6, 5, 4, 3, 2, 1, 0)
        ]
        return answer({"versions": versions}, 300)

    async def _list(self, request: Request) -> Response:
        self._controller.context(request.headers.get("X-Auth-Token"))
        query = request.query_params
        found = list(self._controller.state.all(Image))
        if "name" in query:
            found = [image for image in found if image.name == query["name"]]
        if "id" in query:
            wanted = query["id"].removeprefix("in:").split(",")
            found = [image for image in found if image.id in wanted]
        for key in ("os_hidden", "status", "visibility"):
            if key in query and query[key].lower() not in ("false", "active", "public", "all"):
                found = []
        if "marker" in query:
            ids = [image.id for image in found]
            found = found[ids.index(query["marker"]) + 1 :] if query["marker"] in ids else []
        limit = whole_number(query.get("limit", ""))
        if limit is not None:
            found = found[:limit]
        return answer(
            {
                "images": [self._view(image) for image in found],
                "first": "/v2/images",
                "schema": "/v2/schemas/images",
            }
        )

    async def _show(self, request: Request) -> Response:
        return answer(self._view(self._find(request)))

    async def _members(self, request: Request) -> Response:
        self._find(request)
        return answer({"members": [], "schema": "/v2/schemas/members"})

    async def _schema(self, request: Request) -> Response:
        self._controller.context(request.headers.get("X-Auth-Token"))
        return answer({"name": "image", "properties": {}})

    def _find(self, request: Request) -> Image:
        self._controller.context(request.headers.get("X-Auth-Token"))
        id = request.path_params["id"]
        image = self._controller.state.find(Image, id)
        if image is None:
            raise Refusal(404, "NotFound", f"Failed to find image {id} to show")
        return image

    def _view(self, image: Image) -> dict[str, Any]:
        return {
            "id": image.id,
            "name": image.name,
            "status": "active",
            "visibility": "public",
            "protected": True,
            "os_hidden": False,
            "container_format": "bare",
            "disk_format": "raw",
            "checksum": None,
            "size": 0,
            "virtual_size": None,
            "min_disk": 0,
            "min_ram": 0,
            "owner": None,
            "tags": [],
            "os_distro": image.os_distro,
            "os_version": image.os_version,
            "description": image.description,
            "created_at": moment(image.created_at),
            "updated_at": moment(image.created_at),
            "self": f"/v2/images/{image.id}",
            "file": f"/v2/images/{image.id}/file",
            "schema": "/v2/schemas/image",
        }
