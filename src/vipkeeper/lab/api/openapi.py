"""The APIs' own description, OpenAPI 3.1, made of the tables that their routes are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from vipkeeper.lab.api.errors import KEYSTONE_SCHEMA
from vipkeeper.lab.api.operations import Operation, Schema, Service, models

PATH = "/openapi.json"
_PARAMETER = re.compile(r"{(\w+)}")
_MODELS = "#/components/schemas/{model}"
_UNAUTHORIZED = "Unauthorized"
"""How all services refuse a token: as Keystone does."""
_WITHOUT_BODY = {"description": "No body."}


def description(services: Iterable[Service], url: str) -> dict[str, Any]:
    """The whole document.

    Args:
        url: where the services are reached.
    """
    services = tuple(services)
    bodies = [operation.body for one in services for operation in one.operations]
    used = dict.fromkeys(model for body in bodies for model in models(body))
    references, definitions = models_json_schema(
        [(model, "validation") for model in used], ref_template=_MODELS
    )
    describe = _Describe({model: references[model, "validation"] for model in used})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The lab's OpenStack",
            "version": "1",
            "description": "Keystone v3, Neutron v2.0, Nova v2.1 and Glance v2 of one lab.",
        },
        "servers": [{"url": url}],
        "security": [{"token": []}],
        "tags": [{"name": one.title} for one in services],
        "paths": {
            path: {
                operation.method.lower(): describe.operation(operation, path, one)
                for operation in operations
            }
            for one in services
            for path, operations in one.by_path().items()
        },
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}
            },
            "responses": {
                _UNAUTHORIZED: _json(KEYSTONE_SCHEMA, "Refused."),
                **{one.title: _json(one.refusal, "Refused.") for one in services},
            },
            "schemas": definitions.get("$defs", {}),
        },
    }


class _Describe:
    """Describes operations; a model is referred to."""

    def __init__(self, references: Mapping[type[BaseModel], Schema]) -> None:
        self._references = references

    def operation(self, one: Operation, path: str, service: Service) -> dict[str, Any]:
        words = re.findall(r"[A-Za-z0-9_]+", path)
        described: dict[str, Any] = {
            "tags": [service.title],
            "operationId": "_".join((one.method.lower(), *words)),
            "parameters": [*self._parameters(one, path)],
            "responses": {
                str(one.status): _WITHOUT_BODY
                if one.answer is None
                else _json(self._schema(one.answer), HTTPStatus(one.status).phrase),
                **({} if one.without_body is None else {str(one.without_body): _WITHOUT_BODY}),
                **{
                    str(status): {
                        "$ref": "#/components/responses/"
                        + (_UNAUTHORIZED if status == 401 else service.title)
                    }
                    for status in one.refusals()
                },
            },
        }
        if one.body is not None:
            content = {"application/json": {"schema": self._schema(one.body)}}
            described["requestBody"] = {"required": True, "content": content}
        if one.public:
            described["security"] = []
        return described

    def _parameters(self, one: Operation, path: str) -> Iterable[dict[str, Any]]:
        for name in _PARAMETER.findall(path):
            # The least that is a segment of its own: it is not empty and has no slash.
            schema = {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}
            yield {"name": name, "in": "path", "required": True, "schema": schema}
        for place, parameters in (("query", one.query), ("header", one.headers)):
            for name, said in parameters.items():
                yield {"name": name, "in": place, "schema": dict(said)}

    def _schema(self, schema: Any) -> Any:
        """With references in the place of models."""
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            return dict(self._references[schema])
        if isinstance(schema, Mapping):
            return {key: self._schema(inner) for key, inner in schema.items()}
        if isinstance(schema, list | tuple):
            return [self._schema(inner) for inner in schema]
        return schema


def _json(schema: Any, description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
