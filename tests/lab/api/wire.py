"""Bytes to and from the APIs' socket, as no HTTP client would send them."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from tests.lab.api.callers import Caller

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def connect(caller: Caller) -> socket.socket:
    where = urlsplit(caller.url)
    assert where.hostname is not None
    assert where.port is not None
    return socket.create_connection((where.hostname, where.port), timeout=TIMEOUT)


def head(caller: Caller, method: str, path: str, **headers: str) -> bytes:
    """A request's head, without the empty line that ends it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: lab", f"X-Auth-Token: {caller.token}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def answer(connection: socket.socket) -> Answer:
    """The next answer, whole."""
    response = HTTPResponse(connection)
    response.begin()
    body = response.read()
    return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, body)


def send(caller: Caller, method: str, path: str, body: bytes, **headers: str) -> Answer:
    """One request with such a body, and its answer."""
    headers = {"Content_Type": "application/json", "Content_Length": str(len(body)), **headers}
    with connect(caller) as connection:
        connection.sendall(head(caller, method, path, **headers) + b"\r\n" + body)
        return answer(connection)
