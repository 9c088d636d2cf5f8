"""Commands as a person would type them, in a directory with a clouds.yaml, and what they print."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vipkeeper.demo.observation import Output
from vipkeeper.errors import MissingProgramError
from vipkeeper.lab import clouds_file
from vipkeeper.lab.client import Lab

COMMAND_TIMEOUT_S = 90.0
"""A command takes a second or two, of which the client's own start is most."""

PACKAGES = {"openstack": "python3-openstackclient", "vipkeeper": "vipkeeper"}
"""The programs that are typed, and where each comes from."""

_AT_ONCE = 4


class Terminal:
    """Runs commands in a directory that holds a lab's clouds.yaml.

    Raises:
        MissingProgramError: one of the programs is not there.
    """

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory = directory
        self._programs = {name: _program(name) for name in PACKAGES}
        (directory / "clouds.yaml").write_text(clouds_file.text(lab.credentials()) + "\n")
        # Nothing of the caller's own clouds; the file that is found first is that of the directory.
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("OS_")
        }

    def run(self, command: str) -> Output:
        """One of the programs with its words; no shell takes part."""
        program, *words = shlex.split(command)
        done = subprocess.run(
            [str(self._programs[program]), *words],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        return Output("", command, done.stdout + done.stderr, done.returncode)

    def run_together(self, commands: Sequence[str]) -> list[Output]:
        """Commands that do not need each other; what they printed, in the order given."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(self.run, commands))


def _program(name: str) -> Path:
    """The program of this installation, or whichever is in the PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise MissingProgramError(name, PACKAGES[name])
    return Path(found)
