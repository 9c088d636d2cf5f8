"""Where log lines go: the system's log, the terminal, a file."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

LOG_ERR, LOG_WARNING, LOG_INFO = 3, 4, 6
LOG_DAEMON = 3
SYSLOG_SOCKET = "/dev/log"

KEEPER_IDENT = "Keepalived"
SPEAKER_IDENT = "Keepalived_vrrp"
"""The names that keepalived's two processes log under; filters and dashboards know them."""


class Destination(Protocol):
    def write(self, level: int, ident: str, pid: int, text: str) -> None: ...


class Syslog:
    """The local syslog socket (RFC 3164's form, as syslog(3) writes it)."""

    def __init__(self, facility: int = LOG_DAEMON) -> None:
        self._facility = facility
        self._socket = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        )

    def write(self, level: int, ident: str, pid: int, text: str) -> None:
        stamp = time.strftime("%b %e %H:%M:%S")
        message = f"<{self._facility << 3 | level}>{stamp} {ident}[{pid}]: {text}"
        try:
            self._socket.sendto(message.encode(errors="replace"), SYSLOG_SOCKET)
        except OSError:
            return  # no log daemon, or it does not keep up: nobody else to tell


class Console:
    """Standard error, in the form of ``keepalived --log-console``."""

    def write(self, level: int, ident: str, pid: int, text: str) -> None:
        with suppress(OSError):  # a terminal that was closed, a pipe without a reader
            print(f"{time.strftime('%a %b %e %H:%M:%S %Y')}: {text}", file=sys.stderr, flush=True)  # noqa: T201 the console is this class's purpose


class LogFile:
    """A file, in the form of ``keepalived --log-file``."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
        # A name or a line of the configuration may hold any byte.
        self._file = os.fdopen(descriptor, "a", buffering=1, errors="backslashreplace")

    def write(self, level: int, ident: str, pid: int, text: str) -> None:
        stamp = time.strftime("%a %b %e %H:%M:%S %Y")
        with suppress(OSError):  # the disk is full: the addresses matter more
            self._file.write(f"{stamp}: {ident}[{pid}]: {text}\n")


class Log:
    """One log with any number of destinations, none included."""

    def __init__(self, destinations: list[Destination]) -> None:
        self._destinations = destinations

    def write(
        self, text: str, *, level: int = LOG_INFO, ident: str = KEEPER_IDENT, pid: int = 0
    ) -> None:
        for destination in self._destinations:
            destination.write(level, ident, pid or os.getpid(), text)
