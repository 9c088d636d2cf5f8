"""What is kept of Glance's images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vipkeeper.lab.api.records import Record


class Image(Record):
    """An image. Whatever was uploaded for it, what boots is this machine's own programs.

    Attributes:
        project_id: whose it is; empty for the lab's own.
        properties: what its owner says about it beside the rest.
        size: bytes that were uploaded, with their checksum; they are counted and not kept.
    """

    kind: ClassVar[str] = "image"

    name: str | None
    project_id: str = ""
    status: str = "active"
    visibility: str = "public"
    protected: bool = False
    container_format: str | None = "bare"
    disk_format: str | None = "raw"
    min_disk: int = 0
    min_ram: int = 0
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = {}
    size: int | None = 0
    checksum: str | None = None
    sha512: str | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
