"""Messages between the processes of a lab: one JSON object a packet, descriptors beside it.

The sockets are SOCK_SEQPACKET, so that a message is a packet and its end needs no mark.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from vipkeeper.errors import LabError

Message = Mapping[str, Any]

MAX_BYTES = 1 << 20
_MAX_DESCRIPTORS = 4


def socket_name(user: int, lab: str) -> bytes:
    """Name of a lab's abstract socket; it is the lock on the lab's name (unix(7))."""
    return f"\0vipkeeper-lab/{user}/{lab}".encode()


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(connection: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    data = json.dumps(message).encode()
    # The default is smaller than a long status; the kernel doubles what is asked for.
    if len(data) > MAX_BYTES // 8:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_BYTES)
    socket.send_fds(connection, [data], descriptors)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message and the descriptors that came with it; None when the other end is gone.

    Raises:
        LabError: it is not a message.
    """
    try:
        data, descriptors, _, _ = socket.recv_fds(connection, MAX_BYTES, _MAX_DESCRIPTORS)
    except ConnectionResetError:  # it left without having read what we said last
        return None
    if not data:
        return None
    try:
        message = json.loads(data)
        if not isinstance(message, dict):
            raise ValueError("not an object")
    except ValueError as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise LabError(f"what came through the lab's socket is no message: {error}") from error
    return message, descriptors


def failure(error: Exception) -> dict[str, str]:
    """An error as a message, to be raised again at the other end by :func:`raise_failure`."""
    return {
        "error": getattr(error, "message", None) or f"{type(error).__name__}: {error}",
        "remedy": getattr(error, "remedy", ""),
    }


def raise_failure(message: Message) -> None:
    if "error" in message:
        raise LabError(str(message["error"]), remedy=str(message.get("remedy", "")))
