"""``python -m vipkeeper.lab.api LISTENER_FD CHANNEL_FD``, in the lab's namespaces.

The listener is a socket of the host's own loopback; the channel leads to the cloud.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from vipkeeper.lab.api import kinds, seed
from vipkeeper.lab.api.application import application
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.database import Database
from vipkeeper.lab.api.network.back_ends import BACK_ENDS
from vipkeeper.lab.api.planning import Planner
from vipkeeper.lab.plane_channel import PlaneChannel

DATABASE = Path("state.db")


def main() -> None:
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])))


async def _serve(listener: socket.socket, channel: int) -> None:
    plane = await PlaneChannel.open(channel)
    spec, wanted, since, options = await plane.ask("seed")
    back_end = BACK_ENDS[wanted.back_end]
    database = Database(DATABASE, kinds.ALL)
    state = database.load()
    if state is None:
        state = seed.of(spec, wanted, back_end, since, options["passwords"])
        database.write((record.kind, record.id, record) for record in state.every())
    controller = Controller(state, database, plane, Planner(back_end.name))
    await controller.begin()
    host, port = listener.getsockname()[:2]
    server = uvicorn.Server(
        uvicorn.Config(
            application(controller, back_end, f"http://{host}:{port}"),
            lifespan="off",
            # What is no HTTP is answered and not told: it would push out what is worth reading.
            log_level="error",
            access_log=False,
            # What is being answered when the lab ends may be answered still, not for long.
            timeout_graceful_shutdown=2,
        )
    )
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    main()
