"""What is wrong in a declaration: each fault with its path, in a person's words.

pydantic finds them; its own words are a programmer's, so they are put otherwise here. What a
validator of ours says (:func:`faults`) is shown as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from vipkeeper.keepalived.report import did_you_mean

Location = tuple[int | str, ...]
"""Keys and indices from a place to one below it."""

_OURS = "vipkeeper"
_SECRET = frozenset(("authentication", "password"))
_LONGEST_SHOWN = 40
_FOREIGN_WORDS: Mapping[str, str] = {
    "addresses": "address",
    "advert_int": "interval",
    "auth_pass": "password",
    "auth_type": "type",
    "families": "ip",
    "family": "ip",
    "fixed_ip": "address",
    "nopreempt": "preempt: false",
    "source": "from",
    "unicast": "mode: unicast",
    "multicast": "mode: multicast",
    "use_vmac": "virtual_mac",
    "virtual_router_id": "vrid",
}
"""What keepalived, Neutron and the code call it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Attributes: ``path``: as ``members[1].priority``; empty for the whole."""

    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}" if self.path else self.words


def faults(*found: tuple[Location, str]) -> ValidationError:
    """For a validator to raise: each fault at its place below the validator's own."""
    return ValidationError.from_exception_data(
        _OURS, [_ours(location, words) for location, words in found]
    )


def with_faults(error: ValidationError, found: Sequence[tuple[Location, str]]) -> ValidationError:
    """What pydantic found, and what we found besides."""
    known = [
        InitErrorDetails(
            # as a type of our own, since pydantic takes its own types with their context only
            type=PydanticCustomError(one["type"], "{words}", {"words": one["msg"]}),
            loc=one["loc"],
            input=one["input"],
        )
        for one in error.errors(include_url=False)
    ]
    ours = [_ours(location, words) for location, words in found]
    return ValidationError.from_exception_data(_OURS, [*known, *ours])


def checked_with(
    written: Any,
    validate: Callable[[Any], Any],
    check: Callable[[Any], Sequence[tuple[Location, str]]],
) -> Any:
    """What ``validate`` makes of it, if ``check`` has nothing against it.

    Also what pydantic finds wrong elsewhere in it does not keep ``check`` from having a look: it
    gets the part that is right, a list with None instead of what is wrong; or None.

    Raises:
        ValidationError: the faults of both.
    """
    try:
        value = validate(written)
    except ValidationError as error:
        part = _right_part(written, validate, error)
        raise with_faults(error, check(part)) from None
    if value is not None and (found := check(value)):
        raise faults(*found)
    return value


def _right_part(written: Any, validate: Callable[[Any], Any], error: ValidationError) -> Any:
    """None where nothing can be made of the rest."""
    wrong = {one["loc"][0] for one in error.errors(include_url=False) if one["loc"]}
    try:
        if isinstance(written, Mapping):
            return validate({key: one for key, one in written.items() if key not in wrong})
        if isinstance(written, list | tuple):
            right = iter(validate([one for at, one in enumerate(written) if at not in wrong]))
            return [None if at in wrong else next(right) for at in range(len(written))]
    except ValidationError:
        pass
    return None


def in_words(error: ValidationError, document: object, model: type[BaseModel]) -> list[Fault]:
    """The faults of a document, those of one place once.

    Args:
        document: as it was written, so that a path leads to what a person sees there.
    """
    found: dict[tuple[str, str], Fault] = {}
    for one in error.errors(include_url=False):
        location = _as_written(document, one)
        path = path_of(location)
        words = _words(one, location, document, model)
        # The ways in which one value may be right (an IPv4 or an IPv6 network) fail each by itself.
        found.setdefault((path, words), Fault(path, words))
    return list(found.values())


def path_of(location: Iterable[int | str]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def shown(value: object) -> str:
    """A value of a YAML document, short enough for a line."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return repr(value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}...")
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "an empty list" if not value else f"a list of {len(value)}"
        case _:
            return f"a {type(value).__name__}"


def unknown(key: object, known: Iterable[str]) -> str:
    """What is said of a key that does not belong where it stands."""
    if isinstance(key, str):
        names = sorted(known)
        foreign = _FOREIGN_WORDS.get(key, "")
        if foreign.partition(":")[0] in names:
            return f"is not known here; write {foreign}"
        meant = did_you_mean(key, names)
        return f"is not known here; {meant or 'known: ' + ', '.join(names)}"
    return "is not known here: keys are words"


def _ours(location: Location, words: str) -> InitErrorDetails:
    return InitErrorDetails(
        type=PydanticCustomError(_OURS, "{words}", {"words": words}), loc=location, input=None
    )


def _as_written(document: object, error: ErrorDetails) -> Location:
    """Where the fault is in what was written: a shorthand has nothing below it."""
    at = document
    kept: list[int | str] = []
    for step in error["loc"]:
        if isinstance(at, Mapping):
            kept.append(step)
            at = at.get(step)
        elif isinstance(at, list | tuple) and isinstance(step, int) and step < len(at):
            kept.append(step)
            at = at[step]
        else:
            break
    return tuple(kept)


def _words(
    error: ErrorDetails, location: Location, document: object, model: type[BaseModel]
) -> str:
    if error["type"] == _OURS:
        return error["msg"]
    if error["type"] in ("extra_forbidden", "invalid_key"):
        return unknown(error["loc"][-1], _keys(_model_at(model, location[:-1])))
    wanted = _wanted(model, location)
    if error["type"] == "missing":
        return f"is missing, {wanted} is wanted"
    if _SECRET & set(location):
        return f"is not right here, {wanted} is wanted"
    return f"is {shown(_value_at(document, location))}, {wanted} is wanted"


def _value_at(document: object, location: Location) -> object:
    at: Any = document
    for step in location:
        at = at.get(step) if isinstance(at, Mapping) else at[step]
    return at


def _wanted(model: type[BaseModel], location: Location) -> str:
    """What belongs in a place: the description of its field, or of its model."""
    words = _description(model)
    at: type[BaseModel] | None = model
    for step in location:
        if isinstance(step, str):
            field = _field(at, step)
            if field is None:
                return words
            at = _inner_model(field.annotation)
            words = field.description or _description(at)
        elif at is not None:
            words = _description(at)
    return words


def _description(model: type[BaseModel] | None) -> str:
    return str(getattr(model, "WANTED", "something else"))


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    at: type[BaseModel] | None = model
    for step in location:
        if isinstance(step, str):
            field = _field(at, step)
            at = _inner_model(field.annotation) if field else None
    return at


def _field(model: type[BaseModel] | None, key: str) -> FieldInfo | None:
    if model is None:
        return None
    return next(
        (one for name, one in model.model_fields.items() if key in (name, one.validation_alias)),
        None,
    )


def _keys(model: type[BaseModel] | None) -> list[str]:
    """What may be written in a mapping."""
    if model is None:
        return []
    return [str(one.validation_alias or name) for name, one in model.model_fields.items()]


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation as ``tuple[Member, ...]`` or ``FloatingIp | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner_model(one) for one in get_args(annotation))
    return next((one for one in found if one is not None), None)
