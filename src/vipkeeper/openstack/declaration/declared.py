"""What all parts of a spec have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

NameOrId = Annotated[str, Field(min_length=1, max_length=255)]
Boolean = Annotated[bool, Field(strict=True, description="true or false")]


class Declared(BaseModel):
    """A part of a spec: a value, with nothing in it that is not known.

    The validators of a field see the fields before it, those that are right; hence the order of
    the fields. In this way all faults are found at once.
    """

    WANTED: ClassVar[str]
    """What may be written here, for a person who wrote something else."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,  # in code; a file is read by the aliases alone
        validate_by_alias=True,
        hide_input_in_errors=True,  # there is a password in it
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, written: Any) -> Any:
        """A key with nothing behind it is as good as none, where it may be left out."""
        if not isinstance(written, Mapping):
            return written
        required = {
            key
            for name, field in cls.model_fields.items()
            if field.is_required()
            for key in (name, field.validation_alias)
        }
        return {key: one for key, one in written.items() if one is not None or key in required}
