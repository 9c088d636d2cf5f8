"""The demo as a whole, on the real kernel: by who runs the tests, and by a user without rights."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from vipkeeper.demo import run
from vipkeeper.demo.scene import Unwatched, cloud
from vipkeeper.demo.variants import VARIANTS, without_pairs
from vipkeeper.demo.walkthrough import STEPS
from vipkeeper.lab.client import Lab

PROJECT = Path(__file__).parents[2]
START = "from vipkeeper.cli.main import main; main()"
COMMAND = [sys.executable, "-c", START, "demo"]
STRANGER = 61234  # a user id that nobody has

pytestmark = pytest.mark.timeout(300)


def as_expected(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The demo's one JSON object, after a look at all of it."""
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["ok"]
    assert [step["id"] for step in report["steps"]] == [each.id for each in (*STEPS, *VARIANTS)]
    for step in report["steps"]:
        assert step["ok"], step
        assert step["title"]
        assert len(step["expected"]) == len(step["observed"]) >= 1
    return report


def test_everything_is_as_expected() -> None:
    done = subprocess.run([*COMMAND, "--json"], capture_output=True, text=True, check=False)
    report = as_expected(done)
    assert sum(step["seconds"] for step in report["steps"][: len(STEPS)]) <= 45
    outages_ms = report["outages_ms"]
    assert outages_ms["clean shutdown"] < 1_500 < 2_500 < outages_ms["power cut"] < 4_500
    assert outages_ms["service stop"] < 1_500
    seen = {step["id"]: "\n".join(step["observed"]) for step in report["steps"]}
    assert "client# curl -s -m 2 http://99.88.128.171/index.html\ntest01" in seen["step-3"]
    assert "test02# curl -s -m 2 http://99.88.128.171/index.html\ntest01" in seen["step-3"]
    assert "VRRPv2, Advertisement, vrid 1, prio 100" in seen["step-6"]


@pytest.fixture
def strangers_copy() -> Iterator[Path]:
    """The package and what it depends on, where a user who may not enter the checkout reads it."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        root.chmod(0o755)
        site = root / "site-packages"
        shutil.copytree(PROJECT / "src", site, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _with_dependencies("click", "rich", "pyyaml"):
            for file in metadata.files(name) or ():
                if ".." not in file.parts and file.suffix != ".pyc":
                    target = site / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file.locate(), target)
        (root / "home").mkdir()
        if os.geteuid() == 0:
            os.chown(root / "home", STRANGER, STRANGER)
        yield root


def _with_dependencies(*names: str) -> set[str]:
    found: set[str] = set()
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found.add(name)
        for requirement in metadata.requires(name) or ():
            specifier, _, marker = requirement.partition(";")
            if not marker:
                wanted += re.findall(r"^[\w.-]+", specifier)
    return found


def test_a_user_without_rights_sees_the_same(strangers_copy: Path) -> None:
    ids = ["--reuid", str(STRANGER), "--regid", str(STRANGER), "--clear-groups"]
    become = ["setpriv", *(ids if os.geteuid() == 0 else []), "--no-new-privs"]
    python = str(Path(sys.executable).resolve())
    done = subprocess.run(
        [*become, python, "-P", "-c", START, "demo", "--json"],
        cwd="/",
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(strangers_copy / "home"),
            "PYTHONPATH": str(strangers_copy / "site-packages"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    as_expected(done)
    assert list((strangers_copy / "home").iterdir()) == []


def test_a_cloud_without_pairs_fails_where_the_virtual_ip_is_called() -> None:
    report = run.run(
        Unwatched(),
        make_cloud=lambda: without_pairs(cloud(), "test01", "test02"),
        steps=STEPS[:3],
        variants=(),
    )
    assert [result.ok for result in report.results] == [True, True, False]
    assert not report.ok
    assert "exit code" in report.results[2].checks[0].observed


def test_a_cloud_in_which_all_is_well_fails_as_a_broken_variant() -> None:
    broken = [each for each in VARIANTS if each.id in ("variant-no-pairs", "variant-pair-on-one")]
    well = [replace(each, spec=cloud) for each in broken]
    report = run.run(Unwatched(), steps=(), variants=well)
    assert [result.ok for result in report.results] == [False, False]


# The last line of the output when the demo is interrupted, and what it does at that moment.
MOMENTS = {
    "building": "A virtual IP kept alive",
    "failing over": "✔ 3 ",
    "five at once": "What is seen when one thing is not set up",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_left_of_demos_that_are_ended(moment: str) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    with ThreadPoolExecutor(len(numbers)) as demos:
        list(demos.map(lambda number: _end_a_demo(MOMENTS[moment], number), numbers))


def _end_a_demo(last_line: str, number: signal.Signals) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith(last_line):
                break
        demo.send_signal(number)
        demo.communicate(timeout=20)
    assert demo.returncode == (-number if number == signal.SIGKILL else 128 + number)
    _wait_until_gone(f"demo-{demo.pid}-")


def _wait_until_gone(prefix: str) -> None:
    """A demo that is killed cannot wait for its labs' end. The kernel sees to it, and soon."""
    deadline = time.monotonic() + 10
    while left := [name for name in Lab.names() if name.startswith(prefix)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)
