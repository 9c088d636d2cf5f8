"""A script that is run by somebody without privileges, whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

import vipkeeper
from tests.topology import program

NOBODYS = 65533  # no process and no file of the host belongs to it
USER = NOBODYS if os.geteuid() == 0 else os.geteuid()


@contextmanager
def packages() -> Iterator[Path]:
    """This package and what a cloud file needs, where every user may read it."""
    with tempfile.TemporaryDirectory() as text:
        directory = Path(text)
        directory.chmod(0o755)
        shutil.copy(Path(__file__).with_name("entering.py"), directory)
        for module in (vipkeeper, yaml):
            assert module.__file__ is not None
            source = Path(module.__file__).parent
            shutil.copytree(source, directory / source.name)
        if os.geteuid() == 0:
            # A user's own checkout: what an instance's root could write to, were it not shown
            # read-only.
            for path in [directory, *directory.rglob("*")]:
                os.chown(path, USER, USER)
        yield directory


def run(script: str, arguments: Sequence[str], packages: Path, *, timeout: float = 90) -> list[str]:
    """The lines that a Python script prints which the user runs to its good end."""
    interpreter = Path(sys.executable).resolve()
    command = [str(interpreter), "-S", "-c", script, *arguments]
    if os.geteuid() == 0:
        identity = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        command = [program("setpriv"), *identity, *command]
    ended = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(packages)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()
