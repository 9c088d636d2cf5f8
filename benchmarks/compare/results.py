"""What was measured, and on which machine: as JSON, so that the page can be written again."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import vipkeeper
from benchmarks.compare.outcome import Outcome
from tests.topology import program


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and when it was measured; ``commit`` is of the vipkeeper that was measured."""

    cores: int
    kernel: str
    python: str
    keepalived: str
    vipkeeper: str
    commit: str
    day: str

    @classmethod
    def this(cls) -> Self:
        return cls(
            os.cpu_count() or 0,
            platform.release(),
            platform.python_version(),
            _version(program("keepalived"), "--version"),
            _version(sys.executable, "-m", "vipkeeper.daemon.main", "--version"),
            _said(
                "git", "-C", str(Path(vipkeeper.__file__).parent), "rev-parse", "--short", "HEAD"
            ).strip(),
            datetime.now(UTC).date().isoformat(),
        )


def _said(*command: str) -> str:
    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return completed.stdout + completed.stderr


def _version(*command: str) -> str:
    """Debian's keepalived says it on standard error."""
    found = re.search(r"\d+(\.\d+)+", _said(*command))
    return found[0] if found else "unknown"


@dataclass(frozen=True, slots=True)
class Results:
    machine: Machine
    outcomes: tuple[Outcome, ...]

    def of(self, row: str, kind: str) -> list[Outcome]:
        return [each for each in self.outcomes if (each.row, each.kind) == (row, kind)]

    def with_newer(self, outcomes: Iterable[Outcome]) -> Results:
        """A row that was measured again, for both programs, stands for what was there before."""
        newer = tuple(outcomes)
        measured = {each.row for each in newer}
        kept = (each for each in self.outcomes if each.row not in measured)
        return Results(Machine.this(), (*kept, *newer))

    def write(self, path: Path) -> None:
        """One line for each run, so that a change can be read."""
        lines = ",\n".join(json.dumps(each.as_data()) for each in self.outcomes)
        machine = json.dumps(asdict(self.machine))
        path.write_text(f'{{"machine": {machine},\n"outcomes": [\n{lines}\n]}}\n')

    @classmethod
    def read(cls, path: Path) -> Self:
        """No results where there is no such file."""
        if not path.exists():
            return cls(Machine.this(), ())
        data = json.loads(path.read_text())
        return cls(
            Machine(**data["machine"]),
            tuple(Outcome.from_data(each) for each in data["outcomes"]),
        )
