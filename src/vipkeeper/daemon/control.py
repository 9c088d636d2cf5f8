"""The control socket: one JSON request a line, one JSON answer a line."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from vipkeeper.daemon.loop import Loop
from vipkeeper.errors import VipkeeperError

Answer = Callable[[dict[str, Any]], None]
Handler = Callable[[dict[str, Any], Answer], None]
"""Takes a request, and what to call with the answer, now or later."""

REQUEST_LIMIT = 1 << 16
ASK_TIMEOUT = 5.0


class ControlServer:
    """Listens on a unix socket; only its owner and root can connect (mode 0600)."""

    def __init__(self, path: Path, loop: Loop, handler: Handler) -> None:
        self._path = path
        self._loop = loop
        self._handler = handler
        self._listener = socket.socket(
            socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        )
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                path.unlink()  # of a daemon that was killed; a live one holds the pid file
            previous = os.umask(0o177)
            try:
                self._listener.bind(str(path))
            finally:
                os.umask(previous)
        except OSError as error:
            raise VipkeeperError(
                f"cannot listen on {path}: {error.strerror}",
                remedy="give another socket with --control, or run as root",
            ) from None
        self._listener.listen(8)
        loop.watch(self._listener, self._accept)

    def close(self) -> None:
        self._loop.forget(self._listener)
        self._listener.close()
        with suppress(OSError):
            self._path.unlink()

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            _Connection(connection, self._loop, self._handler)


class _Connection:
    def __init__(self, connection: socket.socket, loop: Loop, handler: Handler) -> None:
        self._socket = connection
        self._loop = loop
        self._handler = handler
        self._received = b""
        loop.watch(connection, self._readable)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(REQUEST_LIMIT)
        except OSError:
            data = b""
        self._received += data
        if b"\n" in self._received:
            self._loop.forget(self._socket)
            self._handle(self._received.partition(b"\n")[0])
        elif not data or len(self._received) > REQUEST_LIMIT:
            self._loop.forget(self._socket)
            self._socket.close()

    def _handle(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            self._answer({"ok": False, "error": "a request is one JSON object on one line"})
            return
        self._handler(request, self._answer)

    def _answer(self, answer: dict[str, Any]) -> None:
        # An asker reads at once; one that does not is left after a moment.
        self._socket.settimeout(1.0)
        with suppress(OSError):
            self._socket.sendall(json.dumps(answer).encode() + b"\n")
        self._socket.close()


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Ask a running daemon.

    Raises:
        VipkeeperError: nobody answers there, or what was asked was refused.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ASK_TIMEOUT)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        except PermissionError:
            raise VipkeeperError(
                f"{path} may not be opened", remedy="ask as root, or as the daemon's user"
            ) from None
        except TimeoutError:
            raise VipkeeperError(
                f"vipkeeperd does not answer on {path} within {ASK_TIMEOUT:.0f} s",
                remedy="see its log",
            ) from None
        except OSError as error:
            raise VipkeeperError(
                f"no vipkeeperd answers on {path}: {error.strerror}",
                remedy="is it running? another socket is named with --control",
            ) from None
    if not line:
        raise VipkeeperError(f"vipkeeperd closed {path} without an answer", remedy="see its log")
    answer = json.loads(line)
    assert isinstance(answer, dict)
    if not answer.get("ok"):
        raise VipkeeperError(str(answer.get("error", "refused")))
    return answer
