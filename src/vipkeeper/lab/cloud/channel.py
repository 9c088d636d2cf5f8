"""The cloud's end of the channel to its API's process (:mod:`vipkeeper.lab.plane_channel`)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab import plane_channel

Question = Callable[..., Awaitable[Any]]


async def serve(connection: socket.socket, questions: Mapping[str, Question]) -> None:
    """Answer until the other end is gone; what is being done then is done to its end."""
    reader, writer = await asyncio.open_connection(sock=connection)
    answering: set[asyncio.Task[None]] = set()

    async def answer(number: int, what: str, arguments: tuple[Any, ...]) -> None:
        try:
            if what not in questions:
                raise LabError(f"a cloud cannot {what!r}")
            value, error = await questions[what](*arguments), None
        except Exception as raised:  # noqa: BLE001 -- whatever it is, who asked is told
            value, error = None, plane_channel.failure(raised)
        if not writer.is_closing():
            plane_channel.send(writer, (number, error, value))

    try:
        while True:
            task = asyncio.create_task(answer(*await plane_channel.receive(reader)))
            answering.add(task)
            task.add_done_callback(answering.discard)
    except EOFError:
        if answering:
            await asyncio.wait(answering)
    finally:
        writer.close()
