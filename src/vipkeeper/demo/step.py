"""What a step of the demo is, and what comes out of it. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be seen.

    Attributes:
        expected: what must be seen, as a sentence.
        where: the instance on which it was done or looked at; empty for this machine.
        command: what was run there, as one would type it.
        observed: what was really seen: the lines of the output that matter.
        ok: whether the one is the other.
    """

    expected: str
    where: str
    command: str
    observed: str
    ok: bool

    @property
    def prompt(self) -> str:
        return f"{self.where}# " if self.where else "$ "

    @property
    def transcript(self) -> str:
        """Prompt, command and output, as on a terminal."""
        return f"{self.prompt}{self.command}\n{self.observed}".rstrip()


@dataclass(frozen=True, slots=True)
class Result:
    """A step that was gone through. `trouble` says why it could not be gone through to its end."""

    id: str
    title: str
    checks: tuple[Check, ...]
    seconds: float
    trouble: str = ""

    @property
    def ok(self) -> bool:
        return not self.trouble and bool(self.checks) and all(check.ok for check in self.checks)

    def as_data(self) -> dict[str, Any]:
        trouble = [self.trouble] if self.trouble else []
        return {
            "id": self.id,
            "title": self.title,
            "ok": self.ok,
            "expected": [check.expected for check in self.checks],
            "observed": [check.transcript for check in self.checks] + trouble,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The whole demo. `outages_ms` has the longest time without an answer of each failover."""

    results: Sequence[Result]
    outages_ms: Mapping[str, float]
    seconds: float
    planned: int
    """How many results there should be."""

    @property
    def ok(self) -> bool:
        return len(self.results) == self.planned and all(result.ok for result in self.results)

    def as_data(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "steps": [result.as_data() for result in self.results],
            "outages_ms": dict(self.outages_ms),
        }
