"""All services under one address: ``/identity``, ``/network``, ``/compute`` and ``/image``."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vipkeeper.lab.api import openapi
from vipkeeper.lab.api.compute.service import ComputeService
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import Refusal, method_not_allowed
from vipkeeper.lab.api.identity.service import REGION, IdentityService
from vipkeeper.lab.api.image.service import ImageService
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.service import NetworkService
from vipkeeper.lab.api.operations import Operation, Service, Shape
from vipkeeper.lab.api.wire import answer, guarded

# Service type, name and path below the service's own; a client adds v2.0 to Neutron's by itself.
_CATALOGUE = (
    ("identity", "keystone", "/identity"),
    ("network", "neutron", "/network"),
    ("compute", "nova", "/compute/v2.1"),
    ("image", "glance", "/image"),
)


def services(controller: Controller, back_end: BackEnd, url: str) -> tuple[Service, ...]:
    """What there is.

    Args:
        url: where it is reached, ``http://127.0.0.1:PORT``.
    """
    identity = IdentityService(controller, f"{url}/identity", _catalogue(url))
    network = NetworkService(controller, back_end, f"{url}/network")
    compute = ComputeService(controller, back_end, f"{url}/compute")
    image = ImageService(controller, f"{url}/image")
    return (identity.service(), network.service(), compute.service(), image.service())


def application(controller: Controller, back_end: BackEnd, url: str) -> ASGIApp:
    """The ASGI application; ``url`` is where it is reached."""
    found = services(controller, back_end, url)
    describe = lru_cache(partial(openapi.description, found, url))

    async def description(_: Request) -> Response:
        return answer(describe())

    async def root(_: Request) -> Response:
        return answer({type: f"{url}{path}" for type, _name, path in _CATALOGUE})

    routes = [
        _Path(path, operations, one.shape)
        for one in found
        for path, operations in one.by_path().items()
    ]
    outside = [
        Operation("GET", "/", root, public=True),
        Operation("GET", openapi.PATH, description, public=True),
    ]
    routes += [_Path(one.path, [one], Refusal.as_keystone) for one in outside]
    routes += [_Path(one.prefix + "/{path:path}", [], one.shape) for one in found]
    routes.append(_Path("/{path:path}", [], Refusal.as_keystone))
    return _PlainPaths(Starlette(routes=routes))


class _Path(Route):
    """A path, whatever the method: what it does not answer, it refuses in its service's shape."""

    def __init__(self, path: str, operations: list[Operation], shape: Shape) -> None:
        super().__init__(path, _Methods(operations, shape))


class _Methods:
    """An ASGI application: Starlette leaves the methods of such a one alone."""

    def __init__(self, operations: list[Operation], shape: Shape) -> None:
        self._endpoints = {one.method: guarded(one.endpoint, shape) for one in operations}
        if "GET" in self._endpoints:
            self._endpoints["HEAD"] = self._endpoints["GET"]
        self._allow = ", ".join(sorted(self._endpoints))
        self._otherwise = guarded(self._not_allowed if operations else _nowhere, shape)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["method"], self._otherwise)
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _not_allowed(self, _: Request) -> Response:
        raise method_not_allowed(self._allow)


async def _nowhere(_: Request) -> Response:
    raise refusals.no_such_path()


def _catalogue(url: str) -> list[dict[str, Any]]:
    return [
        {
            "type": type,
            "name": name,
            "id": f"{number:032x}",
            "endpoints": [
                {
                    "id": f"{number:016x}{place:016x}",
                    "interface": interface,
                    "region": REGION,
                    "region_id": REGION,
                    "url": f"{url}{path}",
                }
                for place, interface in enumerate(("public", "internal", "admin"), 1)
            ],
        }
        for number, (type, name, path) in enumerate(_CATALOGUE, 1)
    ]


class _PlainPaths:
    """Takes the ``.json`` off a path, which old clients still write, and a slash at its end.

    Behind a tag more than that is a format, see :mod:`~vipkeeper.lab.api.network.tags`.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path != openapi.PATH and "/tags/" not in path:
                path = path.removesuffix(".json")
            scope = {**scope, "path": path.rstrip("/") or "/"}
        await self._inner(scope, receive, send)
