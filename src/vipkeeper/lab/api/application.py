"""All services under one address: ``/identity``, ``/network``, ``/compute`` and ``/image``."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vipkeeper.lab.api.compute.service import ComputeService
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.api.identity.service import REGION, IdentityService
from vipkeeper.lab.api.image.service import ImageService
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.service import NetworkService
from vipkeeper.lab.api.wire import Shape, answer, guarded

# Service type, name and path below the service's own; a client adds v2.0 to Neutron's by itself.
_SERVICES = (
    ("identity", "keystone", "/identity"),
    ("network", "neutron", "/network"),
    ("compute", "nova", "/compute/v2.1"),
    ("image", "glance", "/image"),
)


def application(controller: Controller, back_end: BackEnd, url: str) -> ASGIApp:
    """The ASGI application.

    Args:
        url: where it is reached, ``http://127.0.0.1:PORT``.
    """
    identity = IdentityService(controller, f"{url}/identity", _catalogue(url))
    network = NetworkService(controller, back_end, f"{url}/network")
    compute = ComputeService(controller, back_end, f"{url}/compute")
    image = ImageService(controller, f"{url}/image")
    return _PlainPaths(
        Starlette(
            routes=[
                Route("/", guarded(_root(url), Refusal.as_keystone), methods=["GET"]),
                *_below("/identity", identity.routes(), Refusal.as_keystone),
                *_below("/network", network.routes(), Refusal.as_neutron),
                *_below("/compute", compute.routes(), Refusal.as_nova),
                *_below("/image", image.routes(), Refusal.as_keystone),
            ]
        )
    )


def _below(prefix: str, routes: list[Route], shape: Shape) -> list[Route]:
    """A service's routes below its path; what is not there it says in its own way."""
    elsewhere = Route("/{path:path}", guarded(_nowhere, shape), methods=_METHODS)
    return [
        Route(prefix + route.path.rstrip("/"), route.endpoint, methods=list(route.methods or ()))
        for route in [*routes, elsewhere]
    ]


_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _root(url: str) -> Any:
    async def serve(_: Request) -> Response:
        return answer({type: f"{url}{path}" for type, _name, path in _SERVICES})

    return serve


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
        for number, (type, name, path) in enumerate(_SERVICES, 1)
    ]


class _PlainPaths:
    """Takes the ``.json`` off a path, which old clients still write, and a slash at its end."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].removesuffix(".json")
            scope = {**scope, "path": path.rstrip("/") or "/"}
        await self._inner(scope, receive, send)
