"""Collects findings while a configuration is read."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.finding import Finding, Severity
from vipkeeper.keepalived.text import Text
from vipkeeper.keepalived.words import Word

Place = Statement | Word | Text


class Report:
    """Where readers put what they find.

    Attributes:
        instance: the vrrp_instance being read, or empty.
        failed: whether an error was reported here, so that the instance cannot be run.
    """

    def __init__(self, findings: list[Finding], instance: str = "") -> None:
        self.findings = findings
        self.instance = instance
        self.failed = False

    def error(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        self.failed = True
        self._add(Severity.ERROR, place, code, message, suggestion)

    def warning(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        self._add(Severity.WARNING, place, code, message, suggestion)

    def note(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        self._add(Severity.NOTE, place, code, message, suggestion)

    def unknown(self, statement: Statement, known: Iterable[str], suggestion: str = "") -> None:
        """A keyword that does not belong here; it is skipped, with its block."""
        message = f"Unknown keyword '{statement.keyword}'"
        if statement.block is not None:
            message += ": the block is skipped"
        self.warning(
            statement.words[0],
            "unknown-keyword",
            message,
            suggestion or did_you_mean(statement.keyword, known),
        )

    def extra_words(self, words: list[Word], keyword: str, suggestion: str = "") -> None:
        """What stands after the last parameter that ``keyword`` takes."""
        if words:
            extra = " ".join(word.value for word in words)
            message = f"{keyword}: '{extra}' is ignored"
            self.warning(words[0], "extra-words", message, suggestion)

    def _add(
        self, severity: Severity, place: Place, code: str, message: str, suggestion: str
    ) -> None:
        text = place if isinstance(place, Text) else place.text
        self.findings.append(
            text.finding(severity, code, message, suggestion=suggestion, instance=self.instance)
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion, or nothing where no known word is close."""
    candidates = sorted(known, key=lambda name: (len(name), name))
    begun = [name for name in candidates if name.startswith(f"{word}_")]
    close = begun or get_close_matches(word, candidates, n=1)
    return f"did you mean '{close[0]}'?" if close else ""


def body_of(statement: Statement, report: Report, *, parameters: int = 0) -> list[Statement]:
    """The statements of a keyword's block; that there is none is an error."""
    extra = statement.parameters[parameters:]
    if statement.block is None:
        report.error(
            statement.words[-1],
            "missing-block",
            f"Missing '{{' after {statement.keyword}",
            f"write {statement.keyword} {{ ... }}, with '{{' on this line or alone on the next",
        )
    elif extra:
        words = " ".join(word.value for word in extra)
        message = f"Block {statement.keyword} has extra parameters {words}"
        report.warning(extra[0], "extra-words", message)
    return statement.body
