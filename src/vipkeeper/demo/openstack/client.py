"""The real ``openstack`` client, run as a person would, and what it printed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from vipkeeper.demo.observation import Output
from vipkeeper.errors import MissingProgramError
from vipkeeper.lab import clouds_file
from vipkeeper.lab.client import Lab

COMMAND_TIMEOUT_S = 60.0
"""A command takes a second, of which the client's own start is most."""

_AT_ONCE = 4


class OpenStackClient:
    """Runs commands against a lab from a directory that holds its clouds.yaml.

    Raises:
        MissingProgramError: there is no such program.
    """

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory = directory
        self._program = _program()
        (directory / "clouds.yaml").write_text(clouds_file.text(lab.credentials()) + "\n")
        # Nothing of the caller's own clouds; the file that is found first is that of the directory.
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("OS_")
        }

    def run(self, words: str, *, cloud: str = "lab") -> Output:
        """``openstack --os-cloud CLOUD WORDS``."""
        command = f"openstack --os-cloud {cloud} {words}"
        done = subprocess.run(
            [str(self._program), *shlex.split(command)[1:]],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        return Output("", command, done.stdout + done.stderr, done.returncode)

    def run_together(self, commands: Sequence[tuple[str, str]]) -> list[Output]:
        """Commands that do not need each other, each with its cloud; in the order given."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(lambda one: self.run(one[0], cloud=one[1]), commands))

    def values(self, words: str, *, cloud: str = "lab") -> Any:
        """What a command says with ``-f json``, for looking closer; None if it failed."""
        seen = self.run(f"{words} -f json", cloud=cloud)
        return json.loads(seen.text) if seen.code == 0 else None


def _program() -> Path:
    """The client of this installation, or whichever is in the PATH."""
    beside = Path(sys.executable).parent / "openstack"
    found = str(beside) if beside.exists() else shutil.which("openstack")
    if found is None:
        raise MissingProgramError("openstack", "python3-openstackclient")
    return Path(found)
