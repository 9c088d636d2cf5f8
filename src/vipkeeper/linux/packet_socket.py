"""Sending whole Ethernet frames (packet(7)): gratuitous ARP."""

from __future__ import annotations

import socket

from vipkeeper.errors import KernelError


class FrameSender:
    """Sends frames out of any interface; receives nothing."""

    def __init__(self) -> None:
        try:
            # Protocol 0: no frame is ever delivered to this socket.
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 0
            )
        except OSError as error:
            raise KernelError(
                "open a packet socket",
                error.errno or 0,
                remedy="it takes root, or the capability CAP_NET_RAW",
            ) from None

    def send(self, interface: str, frame: bytes) -> None:
        """Raises KernelError if the frame did not leave."""
        try:
            self._socket.sendto(frame, (interface, 0))
        except OSError as error:
            raise KernelError(f"send a frame on {interface}", error.errno or 0) from None

    def close(self) -> None:
        self._socket.close()
