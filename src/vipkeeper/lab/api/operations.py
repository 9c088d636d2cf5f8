"""What a path answers to a method: routes and their description are made of the same table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.errors import Refusal

Endpoint = Callable[[Request], Awaitable[Response]]
Shape = Callable[[Refusal], dict[str, Any]]
"""How a service writes its refusals."""

Schema = Mapping[str, Any]
"""A JSON schema; a model may stand wherever a schema may."""

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
OBJECT: Schema = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        path: below the service's own; ``{id}`` stands for one segment.
        answer: the schema of what is answered; None where there is no body.
        status: of an answer that is no refusal.
        body: the schema of what is taken; None where no body is read.
        without_body: a second status of an answer that is no refusal, and has no body.
        refuses: statuses beside those of :meth:`refusals` that go without saying.
        query: parameters of the query, each with its schema.
        headers: the same of the request's headers.
        public: whether it answers without a token.
    """

    method: str
    path: str
    endpoint: Endpoint
    answer: Schema | None = None
    status: int = 200
    body: Schema | type[BaseModel] | None = None
    refuses: tuple[int, ...] = ()
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    public: bool = False
    without_body: int | None = None

    def refusals(self) -> list[int]:
        """Every status of an answer that says no."""
        found = set(self.refuses)
        if not self.public:
            found.add(401)
        if self.body is not None:
            found |= {400, 413}
        if "{" in self.path:
            found.add(404)
        if self.method != "GET":
            # The data plane cannot do it: then nothing has changed, and the message says why.
            found.add(500)
        return sorted(found)


def keyed(**properties: Any) -> Schema:
    """An object that has these keys."""
    return {"type": "object", "properties": properties, "required": [*properties]}


def several(items: Any = OBJECT) -> Schema:
    return {"type": "array", "items": items}


def either(*schemas: Any) -> Schema:
    return {"anyOf": [*schemas]}


def models(schema: Any) -> Iterator[type[BaseModel]]:
    """The models that stand in a schema."""
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        yield schema
    elif isinstance(schema, Mapping):
        for inner in schema.values():
            yield from models(inner)
    elif isinstance(schema, list | tuple):
        for inner in schema:
            yield from models(inner)


@dataclass(frozen=True, slots=True)
class Service:
    """All operations of one of the services.

    Attributes:
        title: what it is a Keystone, Neutron, ... of.
        prefix: where its paths begin.
        refusal: the JSON schema of its refusals.
    """

    title: str
    prefix: str
    shape: Shape
    refusal: Schema
    operations: tuple[Operation, ...]

    def path_of(self, operation: Operation) -> str:
        return self.prefix + operation.path.rstrip("/")

    def by_path(self) -> dict[str, list[Operation]]:
        """In the order of the table: of two paths that match, the first one answers."""
        found: dict[str, list[Operation]] = {}
        for operation in self.operations:
            found.setdefault(self.path_of(operation), []).append(operation)
        return found


# They are kept as numbers.
_MOMENT = {"type": "string", "format": "date-time"}
_MOMENTS = {"created_at": _MOMENT, "updated_at": _MOMENT}


def shown(kind: type[BaseModel], names: Mapping[str, str], hidden: Iterable[str]) -> Schema:
    """What an answer may say of a record, as far as the record itself tells.

    Args:
        names: of attributes that are called otherwise in answers.
        hidden: attributes that are not shown.
    """
    schema = kind.model_json_schema(mode="serialization")
    parts = schema.get("$defs", {})
    properties = {
        names.get(name, name): _whole(value, parts)
        for name, value in schema["properties"].items()
        if name not in hidden
    }
    return {"type": "object", "properties": {**properties, **_MOMENTS}}


def _whole(schema: Any, parts: Mapping[str, Any]) -> Any:
    """The schema with what it refers to put in; titles and defaults are the record's affair."""
    if isinstance(schema, list):
        return [_whole(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(parts[schema["$ref"].rpartition("/")[2]], parts)
    inner = {key: value for key, value in schema.items() if key not in ("title", "default")}
    if "properties" in inner:
        properties = {name: _whole(value, parts) for name, value in inner["properties"].items()}
        rest = {key: value for key, value in inner.items() if key != "properties"}
        return {**rest, "properties": properties}
    return {key: _whole(value, parts) for key, value in inner.items()}
