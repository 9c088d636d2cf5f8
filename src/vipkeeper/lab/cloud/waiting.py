"""Waiting for a socket in the cloud's event loop."""

from __future__ import annotations

import asyncio
import socket


async def readable(connection: socket.socket) -> None:
    """Wait until there is something to receive, or the other end is gone."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(connection, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(connection)
