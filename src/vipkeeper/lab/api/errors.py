"""What a request is refused with: the status, the name and the words of the real service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):  # noqa: N818 -- an answer, no fault
    """The request cannot be done; nothing has changed.

    Attributes:
        type: Neutron's exception name; the other services have none.
        headers: of the answer.
    """

    def __init__(
        self, status: int, type: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.headers = headers or {}
        self.status = status
        self.type = type
        self.message = message

    def as_neutron(self) -> dict[str, Any]:
        error = {"type": self.type, "message": self.message, "detail": ""}
        return {"NeutronError": error}

    def as_nova(self) -> dict[str, Any]:
        names = {
            400: "badRequest",
            401: "unauthorized",
            403: "forbidden",
            404: "itemNotFound",
            405: "badMethod",
            409: "conflictingRequest",
            413: "overLimit",
        }
        name = names.get(self.status, "computeFault")
        return {name: {"code": self.status, "message": self.message}}

    def as_keystone(self) -> dict[str, Any]:
        titles = {
            400: "Bad Request",
            401: "Unauthorized",
            403: "Forbidden",
            404: "Not Found",
            405: "Method Not Allowed",
            409: "Conflict",
        }
        title = titles.get(self.status, "Error")
        return {"error": {"code": self.status, "title": title, "message": self.message}}


def unauthorized() -> Refusal:
    message = "The request you have made requires authentication."
    return Refusal(401, "Unauthorized", message)


def bad_request(message: str) -> Refusal:
    return Refusal(400, "HTTPBadRequest", message)


def method_not_allowed(allowed: str) -> Refusal:
    """``allowed`` are the methods that the path does answer."""
    message = "The method specified is not allowed for this resource."
    return Refusal(405, "HTTPMethodNotAllowed", message, {"Allow": allowed})


NEUTRON_SCHEMA = {
    "type": "object",
    "required": ["NeutronError"],
    "properties": {
        "NeutronError": {
            "type": "object",
            "required": ["type", "message", "detail"],
            "properties": {
                "type": {"type": "string"},
                "message": {"type": "string"},
                "detail": {"type": "string"},
            },
        }
    },
}
_CODE_AND_MESSAGE = {"code": {"type": "integer"}, "message": {"type": "string"}}
NOVA_SCHEMA = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": {
        "type": "object",
        "required": ["code", "message"],
        "properties": _CODE_AND_MESSAGE,
    },
}
KEYSTONE_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "title", "message"],
            "properties": {**_CODE_AND_MESSAGE, "title": {"type": "string"}},
        }
    },
}
