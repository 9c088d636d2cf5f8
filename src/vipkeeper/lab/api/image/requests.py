"""The bodies that Glance takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel

from vipkeeper.lab.api.network.fields import Body, Name, OptionalName

Visibility = Literal["public", "private", "shared", "community"]
_ContainerFormat = Literal["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]
_DiskFormat = Literal[
    "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "gpt"
]
_Size = Annotated[int, Field(ge=0, le=2**31 - 1)]
Tag = Annotated[str, Field(max_length=255)]


class Described(Body):
    """What can be said of an image, in a request and in a change.

    Whatever else is said is a property, of text.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Annotated[str, Field(max_length=65535)] | None]

    name: OptionalName = None
    visibility: Visibility = "shared"
    protected: bool = False
    container_format: _ContainerFormat | None = None
    disk_format: _DiskFormat | None = None
    min_disk: _Size = 0
    min_ram: _Size = 0
    tags: Annotated[tuple[Tag, ...], Field(max_length=128)] = ()

    def properties(self) -> dict[str, str]:
        said = self.__pydantic_extra__ or {}
        return {name: value for name, value in said.items() if value is not None}


class ImageRequest(Described):
    id: OptionalName = None


class Patch(Body):
    """One operation of RFC 6902, on an attribute of the image."""

    op: Literal["add", "replace", "remove"]
    path: Annotated[Name, Field(pattern=r"^/[^/]+$")]
    value: Any = None


class Patches(RootModel[Annotated[list[Patch], Field(max_length=100)]]):
    """``application/openstack-images-v2.1-json-patch``."""
