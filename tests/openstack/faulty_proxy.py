"""An HTTP proxy between openstacksdk and the lab's APIs that fails when it is told to.

It is a real server: what breaks is a connection, not a function. A clouds.yaml with
``network_endpoint_override`` and ``compute_endpoint_override`` leads through it.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Fault(StrEnum):
    """What happens to a request."""

    ERROR = "500, and nothing was done"
    ERROR_AFTER = "500, and it was carried out"
    UNAVAILABLE = "503 with a page of HTML"
    BUSY = "429 with Retry-After, and nothing was done"
    CONFLICT = "409, and nothing was done"
    PRECONDITION = "412, and nothing was done"
    MISSING = "404, and nothing was done"
    HANG = "no answer, and nothing was done"
    HANG_AFTER = "no answer, and it was carried out"
    CUT = "the connection is reset before anything was done"
    CUT_AFTER = "the connection is reset after it was carried out"
    HALF = "it was carried out, and half of the answer comes"
    GARBAGE = "200 with something that is no JSON, and nothing was done"

    @property
    def carries_out(self) -> bool:
        return self in (Fault.ERROR_AFTER, Fault.HANG_AFTER, Fault.CUT_AFTER, Fault.HALF)


_STATUS = {
    Fault.ERROR: 500,
    Fault.ERROR_AFTER: 500,
    Fault.BUSY: 429,
    Fault.CONFLICT: 409,
    Fault.PRECONDITION: 412,
    Fault.MISSING: 404,
}
RETRY_AFTER_S = 7
HANG_S = 30.0
"""Whoever asks has given up long before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: the path without the query."""

    method: str
    path: str

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def is_of_keystone(self) -> bool:
        return self.path.startswith("/identity")


Choice = Callable[[Asked], Fault | None]


class FaultyProxy:
    """Forwards everything to ``target``, until told otherwise.

    Attributes:
        url: of the proxy.
        seen: every request since :meth:`forget`.
        choose: what is to happen to a request; None: it is forwarded.
        token: with which requests are forwarded; None: with what they have.
    """

    def __init__(self, target: str) -> None:
        self.seen: list[Asked] = []
        self.faults = 0
        self.token: str | None = None
        self.choose: Choice = lambda asked: None
        self._lock = threading.Lock()
        self._end = threading.Event()
        where = urlsplit(target)
        assert where.hostname is not None
        assert where.port is not None
        self._behind = target.encode()
        self._target = (where.hostname, where.port)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def forget(self) -> None:
        """As new: no faults, nothing seen."""
        with self._lock:
            self.seen, self.faults, self.choose = [], 0, lambda asked: None

    def always(self, fault: Fault) -> None:
        """Every request fails."""
        self.choose = lambda asked: fault

    def once_each(self, fault: Fault, *, only_changes: bool = False) -> None:
        """Each request that is unlike all before it fails once: the first of its method and path.

        The others are forwarded, so that whoever tries again comes one request further each time;
        so is Keystone.
        """
        met: set[Asked] = set()

        def choose(asked: Asked) -> Fault | None:
            if asked in met or asked.is_of_keystone or (only_changes and not asked.changes):
                return None
            met.add(asked)
            return fault

        self.choose = choose

    def die_after(self, changes: int) -> None:
        """So many changes are let through; then nobody answers any more."""
        left = changes

        def choose(asked: Asked) -> Fault | None:
            nonlocal left
            if asked.is_of_keystone:
                return None
            if left <= 0:
                return Fault.CUT
            left -= asked.changes
            return None

        self.choose = choose

    def met(self, asked: Asked) -> Fault | None:
        with self._lock:
            self.seen.append(asked)
            fault = self.choose(asked)
            self.faults += fault is not None
            return fault

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> _Answer:
        if self.token is not None:
            headers = {k: v for k, v in headers.items() if k.lower() != "x-auth-token"}
            headers["X-Auth-Token"] = self.token  # auth_type none sends a word there
        connection = http.client.HTTPConnection(*self._target, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            kept = [(k, v) for k, v in response.getheaders() if k.lower() not in _OF_THE_WAY]
            # What it says of its own address is said of this one's.
            body = response.read().replace(self._behind, self.url.encode())
            return _Answer(response.status, kept, body)
        finally:
            connection.close()

    def hang(self) -> None:
        self._end.wait(HANG_S)

    def close(self) -> None:
        self._end.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


_OF_THE_WAY = frozenset(("connection", "content-length", "transfer-encoding", "keep-alive", "host"))


def _handler(proxy: FaultyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # whoever asked has gone
                self.close_connection = True

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = proxy.met(Asked(self.command, urlsplit(self.path).path))
            answer: _Answer | None = None
            if fault is None or fault.carries_out:
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_THE_WAY}
                answer = proxy.forward(self.command, self.path, body, headers)
            if fault is None:
                assert answer is not None
                self._answer(answer)
            else:
                self._fail(fault, answer)

        def _fail(self, fault: Fault, answer: _Answer | None) -> None:
            if fault in (Fault.HANG, Fault.HANG_AFTER):
                proxy.hang()
                self._reset()
            elif fault in (Fault.CUT, Fault.CUT_AFTER):
                self._reset()
            elif fault is Fault.HALF:
                assert answer is not None
                self._answer(answer, cut=True)
            elif fault in (Fault.GARBAGE, Fault.UNAVAILABLE):
                page = b"<html><body><h1>Service Unavailable</h1></body></html>"
                status = 200 if fault is Fault.GARBAGE else 503
                self._answer(_Answer(status, [("Content-Type", "text/html")], page))
            else:
                error = {"type": "Injected", "message": fault.value, "detail": ""}
                headers = [
                    ("Content-Type", "application/json"),
                    ("X-Openstack-Request-Id", "req-injected"),
                ]
                if fault is Fault.BUSY:
                    headers.append(("Retry-After", str(RETRY_AFTER_S)))
                text = json.dumps({"NeutronError": error}).encode()
                self._answer(_Answer(_STATUS[fault], headers, text))

        def _answer(self, answer: _Answer, *, cut: bool = False) -> None:
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if cut:
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self._reset()
            else:
                self.wfile.write(answer.body)

        def _reset(self) -> None:
            """RST instead of FIN."""
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                self.close_connection = True

    return Handler


@contextmanager
def faulty_proxy(target: str) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
