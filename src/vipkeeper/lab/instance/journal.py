"""The instance's journal: what came to /dev/log and what services printed.

Kept as JSON lines in /var/log, in two files of bounded size, and read by ``journalctl``.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

PATH = Path("/var/log/journal.jsonl")
MAX_FILE_BYTES = 2 << 20
"""Of each of the two files; the older one goes when the newer is full."""

MAX_MESSAGE_CHARACTERS = 8192

DAEMON_NOTICE = 3 << 3 | 5
"""syslog(3): facility and severity of a line that came without."""

# RFC 3164 as the C library's syslog(3) writes it: <30>Nov 24 17:59:48 tag[pid]: text.
# Python's SysLogHandler leaves out the time, and the tag where none is in the format.
_DATAGRAM = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?"
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?"
    r"(?:(?P<tag>[^\s:\[\]]{1,64})(?:\[(?P<pid>\d+)\])?: )?"
    r"(?P<text>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    Attributes:
        time_us: microseconds since 1970, wall clock.
        unit: name of the service that it came from, empty where from none.
    """

    time_us: int
    unit: str
    tag: str
    pid: int
    priority: int
    text: str

    def short(self, hostname: str) -> str:
        """As ``journalctl`` prints it: ``Nov 24 17:59:48 test02 Keepalived_vrrp[16567]: ...``."""
        moment = time.strftime("%b %d %H:%M:%S", time.localtime(self.time_us // 1_000_000))
        process = f"[{self.pid}]" if self.pid else ""
        return f"{moment} {hostname} {self.tag}{process}: {self.text}"


def now_us() -> int:
    return time.time_ns() // 1000


def parse_datagram(data: bytes, *, unit: str, pid: int) -> Entry:
    """A syslog(3) datagram, whatever is in it; ``pid`` is the sender's."""
    match = _DATAGRAM.match(data.decode(errors="replace").rstrip("\0\n"))
    assert match is not None  # every group is optional
    priority = int(match["priority"]) if match["priority"] else DAEMON_NOTICE
    tag = match["tag"] or unit or "unknown"
    number = int(match["pid"]) if match["pid"] else pid
    return Entry(now_us(), unit, tag, number, priority, match["text"][:MAX_MESSAGE_CHARACTERS])


class Writer:
    """Appends to the journal. A full disk loses entries, not the machine."""

    def __init__(self, path: Path = PATH) -> None:
        self._path = path
        self._bytes = path.stat().st_size if path.exists() else 0

    def write(self, entry: Entry) -> None:
        line = json.dumps(asdict(entry), separators=(",", ":")).encode() + b"\n"
        try:
            if self._bytes + len(line) > MAX_FILE_BYTES:
                self._path.replace(older(self._path))
                self._bytes = 0
            with self._path.open("ab") as stream:
                stream.write(line)
        except OSError:
            return
        self._bytes += len(line)


def older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def read(path: Path = PATH) -> Iterator[Entry]:
    """All entries, oldest first."""
    for file in (older(path), path):
        if file.exists():
            with file.open() as stream:
                yield from filter(None, map(_decode, stream))


def follow(path: Path = PATH) -> Iterator[Entry | None]:
    """Entries from now on, and None whenever there is none at the moment."""
    stream = path.open()
    try:
        stream.seek(0, os.SEEK_END)
        while True:
            position = stream.tell()
            line = stream.readline()
            if line.endswith("\n"):
                yield _decode(line)
                continue
            stream.seek(position)
            if path.exists() and path.stat().st_ino != os.fstat(stream.fileno()).st_ino:
                stream.close()
                stream = path.open()
                continue
            yield None
    finally:
        stream.close()


def _decode(line: str) -> Entry | None:
    """An entry; None for the half of one that a full disk has left."""
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None
