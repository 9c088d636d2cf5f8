"""Glance's paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import KEYSTONE_SCHEMA, Refusal, bad_request
from vipkeeper.lab.api.image import images
from vipkeeper.lab.api.image.records import Image
from vipkeeper.lab.api.image.requests import ImageRequest, Patches
from vipkeeper.lab.api.numbers import whole_number
from vipkeeper.lab.api.operations import OBJECT, STRING, Operation, Service, keyed, several
from vipkeeper.lab.api.records import moment
from vipkeeper.lab.api.wire import answer, checked, nothing, read, read_any

_IMAGE = keyed(
    id=STRING,
    name={"type": ["string", "null"]},
    status=STRING,
    visibility=STRING,
    tags=several(STRING),
)
_FILTERS = dict.fromkeys(("name", "id", "os_hidden", "status", "visibility", "tag"), STRING)


class ImageService:
    """Glance over a controller. ``url`` is where it is reached, for links."""

    def __init__(self, controller: Controller, url: str) -> None:
        self._controller = controller
        self._url = url

    def service(self) -> Service:
        operations = (*self._what_there_is(), *self._images(), *self._parts())
        return Service("Glance", "/image", Refusal.as_keystone, KEYSTONE_SCHEMA, operations)

    def _what_there_is(self) -> Iterator[Operation]:
        versions = keyed(versions=several())
        yield Operation("GET", "/", self._versions, versions, 300, public=True)
        yield Operation("GET", "/versions", self._versions, versions, 300, public=True)
        yield Operation("GET", "/v2/schemas/image", self._schema, keyed(properties=OBJECT))

    def _images(self) -> Iterator[Operation]:
        path, every = "/v2/images", keyed(images=several(_IMAGE), first=STRING, schema=STRING)
        query = {**_FILTERS, "limit": STRING, "marker": STRING}
        yield Operation("GET", path, self._list, every, query=query)
        yield Operation("POST", path, self._create, _IMAGE, 201, ImageRequest, (403, 409))
        path = f"{path}/{{id}}"
        yield Operation("GET", path, self._show, _IMAGE)
        yield Operation("PATCH", path, self._patch, _IMAGE, 200, Patches, (403,))
        yield Operation("DELETE", path, self._delete, status=204, refuses=(403,))

    def _parts(self) -> Iterator[Operation]:
        path = "/v2/images/{id}"
        yield Operation("GET", f"{path}/members", self._members, keyed(members=several()))
        yield Operation("GET", f"{path}/file", self._download, status=204)
        refuses = (400, 403, 409)
        yield Operation("PUT", f"{path}/file", self._upload, status=204, refuses=refuses)
        path = f"{path}/tags/{{tag}}"
        yield Operation("PUT", path, self._tag, status=204, refuses=(400, 403))
        yield Operation("DELETE", path, self._untag, status=204, refuses=(403,))

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

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

    async def _schema(self, request: Request) -> Response:
        self._context(request)
        return answer({"name": "image", "properties": {}})

    # images

    async def _list(self, request: Request) -> Response:
        context = self._context(request)
        found = [
            image
            for image in self._controller.state.all(Image)
            if images.is_visible(image, context) and _matches(image, request)
        ]
        query = request.query_params
        if "marker" in query:
            ids = [image.id for image in found]
            found = found[ids.index(query["marker"]) + 1 :] if query["marker"] in ids else []
        limit = whole_number(query.get("limit", ""))
        if limit is not None:
            found = found[:limit]
        return answer(
            {
                "images": [_view(image) for image in found],
                "first": "/v2/images",
                "schema": "/v2/schemas/images",
            }
        )

    async def _create(self, request: Request) -> Response:
        context = self._context(request)
        body = checked(await read(request), ImageRequest)
        image = await self._controller.change(lambda change: images.create(change, body, context))
        headers = {"Location": f"{self._url}/v2/images/{image.id}"}
        return answer(_view(image), 201, headers)

    async def _show(self, request: Request) -> Response:
        return answer(_view(self._find(request)))

    async def _patch(self, request: Request) -> Response:
        context = self._context(request)
        patches = checked(await read_any(request), Patches)
        id = request.path_params["id"]
        image = await self._controller.change(
            lambda change: images.patch(change, id, patches, context)
        )
        return answer(_view(image))

    async def _delete(self, request: Request) -> Response:
        context = self._context(request)
        id = request.path_params["id"]
        await self._controller.change(lambda change: images.delete(change, id, context))
        return nothing()

    def _find(self, request: Request) -> Image:
        context = self._context(request)
        return images.find(self._controller.state, request.path_params["id"], context)

    # what belongs to one

    async def _members(self, request: Request) -> Response:
        self._find(request)
        return answer({"members": [], "schema": "/v2/schemas/members"})

    async def _download(self, request: Request) -> Response:
        """Nothing was kept of what was uploaded (204, as for an image without data)."""
        self._find(request)
        return nothing()

    async def _upload(self, request: Request) -> Response:
        context = self._context(request)
        id = request.path_params["id"]
        images.check_fillable(self._controller.state, id, context)
        try:
            data = await images.measured(request.stream())
        except ClientDisconnect:
            raise bad_request("The image's data ended too soon") from None
        await self._controller.change(lambda change: images.fill(change, id, data, context))
        return nothing()

    async def _tag(self, request: Request) -> Response:
        tag = request.path_params["tag"]
        checked({"tags": [tag]}, ImageRequest)
        return await self._retag(request, there=True)

    async def _untag(self, request: Request) -> Response:
        return await self._retag(request, there=False)

    async def _retag(self, request: Request, *, there: bool) -> Response:
        context = self._context(request)
        id, tag = request.path_params["id"], request.path_params["tag"]
        await self._controller.change(
            lambda change: images.retag(change, id, tag, context, there=there)
        )
        return nothing()


def _matches(image: Image, request: Request) -> bool:
    query = request.query_params
    wanted = {
        "name": image.name,
        "status": image.status,
        "visibility": image.visibility,
    }
    if any(name in query and query[name] not in (value, "all") for name, value in wanted.items()):
        return False
    if "id" in query and image.id not in query["id"].removeprefix("in:").split(","):
        return False
    if query.get("os_hidden", "false").lower() not in ("false", "0"):
        return False
    return all(tag in image.tags for tag in query.getlist("tag"))


def _view(image: Image) -> dict[str, Any]:
    return {
        **images.described(image),
        "id": image.id,
        "status": image.status,
        "os_hidden": False,
        "checksum": image.checksum,
        "os_hash_algo": None if image.sha512 is None else "sha512",
        "os_hash_value": image.sha512,
        "size": image.size,
        "virtual_size": None,
        "owner": image.project_id or None,
        "created_at": moment(image.created_at),
        "updated_at": moment(image.updated_at),
        "self": f"/v2/images/{image.id}",
        "file": f"/v2/images/{image.id}/file",
        "schema": "/v2/schemas/image",
    }
