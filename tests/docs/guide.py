"""A guide says what is true: its commands are run, in order, in one lab.

A block marked ``console`` is a session. ``$`` is the prompt of this machine, ``root@NAME:~#`` that
of an instance. The lines below a command are what it prints, ``...`` standing for any text, also
over several lines. A command with an output is run again until it prints that, for a bounded time,
if that cannot change anything: a failover takes its seconds. A block marked ``yaml`` that begins
with a comment ``# NAME.yaml`` is that file, without the comment.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

GUIDES = Path(__file__).parents[2] / "docs/guide"
PROGRAMS = Path(sys.executable).parent
PATIENCE_S = 30.0
COMMAND_TIMEOUT_S = 120.0

_PROMPT = re.compile(r"^(?:\$|root@(?P<instance>\w+):~#) (?P<command>.+)$")
_FILE = re.compile(r"^# (\w+\.yaml)$")
_EXPORT = re.compile(r"export (\w+)=(\w+)")
_MAKES = re.compile(r"\b(up|down|create|delete|set|unset|stop|start|add|remove|poweroff)\b")
"""A command that is not to be run twice."""


@dataclass(frozen=True)
class Typed:
    """A command of a guide, where it is typed, and what it prints."""

    line: int
    instance: str | None
    command: str
    output: str

    def pattern(self) -> re.Pattern[str]:
        parts = (re.escape(part) for part in self.output.split("..."))
        return re.compile(".*".join(parts), re.DOTALL)


@dataclass
class Guide:
    """A guide that is gone through in a lab of its own.

    Args:
        lab: the lab's name, which the guide leaves at its default.
        directory: where its commands are typed.
    """

    name: str
    lab: str
    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return GUIDES / f"{self.name}.md"

    def go(self) -> None:
        text = self.path.read_text()
        for name, content in files(text):
            (self.directory / name).write_text(content)
        for typed in session(text):
            self._until_as_written(typed)

    def down(self) -> None:
        command = [str(PROGRAMS / "vipkeeper"), "lab", "down", "--name", self.lab]
        subprocess.run(command, capture_output=True, check=False)

    def _until_as_written(self, typed: Typed) -> None:
        if exported := _EXPORT.fullmatch(typed.command):
            self.environment[exported[1]] = exported[2]
            return
        once = typed.instance is None and _MAKES.search(typed.command)
        deadline = time.monotonic() + PATIENCE_S
        where = f"{self.path.name}:{typed.line}: {typed.command}"
        while True:
            code, printed = self._run(typed)
            if (not typed.output and not once) or typed.pattern().fullmatch(printed):
                break
            said = f"{where}\nprints\n{printed}\nnot\n{typed.output}"
            assert not once, said
            assert time.monotonic() < deadline, said
        assert code == 0, f"{where} ended with {code}: {printed}"

    def _run(self, typed: Typed) -> tuple[int, str]:
        """Exit code, and what was printed without the spaces that nobody sees."""
        done = subprocess.run(
            self._argv(typed),
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        lines = (done.stdout + done.stderr).splitlines()
        return done.returncode, "\n".join(line.rstrip() for line in lines)

    def _argv(self, typed: Typed) -> list[str]:
        if typed.instance:
            vipkeeper = str(PROGRAMS / "vipkeeper")
            command = ["sh", "-c", typed.command]
            return [vipkeeper, "lab", "exec", "--name", self.lab, typed.instance, "--", *command]
        named = re.sub(
            r"\bvipkeeper lab (\w+)", rf"vipkeeper lab \1 --name {self.lab}", typed.command
        )
        return ["bash", "-c", named]

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name[:3] != "OS_"}
        return {
            **inherited,
            # An old client complains about its own age on each call.
            "PYTHONWARNINGS": "ignore",
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            **self.environment,
        }


def session(text: str) -> Iterator[Typed]:
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
        yield Typed(number, instance, command, "\n".join(output))


def files(text: str) -> Iterator[tuple[str, str]]:
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        first, _, content = block.partition("\n")
        if named := _FILE.match(first):
            yield named[1], content
