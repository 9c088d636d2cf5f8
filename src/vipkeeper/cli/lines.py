"""Lines on a terminal: wrapped within their indent there, as they are in a pipe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

_BIDIRECTIONAL = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSEEN = (*range(0x20), *range(0x7F, 0xA0), *_BIDIRECTIONAL)
_SEEN = {code: "\ufffd" for code in _UNSEEN if chr(code) not in "\n\t"}
"""What would steer the terminal: names are others', and Neutron takes any character."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or several.

    Attributes:
        mark: stands in the indent, in front of the text's first line; a sign, or a title.
        typed: a command: broken by the terminal alone, so that it can be copied.
    """

    text: Text
    indent: int = 0
    mark: Text | None = None
    typed: bool = False


def show(console: Console, lines: Iterable[Line]) -> None:
    for line in lines:
        _show(console, line)


def _show(console: Console, line: Line) -> None:
    text = line.text.copy()
    text.plain = text.plain.translate(_SEEN)
    parts = list(text.split("\n", allow_blank=True))
    if console.is_terminal and not line.typed:
        width = max(console.width - line.indent, 1)
        parts = [part for one in parts for part in one.wrap(console, width)]
    for number, part in enumerate(parts):
        margin = Text(" " * line.indent)
        if line.mark and number == 0:
            before = " " * (line.indent - line.mark.cell_len - 1)
            margin = Text(before).append_text(line.mark).append(" ")
        console.print(margin.append_text(part), soft_wrap=True)
