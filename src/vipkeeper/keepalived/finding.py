"""What the reader of a configuration has to say about it, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding matters.

    ERROR: an instance (or, with no instance named, the daemon) is not run.
    WARNING: something is skipped, replaced by a default, or most likely not what was meant.
    NOTE: nothing that other routers or clients could see is different.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Location:
    """A stretch of one line of one file. ``line`` and ``column`` count characters from 1."""

    file: str
    line: int
    column: int
    length: int

    def __str__(self) -> str:
        return f"{visible(self.file)}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful.

    Attributes:
        code: a stable name in kebab-case, for machines.
        instance: the vrrp_instance that it concerns; empty where it concerns the whole file.
        source_line: the line that ``location`` points into, as it stands in the file; but the
            characters of a password are stars, as findings go into logs.
        suggestion: what to do about it; may be empty.
    """

    severity: Severity
    code: str
    message: str
    location: Location
    source_line: str = ""
    suggestion: str = ""
    instance: str = ""

    @property
    def headline(self) -> str:
        return f"{self.location}: {self.severity.value}: {self.message}"

    def excerpt(self) -> str:
        """The line and, below it, carets under the place; control characters made visible."""
        start = self.location.column - 1
        indent = len(self.source_line) - len(self.source_line.lstrip(" \t"))
        marked = self.source_line[start : start + self.location.length]
        carets = " " * (start - indent) + "^" * max(1, len(marked))
        return f"    {visible(self.source_line[indent:])}\n    {carets}"

    def render(self) -> str:
        """Two to four lines of plain text, without a newline at the end.

        An example::

        keepalived.conf:4:6: warning: Unknown keyword 'virtual_router'
            virtual_router 1
            ^^^^^^^^^^^^^^
          did you mean 'virtual_router_id'?
        """
        lines = [self.headline]
        if self.source_line:
            lines.append(self.excerpt())
        if self.suggestion:
            lines.append(f"  {self.suggestion}")
        return "\n".join(lines)


def visible(text: str) -> str:
    """``text`` with what a terminal would act on, or could not show, replaced.

    Each character stays one character, so that carets stay below their word.
    """
    return "".join(
        character if character.isprintable() else " " if character in "\t\f\v" else "\ufffd"
        for character in text
    )
