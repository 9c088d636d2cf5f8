"""Text that remembers where in a file each of its characters was written.

A line is cut, unquoted and has parameters replaced in it before its words mean anything; a message
must nevertheless point at what the person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vipkeeper.keepalived.finding import Finding, Location, Severity, visible

WHITE_SPACE = " \t\f\n\r\v"

_PASSWORD = re.compile(r"(\bauth_pa\w*\s+)(.*)")


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line as it stands in its file, without the line end. ``number`` counts from 1."""

    file: str
    number: int
    content: str


@dataclass(frozen=True, slots=True)
class Text:
    """Part of a line.

    Attributes:
        content: the characters after substitution.
        starts, ends: for each of them, the half-open range of 0-based columns it stems from; for
            the characters of a parameter's value, that of the parameter's use.
    """

    content: str
    line: FileLine
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of_line(cls, line: FileLine) -> Text:
        length = len(line.content)
        return cls(line.content, line, range(length), range(1, length + 1))

    def __len__(self) -> int:
        return len(self.content)

    def __getitem__(self, part: slice) -> Text:
        return Text(self.content[part], self.line, self.starts[part], self.ends[part])

    def strip(self) -> Text:
        begin = len(self.content) - len(self.content.lstrip(WHITE_SPACE))
        end = max(begin, len(self.content.rstrip(WHITE_SPACE)))
        return self if end - begin == len(self) else self[begin:end]

    def replace(self, begin: int, end: int, value: str) -> Text:
        """With ``value`` instead of the characters begin to end, standing where they stood."""
        start = self.starts[begin]
        stop = self.ends[end - 1]
        return Text(
            self.content[:begin] + value + self.content[end:],
            self.line,
            [*self.starts[:begin], *([start] * len(value)), *self.starts[end:]],
            [*self.ends[:begin], *([stop] * len(value)), *self.ends[end:]],
        )

    @property
    def location(self) -> Location:
        start = self.starts[0] if self.content else 0
        stop = max(self.ends[-1] if self.content else 0, start + 1)
        return Location(self.line.file, self.line.number, start + 1, stop - start)

    def finding(
        self,
        severity: Severity,
        code: str,
        message: str,
        *,
        suggestion: str = "",
        instance: str = "",
    ) -> Finding:
        """A finding that points at this text."""
        return Finding(
            severity,
            code,
            visible(message),
            self.location,
            _without_password(self.line.content),
            visible(suggestion),
            instance,
        )


def _without_password(line: str) -> str:
    """``line`` with stars for what follows auth_pass."""
    return _PASSWORD.sub(lambda match: match[1] + re.sub(r"[^\s{}\"]", "*", match[2]), line)
