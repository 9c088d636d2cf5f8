"""Lines out of a stream of bytes, however it is cut."""

from __future__ import annotations

from vipkeeper.lab.instance.journal import MAX_MESSAGE_CHARACTERS


class Lines:
    """Keeps what is not a whole line yet; a line longer than a journal's entry is cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) > MAX_MESSAGE_CHARACTERS:
            lines.append(self._rest[:MAX_MESSAGE_CHARACTERS])
            self._rest = self._rest[MAX_MESSAGE_CHARACTERS:]
        return [_text(line) for line in lines]

    def end(self) -> list[str]:
        """What was said last, without the end of a line."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    return line.decode(errors="replace")[:MAX_MESSAGE_CHARACTERS]
