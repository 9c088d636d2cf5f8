"""Telling systemd where we are (sd_notify(3)): a unit of Type=notify waits for READY=1."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send ``READY=1``, ``STOPPING=1``, ...; nothing happens where nobody waits for it."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier,
        suppress(OSError),  # systemd has gone
    ):
        notifier.sendto(state.encode(), address)
