"""Records between keeper and speaker: one JSON object a line, over a pair of sockets.

Neither side ever waits for the other. The speaker least of all: when the keeper does not read,
records are kept up to :data:`BACKLOG_LIMIT` bytes, then dropped and counted.
"""

from __future__ import annotations

import json
import socket
from typing import Any

Record = dict[str, Any]

BACKLOG_LIMIT = 4 << 20
_RECEIVE_SIZE = 1 << 16


class Channel:
    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._received = bytearray()
        self._backlog = bytearray()
        self.dropped = 0

    @classmethod
    def from_descriptor(cls, descriptor: int) -> Channel:
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, record: Record) -> bool:
        """Send a record, or keep it for :meth:`flush`; True if nothing is left to be sent."""
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        if len(self._backlog) + len(line) > BACKLOG_LIMIT:
            self.dropped += 1
            return False
        self._backlog += line
        return self.flush()

    def flush(self) -> bool:
        """Send what could not be sent before; True if nothing is left."""
        while self._backlog:
            try:
                sent = self._socket.send(self._backlog)
            except BlockingIOError:
                return False
            except OSError:  # the other side has gone; receive() tells
                self._backlog.clear()
                break
            del self._backlog[:sent]
        return True

    def receive(self) -> list[Record] | None:
        """The records that have come; None when the other side has gone."""
        ended = False
        while True:
            try:
                data = self._socket.recv(_RECEIVE_SIZE)
            except BlockingIOError:
                break
            except OSError:
                ended = True
                break
            if not data:
                ended = True
                break
            self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        records = [json.loads(line) for line in lines]
        return None if ended and not records else records
