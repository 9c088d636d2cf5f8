"""Asking an instance's init for something, from within."""

from __future__ import annotations

import socket
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab import messages

SOCKET = "/run/init.sock"


def ask(request: messages.Message) -> dict[str, Any]:
    """Put a request to init and wait for the answer.

    Raises:
        LabError: init says no, or does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        try:
            connection.connect(SOCKET)
        except OSError as error:
            raise LabError(f"init does not listen on {SOCKET}: {error.strerror}") from error
        messages.send(connection, request)
        received = messages.receive(connection)
    if received is None:
        raise LabError("init closed the connection without an answer")
    messages.raise_failure(received[0])
    return received[0]
