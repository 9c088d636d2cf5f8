"""Askers who are slow, silent, many, or gone; nobody waits for them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vipkeeper.daemon.control import MOST_CONNECTIONS, Answer, ControlServer, SocketInUseError, ask
from vipkeeper.daemon.loop import Loop
from vipkeeper.errors import VipkeeperError

BIG = {"ok": True, "padding": "x" * 3_000_000}


class Served:
    """A control server in a thread; ``silent`` requests are never answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = Loop()
        self.server = ControlServer(path, self._loop, self._handle)
        self._loop.schedule.set("tick", 0, self._tick)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _handle(self, request: dict[str, Any], answer: Answer) -> None:
        if request.get("request") != "silent":
            answer(BIG if request.get("request") == "big" else {"ok": True, "said": request})

    def _tick(self) -> None:
        if self._ended.is_set():
            self._loop.stop()
        else:
            self._loop.schedule.set("tick", self._loop.now() + 10_000_000, self._tick)

    def _run(self) -> None:
        self._loop.run()
        self.server.close()
        self._loop.close()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10)
        connection.connect(str(self.path))
        return connection


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "control.sock")
    yield served
    served.close()


def test_a_slow_asker_keeps_nobody_waiting(served: Served) -> None:
    slow = [served.connect() for _ in range(10)]
    for connection in slow:
        connection.sendall(b'{"request": "big"}\n')  # and nothing is read
    assert ask(served.path, {"request": "small"})["ok"]  # it would not come at all otherwise
    whole = slow[0].makefile("rb")
    assert json.loads(whole.readline()) == BIG
    whole.close()
    for connection in slow:
        connection.close()


def test_who_never_speaks_is_left_and_makes_room(served: Served) -> None:
    silent = [served.connect() for _ in range(MOST_CONNECTIONS)]
    with pytest.raises(VipkeeperError, match=r"without an answer|Connection reset|Broken pipe"):
        ask(served.path, {"request": "one too many"})
    assert silent[0].recv(1) == b""  # closed by the server, after a while
    assert ask(served.path, {"request": "small"})["ok"]
    for connection in silent:
        connection.close()


def test_no_answer_in_time_is_an_answer(served: Served) -> None:
    with pytest.raises(VipkeeperError, match="the VRRP process does not answer"):
        ask(served.path, {"request": "silent"})


@pytest.mark.parametrize("garbage", [b"\n", b"[]\n", b"\xff\xfe\n", b"[" * 60000 + b"\n"])
def test_garbage_is_answered_by_what_a_request_is(served: Served, garbage: bytes) -> None:
    with served.connect() as connection:
        connection.sendall(garbage)
        answer = json.loads(connection.recv(1000))
    assert answer == {"ok": False, "error": "a request is one JSON object on one line"}


def test_too_much_or_a_half_request_or_an_early_end_harm_nobody(served: Served) -> None:
    with served.connect() as connection:
        try:
            connection.sendall(b"x" * 1_000_000)
            assert connection.recv(1) == b""
        except (BrokenPipeError, ConnectionResetError):
            pass
    for request in (b"", b'{"request"', b'{"request": "big"}\n', b'{"request": "silent"}\n'):
        with served.connect() as connection:
            connection.sendall(request)
    assert ask(served.path, {"request": "small"})["ok"]


def test_a_socket_that_is_in_use_is_not_taken_a_stale_one_is(served: Served) -> None:
    loop = Loop()
    with pytest.raises(SocketInUseError, match="another daemon answers on"):
        ControlServer(served.path, loop, lambda _request, _answer: None)
    assert ask(served.path, {"request": "small"})["ok"]
    stale = served.path.with_name("stale.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left_behind:
        left_behind.bind(str(stale))
    ControlServer(stale, loop, lambda _request, _answer: None).close()
    assert not stale.exists()
    loop.close()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("contents")
    loop = Loop()
    with pytest.raises(
        VipkeeperError, match=r"cannot listen on .*precious: Address already in use"
    ):
        ControlServer(file, loop, lambda _request, _answer: None)
    assert file.read_text() == "contents"
    loop.close()


def test_a_path_that_is_too_long_is_told_by_its_reason(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120)
    with pytest.raises(VipkeeperError, match="AF_UNIX path too long"):
        ask(path, {"request": "status"})
