"""What is kept of Glance's images."""

from __future__ import annotations

from typing import ClassVar

from vipkeeper.lab.api.records import Record


class Image(Record):
    kind: ClassVar[str] = "image"

    name: str
    description: str = ""
    os_distro: str = "debian"
    os_version: str = "12"
    created_at: float = 0.0
