"""The process of the lab's OpenStack APIs: started by the first connection, and kept alive.

The socket that it listens on was made on the host by the doorkeeper, and stays a socket of the
host's network wherever it is listened on. As long as nobody calls, there is no such process; when
one has ended, the next connection, which waits in the backlog meanwhile, starts another.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vipkeeper.lab import house, isolation
from vipkeeper.lab.cloud import channel
from vipkeeper.lab.house import Sources
from vipkeeper.lab.instance.lines import Lines
from vipkeeper.linux import mounts

MODULE = "vipkeeper.lab.api"
"""``python -m MODULE LISTENER CHANNEL``: the two are descriptors."""

DIRECTORY = Path("/run/api")
"""Where the process runs, and its database lives; it outlives the process."""

STOP_TIMEOUT = 5.0
"""Seconds from SIGTERM to SIGKILL."""

_SIZE = "128m"
_START_INTERVAL = 1.0  # seconds between two starts of a process that does not last
_REMEMBERED_LINES = 200


class ApiProcess:
    """Starts the process when it is called, as often as it takes.

    Attributes:
        pid: 0 while there is none.
        said: the last that processes printed.
    """

    def __init__(
        self, listener: socket.socket, sources: Sources, questions: Mapping[str, channel.Question]
    ) -> None:
        self.pid = 0
        self.said: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        self._listener = listener
        self._sources = sources
        self._questions = questions
        self._ended = asyncio.Event()
        self._ended.set()
        self._stopped = False
        self._last_start = 0.0
        self._talk: asyncio.Task[None] | None = None
        DIRECTORY.mkdir()
        mounts.mount("api", DIRECTORY, "tmpfs", options=f"mode=0700,size={_SIZE}")

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}"

    def describe(self) -> dict[str, Any]:
        return {"url": self.url, "pid": self.pid or None, "said": list(self.said)}

    def watch(self) -> None:
        """Wait for the next connection, not sooner than a second after the last start."""
        if not self._stopped:
            delay = max(0.0, self._last_start + _START_INTERVAL - time.monotonic())
            loop = asyncio.get_running_loop()
            loop.call_later(delay, self._watch)

    async def stop(self) -> None:
        """End it, and start no other."""
        self._stopped = True
        asyncio.get_running_loop().remove_reader(self._listener)
        if self.pid == 0:
            return
        signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await self._ended.wait()
        except TimeoutError:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            await self._ended.wait()

    def _watch(self) -> None:
        if not self._stopped:
            asyncio.get_running_loop().add_reader(self._listener, self._called)

    def _called(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        self._last_start = time.monotonic()
        ours, theirs = socket.socketpair()
        inherited = (self._listener.fileno(), theirs.fileno())
        with theirs:
            self._process = subprocess.Popen(
                [*isolation.python(self._sources, MODULE), *map(str, inherited)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                pass_fds=inherited,
                cwd=DIRECTORY,
                env=_environment(),
            )
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid)
        self._ended.clear()
        self._lines = Lines()
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        loop.add_reader(self._process.stdout, self._hear)
        loop.add_reader(self._pidfd, self._died)
        self._talk = loop.create_task(channel.serve(ours, self._questions))

    def _hear(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        if data := stdout.read(65536):
            self.said.extend(self._lines.feed(data))
        else:
            asyncio.get_running_loop().remove_reader(stdout)

    def _died(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        code = self._process.wait()
        assert self._process.stdout is not None
        with suppress(BlockingIOError):  # somebody else may hold the other end
            self._hear()
        loop.remove_reader(self._process.stdout)
        self._process.stdout.close()
        self.said.extend(self._lines.end())
        self.said.append(f"[the API's process {self.pid} ended: {code}]")
        self.pid = 0
        self._ended.set()
        self.watch()


def _environment() -> dict[str, str]:
    sites = sorted(house.SITES.iterdir(), key=lambda path: int(path.name))
    path = ":".join(map(str, (house.LIBRARY, *sites)))
    return {**isolation.ENVIRONMENT, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
