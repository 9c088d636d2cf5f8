"""Messages between the processes of a lab: one JSON object a packet, descriptors beside it.

The sockets are SOCK_SEQPACKET, so that a message is a packet and its end needs no mark. One
that is longer than a packet may be lies in a file without a name, whose descriptor comes instead.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from vipkeeper.errors import LabError

Message = Mapping[str, Any]

MAX_BYTES = 1 << 16
"""Of a packet, well below the kernel's default for a socket (net.core.wmem_default)."""

_MAX_LONG_BYTES = 1 << 26
_LENGTH = "length"  # of a message that is in the last descriptor
_MAX_DESCRIPTORS = 4


def socket_name(user: int, lab: str) -> bytes:
    """Name of a lab's abstract socket; it is the lock on the lab's name (unix(7))."""
    return f"\0vipkeeper-lab/{user}/{lab}".encode()


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(connection: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Send a message, whatever its length: a long one as a descriptor that it is read from."""
    data = json.dumps(message).encode()
    if len(data) <= MAX_BYTES:
        socket.send_fds(connection, [data], descriptors)
        return
    length = len(data)
    with os.fdopen(os.memfd_create("message", os.MFD_CLOEXEC), "w+b") as file:
        file.write(data)
        file.flush()
        pointer = json.dumps({_LENGTH: length}).encode()
        socket.send_fds(connection, [pointer], [*descriptors, file.fileno()])


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
        if [*message] == [_LENGTH]:
            length = int(message[_LENGTH])
            message = json.loads(_read(descriptors.pop(), length))
    except (ValueError, TypeError, IndexError, OSError) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise LabError(f"what came through the lab's socket is no message: {error}") from error
    return message, descriptors


def _read(descriptor: int, length: int) -> bytes:
    """What a long message's descriptor holds; its place in the file is the sender's as well."""
    try:
        if not 0 <= length <= _MAX_LONG_BYTES:
            raise ValueError(f"{length} bytes are too many")
        return os.pread(descriptor, length, 0)
    finally:
        os.close(descriptor)


def failure(error: Exception) -> dict[str, str]:
    """An error as a message, to be raised again at the other end by :func:`raise_failure`."""
    return {
        "error": getattr(error, "message", None) or f"{type(error).__name__}: {error}",
        "remedy": getattr(error, "remedy", ""),
    }


def raise_failure(message: Message) -> None:
    if "error" in message:
        raise LabError(str(message["error"]), remedy=str(message.get("remedy", "")))
