"""What a fresh machine meets: scripts/setup, its list of packages and its lock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCK = (PROJECT / "requirements.lock").read_text()
PACKAGES = [
    line.split(maxsplit=2)
    for line in (PROJECT / "scripts/packages.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
NOBODY = 65534


@pytest.mark.parametrize(("package", "program", "reason"), PACKAGES)
def test_each_program_is_here(package: str, program: str, reason: str) -> None:
    path = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"
    there = shutil.which(program, path=path) or Path(program).is_file()
    assert there, f"apt-get install {package}: {reason}"


def test_the_lock_names_no_place_to_download_from() -> None:
    assert "://" not in LOCK


def test_the_lock_has_every_dependency_with_hashes() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    pinned = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert {re.split(r"[<>=~! ]", each)[0].lower() for each in wanted} <= pinned
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", LOCK)) >= len(pinned)


@pytest.fixture
def copy() -> Iterator[Path]:
    """The part of the project that setup reads, where everybody can read it, with a space."""
    with tempfile.TemporaryDirectory(prefix="vip keeper") as directory:
        root = Path(directory)
        root.chmod(0o755)
        shutil.copytree(PROJECT / "scripts", root / "scripts")
        for name in ("pyproject.toml", "requirements.lock"):
            shutil.copy(PROJECT / name, root)
        # A user who may not become root: sudo asks for a password, or is not there at all.
        (root / "bin").mkdir()
        (root / "bin/sudo").write_text("#!/bin/sh\nexit 1\n")
        (root / "bin/sudo").chmod(0o755)
        yield root


def run_setup(copy: Path) -> subprocess.CompletedProcess[str]:
    as_nobody = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    return subprocess.run(
        [*(as_nobody if os.geteuid() == 0 else []), "bash", str(copy / "scripts/setup")],
        env={"PATH": f"{copy}/bin:/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_who_may_not_install_is_told_in_one_line_what_to_install(copy: Path) -> None:
    with (copy / "scripts/packages.txt").open("a") as packages:
        packages.write("frobnicator    no-such-program   for this test\n")
    done = run_setup(copy)
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends frobnicator " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (copy / ".venv").exists()


def test_a_user_finds_the_programs_in_sbin_too(copy: Path) -> None:
    packages = (copy / "scripts/packages.txt").read_text()
    assert " keepalived " in packages
    (copy / "scripts/packages.txt").write_text(
        packages + "frobnicator no-such-program for this test\n"
    )
    assert "keepalived" not in run_setup(copy).stderr
