"""What all records have in common: they are values, kept by kind and id."""

from __future__ import annotations

import datetime
import uuid
from functools import lru_cache
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """One thing that is kept. It is replaced, never changed.

    ``kind`` names its table. A record is read back by the model it was written by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]

    id: str


class Resource(Record):
    """What Neutron calls a standard resource.

    Attributes:
        created_at: seconds since the epoch, as ``updated_at``.
    """

    project_id: str
    name: str = ""
    description: str | None = ""
    tags: tuple[str, ...] = ()
    created_at: float = 0.0
    updated_at: float = 0.0
    revision_number: int = 0


def new_id() -> str:
    return str(uuid.uuid4())


def moment(seconds: float) -> str:
    """An instant as Neutron and Nova print it, ``2026-11-22T20:44:51Z``."""
    return _second(int(seconds))


@lru_cache(maxsize=4096)  # two for each port of a list, most of them made together
def _second(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
