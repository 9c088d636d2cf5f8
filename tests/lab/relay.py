"""A lab whose API's process is a relay: what a test asks for goes to the cloud, and nothing else.

The relay takes the place of the real program in a copy of the package; cloud, channel and the
way in which the process is started are the real ones.
"""

from __future__ import annotations

import pickle
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vipkeeper
from tests.lab.labs import unused_name
from vipkeeper.errors import LabError
from vipkeeper.lab.client import Lab
from vipkeeper.lab.cloud.api_process import MODULE
from vipkeeper.lab.plane import Plane
from vipkeeper.lab.spec import CloudSpec

PROGRAM = """
import asyncio, os, pathlib, socket, sys
from vipkeeper.errors import LabError
from vipkeeper.lab import plane_channel
from vipkeeper.lab.plane_channel import PlaneChannel

async def main():
    channel = await PlaneChannel.open(int(sys.argv[2]))

    async def relay(reader, writer):
        while True:
            try:
                what, arguments = await plane_channel.receive(reader)
            except EOFError:
                break
            try:
                answer = (None, await do(what, arguments))
            except LabError as error:
                answer = (plane_channel.failure(error), None)
            plane_channel.send(writer, answer)
        writer.close()

    async def do(what, arguments):
        if what == "end":
            os._exit(arguments[0])
        if what == "write":
            return pathlib.Path(arguments[0]).write_text(arguments[1])
        if what == "read":
            return pathlib.Path(arguments[0]).read_text()
        return await channel.ask(what, *arguments)

    server = await asyncio.start_server(relay, sock=socket.socket(fileno=int(sys.argv[1])))
    print("the relay runs", flush=True)
    await channel.closed()

asyncio.run(main())
"""

UP = """
import pickle, sys
from vipkeeper.lab.client import Lab
name, arguments = pickle.load(sys.stdin.buffer)
lab = Lab.up(name=name, owned=True, **arguments)
print("up", flush=True)
sys.stdin.read()
"""
_LENGTH = struct.Struct("!I")


class Relay:
    """The lab, and a connection to its relay."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._connection: socket.socket | None = None

    def ask(self, what: str, *arguments: Any) -> Any:
        """Put a question of the channel to the cloud.

        Raises:
            LabError: as the cloud says.
        """
        self.send(what, *arguments)
        return self.receive()

    def connect(self) -> socket.socket:
        if self._connection is None:
            port = int(self.lab.status()["api"]["url"].rpartition(":")[2])
            self._connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        return self._connection

    def send(self, what: str, *arguments: Any) -> None:
        data = pickle.dumps((what, arguments))
        self.connect().sendall(_LENGTH.pack(len(data)) + data)

    def receive(self) -> Any:
        """The answer to what was sent."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        error, value = pickle.loads(self._read(length))
        if error is not None:
            raise LabError(error[0], remedy=error[1])
        return value

    def apply(self, plane: Plane) -> None:
        self.ask("apply", plane)

    def plane(self) -> Plane:
        plane: Plane = self.ask("seed")[1]
        return plane

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, size: int) -> bytes:
        assert self._connection is not None
        data = b""
        while len(data) < size:
            more = self._connection.recv(size - len(data))
            if not more:
                raise EOFError("the relay ended")
            data += more
        return data


@contextmanager
def relayed(spec: CloudSpec, **arguments: Any) -> Iterator[Relay]:
    """A lab with a relay, started by a process of its own from the changed copy."""
    name = unused_name("relay")
    with tempfile.TemporaryDirectory() as text:
        directory = Path(text)
        directory.chmod(0o755)
        _copy_package(directory)
        owner = subprocess.Popen(
            [sys.executable, "-c", UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": text, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        with owner:
            assert owner.stdin is not None
            assert owner.stdout is not None
            pickle.dump((name, {"spec": spec, **arguments}), owner.stdin)
            owner.stdin.flush()
            assert owner.stdout.readline() == b"up\n"
            lab = Lab.connect(name)
            relay = Relay(lab)
            try:
                yield relay
            finally:
                relay.hang_up()
                if lab.name in Lab.names():
                    lab.down()


def _copy_package(directory: Path) -> None:
    assert vipkeeper.__file__ is not None
    package = directory / "vipkeeper"
    shutil.copytree(Path(vipkeeper.__file__).parent, package)
    module = directory.joinpath(*MODULE.split("."))
    shutil.rmtree(module, ignore_errors=True)
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "__main__.py").write_text(PROGRAM)
