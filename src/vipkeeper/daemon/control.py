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
MOST_CONNECTIONS = 32
ANSWER_WITHIN_NS = 3_000_000_000
SEND_AGAIN_AFTER_NS = 5_000_000
ASK_TIMEOUT = 5.0
"""Seconds; longer than ANSWER_WITHIN_NS, so that who asks is told what is wrong."""


class SocketInUseError(VipkeeperError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another daemon answers on {path}: nobody can ask this one for its status",
            remedy="give it a socket of its own with --control",
        )


class ControlServer:
    """Listens on a unix socket; only its owner and root can connect (mode 0600).

    Raises:
        SocketInUseError: somebody listens there already.
        VipkeeperError: it cannot be made.
    """

    def __init__(self, path: Path, loop: Loop, handler: Handler) -> None:
        self._path = path
        self._loop = loop
        self._handler = handler
        self._connections: set[_Connection] = set()
        self._listener = socket.socket(
            socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        )
        try:
            self._listen()
        except OSError as error:
            self._listener.close()
            raise VipkeeperError(
                f"cannot listen on {path}: {error.strerror or error}",
                remedy="give another socket with --control, or run as root",
            ) from None
        except SocketInUseError:
            self._listener.close()
            raise
        loop.watch(self._listener, self._accept)

    def _listen(self) -> None:
        self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if self._path.is_socket():
            if _somebody_listens(self._path):
                raise SocketInUseError(self._path)
            self._path.unlink()  # of a daemon that was killed
        previous = os.umask(0o177)
        try:
            self._listener.bind(str(self._path))
        finally:
            os.umask(previous)
        self._listener.listen(MOST_CONNECTIONS)

    def close(self) -> None:
        for connection in list(self._connections):
            connection.close()
        self._loop.forget(self._listener)
        self._listener.close()
        with suppress(OSError):
            self._path.unlink()

    def _accept(self) -> None:
        with suppress(OSError):  # it has gone again, or we have no descriptor left for it
            connection, _ = self._listener.accept()
            if len(self._connections) >= MOST_CONNECTIONS:
                connection.close()
                return
            connection.setblocking(False)
            self._connections.add(
                _Connection(connection, self._loop, self._handler, self._connections.discard)
            )


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as knock:
        try:
            knock.connect(str(path))
        except BlockingIOError:
            return True  # more than it can take are waiting
        except ConnectionRefusedError:
            return False
        return True


class _Connection:
    """One asker. It may be slow, silent or gone: nobody waits for it."""

    def __init__(
        self,
        connection: socket.socket,
        loop: Loop,
        handler: Handler,
        closed: Callable[[_Connection], None],
    ) -> None:
        self._socket = connection
        self._loop = loop
        self._handler = handler
        self._closed = closed
        self._received = b""
        self._unsent = b""
        self._is_open = True
        self._listens = True
        self._deadline = loop.now() + ANSWER_WITHIN_NS
        loop.watch(connection, self._readable)
        loop.schedule.set(self, self._deadline, self._too_late)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(REQUEST_LIMIT)
        except OSError:
            data = b""
        self._received += data
        if b"\n" in self._received:
            self._stop_listening()
            self._handle(self._received.partition(b"\n")[0])
        elif not data or len(self._received) > REQUEST_LIMIT:
            self.close()

    def _handle(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            self._answer({"ok": False, "error": "a request is one JSON object on one line"})
            return
        self._handler(request, self._answer)

    def _answer(self, answer: dict[str, Any]) -> None:
        if self._is_open and not self._unsent:
            self._unsent = json.dumps(answer).encode() + b"\n"
            self._send()

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent = b""
        now = self._loop.now()
        if not self._unsent or now >= self._deadline:
            self.close()
        else:
            self._loop.schedule.set(self, now + SEND_AGAIN_AFTER_NS, self._send)

    def _too_late(self) -> None:
        if self._listens:
            self.close()  # it never asked
        else:
            self._answer({"ok": False, "error": "the VRRP process does not answer"})
            self.close()

    def _stop_listening(self) -> None:
        if self._listens:
            self._listens = False
            self._loop.forget(self._socket)

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._stop_listening()
            self._loop.schedule.set(self, None, self.close)
            self._socket.close()
            self._closed(self)


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
                f"no vipkeeperd answers on {path}: {error.strerror or error}",
                remedy="is it running? another socket is named with --control",
            ) from None
    if not line:
        raise VipkeeperError(f"vipkeeperd closed {path} without an answer", remedy="see its log")
    answer = json.loads(line)
    assert isinstance(answer, dict)
    if not answer.get("ok"):
        raise VipkeeperError(str(answer.get("error", "refused")))
    return answer
