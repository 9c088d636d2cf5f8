"""netlink(7): messages, attributes, and a socket that asks and is answered."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from vipkeeper.errors import KernelError

NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300
NLM_F_EXCL = 0x200
NLM_F_REPLACE = 0x100
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF

RECEIVE_SIZE = 1 << 16

_NLMSGHDR = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


def attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length % 4)


def nested(kind: int, *inner: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(inner))


def attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & NLA_TYPE_MASK] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, sequence number and payload of each netlink message in a datagram."""
    offset = 0
    while offset + _NLMSGHDR.size <= len(data):
        length, kind, _flags, sequence, _port = _NLMSGHDR.unpack_from(data, offset)
        if length < _NLMSGHDR.size:
            return
        yield kind, sequence, data[offset + _NLMSGHDR.size : offset + length]
        offset += (length + 3) & ~3


def _error_number(payload: bytes) -> int:
    code: int
    (code,) = struct.unpack_from("=i", payload)
    return -code


class NetlinkSocket:
    """Requests to the kernel, each answered before the call returns."""

    def __init__(self, protocol: int) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_NETLINK, kind, protocol)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def _send(self, message_type: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        length = _NLMSGHDR.size + len(body)
        header = _NLMSGHDR.pack(length, message_type, flags | NLM_F_REQUEST, self._sequence, 0)
        self._socket.send(header + body)

    def request(self, message_type: int, flags: int, body: bytes) -> int:
        """Send one request and return the error number of its acknowledgement (0: done)."""
        self._send(message_type, flags | NLM_F_ACK, body)
        while True:
            for kind, sequence, payload in messages(self._socket.recv(RECEIVE_SIZE)):
                if kind == NLMSG_ERROR and sequence == self._sequence:
                    return _error_number(payload)

    def dump(self, message_type: int, body: bytes, what: str) -> list[tuple[int, bytes]]:
        """Type and payload of every object of a kind.

        Raises:
            KernelError: the kernel refused to list ``what``.
        """
        self._send(message_type, NLM_F_DUMP, body)
        found: list[tuple[int, bytes]] = []
        while True:
            for kind, sequence, payload in messages(self._socket.recv(RECEIVE_SIZE)):
                if sequence != self._sequence:
                    continue
                if kind == NLMSG_DONE:
                    return found
                if kind == NLMSG_ERROR:
                    raise KernelError(f"list {what}", _error_number(payload))
                found.append((kind, payload))
