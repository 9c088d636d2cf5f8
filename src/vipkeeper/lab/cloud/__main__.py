"""``python -m vipkeeper.lab.cloud FD NAME``: the order is on stdin, FD leads to the doorkeeper."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from vipkeeper.errors import VipkeeperError
from vipkeeper.lab import messages
from vipkeeper.lab.cloud.cloud import Cloud
from vipkeeper.lab.cloud.waiting import readable
from vipkeeper.lab.order import Order
from vipkeeper.linux import mounts, namespaces

LAST_ANSWER_TIMEOUT = 1.0
"""Seconds for what is being answered when the lab ends; who only holds a connection waits."""


def main() -> None:
    door = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(door.fileno(), False)
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from the doorkeeper
    os.set_inheritable(order.listener, False)
    namespaces.die_with_parent(signal.SIGKILL)
    try:
        _furnish()
        asyncio.run(_serve(order, door))
    except VipkeeperError as error:
        messages.send(door, messages.failure(error))
        sys.exit(1)


def _furnish() -> None:
    """What only a process within the namespaces can mount."""
    mounts.mount("proc", Path("/proc"), "proc")
    mounts.mount("run", Path("/run"), "tmpfs", options="mode=0755,size=16m")
    socket.sethostname("cloud")


async def _serve(order: Order, door: socket.socket) -> None:
    cloud = Cloud(order)
    await cloud.build()
    messages.send(door, {"ready": True})
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    loop = asyncio.get_running_loop()
    talks: set[asyncio.Task[None]] = set()

    def knock() -> None:
        received = messages.receive(door)
        if received is None:  # the doorkeeper is gone
            os._exit(1)
        for descriptor in received[1]:
            talk = loop.create_task(_talk(cloud, socket.socket(fileno=descriptor)))
            talks.add(talk)
            talk.add_done_callback(talks.discard)

    loop.add_reader(door, knock)
    await cloud.ended.wait()
    await asyncio.wait(talks, timeout=LAST_ANSWER_TIMEOUT)


async def _talk(cloud: Cloud, connection: socket.socket) -> None:
    """One request and its answer; a caller that goes away is no matter."""
    with connection, suppress(OSError):
        await readable(connection)
        try:
            received = messages.receive(connection)
            if received is None:
                return
            message, descriptors = await cloud.answer(received[0])
        except (VipkeeperError, KeyError, TypeError) as error:
            message, descriptors = messages.failure(error), []
        messages.send(connection, message, descriptors)


if __name__ == "__main__":
    main()
