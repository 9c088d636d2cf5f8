"""Images: made, described, filled, deleted. Source: glance/api/v2/images.py."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.api.image.records import Image
from vipkeeper.lab.api.image.requests import Described, ImageRequest, Patches
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.api.wire import checked

_FIXED = ("id", "status", "size", "checksum", "created_at", "updated_at", "owner", "file", "self")
"""What an image says of itself, and nobody else can."""


def is_visible(image: Image, context: Context) -> bool:
    return image.visibility in ("public", "community") or context.owns(image.project_id)


def find(state: State, id: str, context: Context) -> Image:
    """The image of that id, as far as who asks may see it.

    Raises:
        Refusal: 404.
    """
    image = state.find(Image, id)
    if image is None or not is_visible(image, context):
        raise Refusal(404, "NotFound", f"No image found with ID {id}")
    return image


def owned(state: State, id: str, context: Context, action: str) -> Image:
    """The image of that id, for who may change it.

    Raises:
        Refusal: 404 if it cannot be seen, 403 if it can.
    """
    image = find(state, id, context)
    if not context.owns(image.project_id):
        raise _forbidden(f"You are not permitted to {action} this image.")
    return image


def create(change: Change, body: ImageRequest, context: Context) -> Image:
    _check_visibility(body, context)
    id = _free_id(change, body.id)
    image = Image(
        id=id,
        project_id=context.project_id,
        status="queued",
        size=None,
        created_at=change.now,
        updated_at=change.now,
        **_values(body),
    )
    change.put(image)
    return image


def _free_id(state: State, wanted: str | None) -> str:
    if wanted is None:
        return new_id()
    try:
        id = str(UUID(wanted))
    except ValueError:
        raise Refusal(400, "BadRequest", f"Invalid image id format: {wanted}") from None
    if state.find(Image, id) is not None:
        raise Refusal(409, "Conflict", f"Image ID {id} already exists!")
    return id


def patch(change: Change, id: str, patches: Patches, context: Context) -> Image:
    """The image with some of what is said of it added, replaced or removed (RFC 6902)."""
    image = owned(change, id, context, "modify")
    said = described(image)
    for one in patches.root:
        name = one.path.removeprefix("/").replace("~1", "/").replace("~0", "~")
        if name in _FIXED:
            raise _forbidden(f"Attribute '{name}' is read-only.")
        if one.op == "remove":
            if name not in image.properties:
                raise _forbidden(f"Property {name} does not exist, or may not be removed.")
            said.pop(name, None)
        else:
            said[name] = one.value
    body = checked(said, Described)
    if body.visibility != image.visibility:
        _check_visibility(body, context)
    image = image.model_copy(update={**_values(body), "updated_at": change.now})
    change.put(image)
    return image


def described(image: Image) -> dict[str, Any]:
    """What can be said of an image, by the names of its attributes."""
    return {
        **image.properties,
        "name": image.name,
        "visibility": image.visibility,
        "protected": image.protected,
        "container_format": image.container_format,
        "disk_format": image.disk_format,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "tags": list(image.tags),
    }


def delete(change: Change, id: str, context: Context) -> None:
    image = owned(change, id, context, "delete")
    if image.protected:
        raise _forbidden(f"Image {id} is protected and cannot be deleted.")
    change.delete(image)


def retag(change: Change, id: str, tag: str, context: Context, *, there: bool) -> None:
    image = owned(change, id, context, "modify")
    if not there and tag not in image.tags:
        raise Refusal(404, "NotFound", f"The tag {tag} could not be found on the image.")
    others = tuple(one for one in image.tags if one != tag)
    tags = (*others, tag) if there else others
    change.put(image.model_copy(update={"tags": tags, "updated_at": change.now}))


async def measured(chunks: AsyncIterator[bytes]) -> dict[str, Any]:
    """What an image's data say of it. They are read to their end, and not kept."""
    size = 0
    md5, sha512 = hashlib.md5(usedforsecurity=False), hashlib.sha512()
    async for chunk in chunks:
        size += len(chunk)
        md5.update(chunk)
        sha512.update(chunk)
    return {"size": size, "checksum": md5.hexdigest(), "sha512": sha512.hexdigest()}


def check_fillable(state: State, id: str, context: Context) -> Image:
    image = owned(state, id, context, "upload to")
    if image.status != "queued":
        raise Refusal(409, "Conflict", f"Image {id} has data already: it is {image.status}")
    if image.container_format is None or image.disk_format is None:
        raise Refusal(
            400,
            "BadRequest",
            "Properties disk_format, container_format must be set prior to saving data.",
        )
    return image


def fill(change: Change, id: str, data: dict[str, Any], context: Context) -> None:
    image = check_fillable(change, id, context)
    values = {**data, "status": "active", "updated_at": change.now}
    change.put(image.model_copy(update=values))


def _values(body: Described) -> dict[str, Any]:
    return {
        "name": body.name,
        "visibility": body.visibility,
        "protected": body.protected,
        "container_format": body.container_format,
        "disk_format": body.disk_format,
        "min_disk": body.min_disk,
        "min_ram": body.min_ram,
        "tags": tuple(dict.fromkeys(body.tags)),
        "properties": body.properties(),
    }


def _check_visibility(body: Described, context: Context) -> None:
    if body.visibility == "public" and not context.is_admin:
        raise _forbidden("You are not authorized to complete publicize_image action.")


def _forbidden(message: str) -> Refusal:
    return Refusal(403, "Forbidden", message)
