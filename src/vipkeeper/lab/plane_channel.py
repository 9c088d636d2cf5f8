"""What goes between the API's process and the cloud's: questions and answers, in any order.

A message is a pickle, with its length before it: the two are parent and child, and of one
version. The API's side asks :meth:`PlaneChannel.ask` for one of :data:`QUESTIONS`.
"""

from __future__ import annotations

import asyncio
import itertools
import pickle
import socket
import struct
from typing import Any

from vipkeeper.errors import LabError, VipkeeperError

QUESTIONS = {
    "seed": "() -> (CloudSpec, Plane, since: float, options: dict)",
    "apply": "(Plane) -> None; new instances go on booting afterwards",
    "change": "(PlaneDifference to what was last applied) -> None, as apply",
    "states": "() -> {instance id: {state, failure, addresses}}",
    "claims": "() -> {id of a virtual port: id of the parent that has claimed it}",
    "start": "(instance id) -> None, when it has booted",
    "stop": "(instance id, seconds until it is killed) -> None, when it is off",
    "poweroff": "(instance id) -> None, when it is off",
    "reboot": "(instance id, hard: bool) -> None, when it has booted",
    "console": "(instance id, last lines or None for all) -> str",
    "drops": "() -> [{port: id, reason, packets, bytes}]",
}
"""What the cloud can be asked for, with arguments and answer; each may raise LabError."""

_LENGTH = struct.Struct("!I")


async def receive(reader: asyncio.StreamReader) -> Any:
    """The next message.

    Raises:
        EOFError: the other end is gone.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        data = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError("the other end of the channel is gone") from error
    return pickle.loads(data)  # noqa: S301 -- from our own parent or child


def send(writer: asyncio.StreamWriter, message: Any) -> None:
    data = pickle.dumps(message)
    writer.write(_LENGTH.pack(len(data)) + data)


def failure(error: Exception) -> tuple[str, str]:
    """An error as a message and a remedy; raised as LabError at the other end."""
    if isinstance(error, VipkeeperError):
        return error.message, error.remedy
    return f"{type(error).__name__}: {error}", ""


class PlaneChannel:
    """The API's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    @classmethod
    async def open(cls, descriptor: int) -> PlaneChannel:
        """The channel that was inherited under this number."""
        connection = socket.socket(fileno=descriptor)
        connection.set_inheritable(False)
        return cls(*await asyncio.open_connection(sock=connection))

    async def ask(self, what: str, *arguments: Any) -> Any:
        """Put one of the :data:`QUESTIONS`, and wait for its answer.

        Raises:
            LabError: it cannot be, or the cloud is gone.
        """
        if self._listening.done():
            raise LabError("the cloud's process is gone")
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            send(self._writer, (number, what, arguments))
            await self._writer.drain()
            return await answer
        finally:
            del self._waiting[number]

    async def closed(self) -> None:
        """Until the cloud is gone."""
        await asyncio.wait([self._listening])

    async def close(self) -> None:
        self._writer.close()
        await self.closed()

    async def _listen(self) -> None:
        while True:
            try:
                number, error, value = await receive(self._reader)
            except EOFError:
                break
            answer = self._waiting.get(number)
            if answer is None or answer.done():
                continue  # who asked has given up
            if error is None:
                answer.set_result(value)
            else:
                answer.set_exception(LabError(error[0], remedy=error[1]))
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LabError("the cloud's process is gone"))
