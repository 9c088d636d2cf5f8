"""docs/guide/walkthrough.md says what is true: its commands are run, in order, in one lab.

A block marked ``console`` is a session. ``$`` is the prompt of this machine, ``root@NAME:~#`` that
of
an instance. The lines below a command are what it prints, ``...`` standing for any text, also over
several lines. A command with an output is run again until it prints that, for a bounded time: a
failover takes its seconds. One without is run once.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs/guide/walkthrough.md"
VIPKEEPER = str(Path(sys.executable).parent / "vipkeeper")
LAB = f"guide-{os.getpid()}"
PATIENCE_S = 20.0

_PROMPT = re.compile(r"^(?:\$|root@(?P<instance>\w+):~#) (?P<command>.+)$")


@dataclass(frozen=True)
class Session:
    """A command of the guide, where it is typed, and what it prints."""

    line: int
    instance: str | None
    command: str
    output: str

    def argv(self) -> list[str]:
        if self.instance:
            shell = ["sh", "-c", self.command]
            return [VIPKEEPER, "lab", "exec", "--name", LAB, self.instance, "--", *shell]
        program, group, verb, *rest = self.command.split()
        assert (program, group) == ("vipkeeper", "lab")
        return [VIPKEEPER, "lab", verb, "--name", LAB, *rest]

    def pattern(self) -> re.Pattern[str]:
        parts = (re.escape(part) for part in self.output.split("..."))
        return re.compile(".*".join(parts), re.DOTALL)


def sessions(text: str) -> Iterator[Session]:
    inside = False
    found: list[tuple[int, str | None, str, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and (prompt := _PROMPT.match(line)):
            found.append((number, prompt["instance"], prompt["command"], []))
        elif inside:
            found[-1][3].append(line)
    for number, instance, command, output in found:
        yield Session(number, instance, command, "\n".join(output))


def run(session: Session) -> tuple[int, str]:
    """Exit code, and what was printed without the spaces that nobody sees."""
    done = subprocess.run(
        session.argv(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = (done.stdout + done.stderr).splitlines()
    return done.returncode, "\n".join(line.rstrip() for line in lines)


def run_until_as_written(session: Session) -> None:
    deadline = time.monotonic() + PATIENCE_S
    pattern = session.pattern()
    while True:
        code, printed = run(session)
        if not session.output or pattern.fullmatch(printed):
            break
        where = f"{GUIDE.name}:{session.line}: {session.command}"
        assert time.monotonic() < deadline, f"{where}\nprints\n{printed}\nnot\n{session.output}"
    assert code == 0, f"{GUIDE.name}:{session.line}: {session.command} ended with {code}: {printed}"


@pytest.fixture
def no_lab_left() -> Iterator[None]:
    yield
    subprocess.run([VIPKEEPER, "lab", "down", "--name", LAB], capture_output=True, check=False)


@pytest.mark.usefixtures("no_lab_left")
def test_the_guide_is_true() -> None:
    steps = list(sessions(GUIDE.read_text()))
    assert steps[0].command == "vipkeeper lab up"
    assert steps[-1].command == "vipkeeper lab down"
    for session in steps:
        run_until_as_written(session)


def test_dots_stand_for_any_text() -> None:
    session = Session(1, None, "vipkeeper lab status", "a...\nb")
    assert session.pattern().fullmatch("a1\n2\nb")
    assert not session.pattern().fullmatch("a1\n2\nc")
