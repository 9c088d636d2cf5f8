"""HTTP: bodies in, answers out, and every refusal in the shape of its service."""

from __future__ import annotations

import json
import secrets
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from vipkeeper.lab.api.errors import Refusal, bad_request
from vipkeeper.lab.api.network.fields import Body
from vipkeeper.lab.api.operations import Endpoint, Shape

MAX_BODY = 1 << 20
"""Bytes of a request; user data has at most 64 KiB, and no list of ports needs more."""

AnyBody = TypeVar("AnyBody", bound=Body)


async def read(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body.

    Raises:
        Refusal: it is none, or too long.
    """
    data = b""
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_BODY:
                raise Refusal(413, "HTTPRequestEntityTooLarge", "Request is too large.")
    except ClientDisconnect:  # in the middle: nobody reads what is answered
        raise bad_request("Malformed request body") from None
    try:
        text = data.decode()
        value = json.loads(text, parse_constant=_no_number)
        # A lone half of a surrogate pair is JSON, but no text that can be kept.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise bad_request("Malformed request body") from None
    if not isinstance(value, dict):
        raise bad_request("Malformed request body: it is no object")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def inside(body: Mapping[str, Any], name: str, model: type[AnyBody]) -> AnyBody:
    """What stands below ``name`` in a body, checked.

    Raises:
        Refusal: it is not there, or not what the model takes.
    """
    if name not in body:
        raise bad_request(f"Unable to find '{name}' in request body")
    return checked(body[name], model)


def checked(value: Any, model: type[AnyBody]) -> AnyBody:
    if not isinstance(value, dict):
        raise bad_request("Invalid input: it is no object")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise bad_request(_words(error)) from None


def _words(error: ValidationError) -> str:
    """The first thing that is wrong, as neutron-lib words it; unknown attributes together."""
    errors = error.errors(include_url=False, include_input=False)
    unknown = [str(one["loc"][-1]) for one in errors if one["type"] == "extra_forbidden"]
    if unknown:
        return f"Unrecognized attribute(s) '{', '.join(unknown)}'"
    first = errors[0]
    name = next((str(part) for part in first["loc"] if isinstance(part, str)), "body")
    if first["type"] == "missing":
        return f"Failed to parse request. Required attribute '{first['loc'][-1]}' not specified"
    if first["type"] == "neutron_whole":
        return first["msg"]
    message = first["msg"] if first["type"] == "neutron" else f"{first['msg']}."
    return f"Invalid input for {name}. Reason: {message}"


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(body, status, dict(headers or {}))


def nothing(status: int = 204) -> Response:
    return Response(status_code=status)


def guarded(endpoint: Endpoint, shape: Shape) -> Endpoint:
    """The endpoint, with its refusals in the service's shape and a number on each answer."""

    async def serve(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except Refusal as refusal:
            response = _refused(refusal, shape)
        except HTTPException as error:
            response = _refused(Refusal(error.status_code, "HTTPError", error.detail), shape)
        except Exception:  # noqa: BLE001 -- a fault of ours is told, and ends one request only
            traceback.print_exc()
            message = "Request Failed: internal server error while processing your request."
            response = _refused(Refusal(500, "HTTPInternalServerError", message), shape)
        response.headers["X-OpenStack-Request-ID"] = f"req-{_request_id()}"
        return response

    return serve


def _refused(refusal: Refusal, shape: Shape) -> Response:
    # A token is refused before its service is asked, in Keystone's shape (keystonemiddleware).
    body = refusal.as_keystone() if refusal.status == 401 else shape(refusal)
    return answer(body, refusal.status, refusal.headers)


def _request_id() -> str:
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
