"""The console of an instance: what somebody would see who sits before it.

It is a file in memory that the cloud makes, one for each machine, so that the text is still
there when the machine has booted again. The instance's init writes, the cloud reads. Root in
the instance can get at it as well: nothing here takes its size or its text for granted.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 256 * 1024
"""What is kept; of more, the older half goes."""

DEVICE = Path("/dev/console")

_MAX_ATTEMPTS = 3


def create() -> int:
    """A descriptor of an empty console, to be kept by the cloud and inherited by each init."""
    descriptor = os.memfd_create("console", os.MFD_CLOEXEC)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
    return descriptor


def tail(descriptor: int, lines: int | None = None) -> str:
    """The last lines of a console, all that is kept of it for None."""
    text = _read(descriptor).decode(errors="replace")
    if lines is None:
        return text
    return "".join(text.splitlines(keepends=True)[-lines:]) if lines > 0 else ""


def _read(descriptor: int) -> bytes:
    """What is there, once more if it was cut short at this very moment."""
    data = b""
    for _ in range(_MAX_ATTEMPTS):
        before = os.fstat(descriptor).st_size
        data = os.pread(descriptor, MAX_BYTES, max(0, before - MAX_BYTES))
        if os.fstat(descriptor).st_size >= before and data:
            break
    return data


class Console:
    """The writing end. What cannot be written is lost, and nothing else.

    Args:
        descriptor: as the cloud handed it over; -1 for a machine without a console.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        if descriptor >= 0:
            os.set_inheritable(descriptor, False)

    def write(self, text: str) -> None:
        if self._descriptor < 0:
            return
        data = text.encode(errors="replace")[-MAX_BYTES // 2 :]
        with suppress(OSError):
            if os.fstat(self._descriptor).st_size + len(data) > MAX_BYTES:
                self._drop_older_half()
            os.write(self._descriptor, data)

    def status(self, word: str, text: str) -> None:
        """``[  OK  ] Started lighttpd.service.`` is such a line of systemd's.

        Without a word it is something that begins, and is indented as much.
        """
        mark = f"[{word:^6}]" if word else " " * 8
        self.write(f"{mark} {text}\n")

    def greet(self) -> None:
        self.write(f"\nWelcome to {_operating_system()}!\n\n")

    def ask_for_login(self, hostname: str) -> None:
        """What getty(8) prints on a serial line. Nobody can answer it."""
        self.write(f"\n{_operating_system()} {hostname} ttyS0\n\n{hostname} login: ")

    def _drop_older_half(self) -> None:
        size = os.fstat(self._descriptor).st_size
        kept = os.pread(self._descriptor, MAX_BYTES // 2, max(0, size - MAX_BYTES // 2))
        kept = kept[kept.find(b"\n") + 1 :]
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, kept)


class Device:
    """/dev/console of the instance: a pipe with a name, for who writes there."""

    def __init__(self, console: Console) -> None:
        self._console = console
        os.mkfifo(DEVICE)
        DEVICE.chmod(0o600)
        # Both ends, so that it is never without a reader or a writer.
        self._descriptor = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._descriptor

    def pass_on(self) -> None:
        """Put what was written there on the console."""
        with suppress(BlockingIOError):
            self._console.write(os.read(self._descriptor, 65536).decode(errors="replace"))


def _operating_system() -> str:
    """PRETTY_NAME of os-release(5)."""
    try:
        for line in Path("/etc/os-release").read_text().splitlines():
            key, _, value = line.partition("=")
            if key == "PRETTY_NAME":
                return value.strip("\"'")
    except OSError:
        pass
    return "Linux"
