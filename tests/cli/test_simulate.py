"""``vipkeeper simulate``, as it is run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.simulate.broken import never_yields
from vipkeeper.cli.simulate import simulate
from vipkeeper.daemon import instance

VIPKEEPER = str(Path(sys.executable).with_name("vipkeeper"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VIPKEEPER, "simulate", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_says_how_much_was_simulated() -> None:
    completed = run("--runs", "3")
    assert completed.returncode == 0
    assert "in 3 runs, 0 violations" in completed.stdout
    assert completed.stderr == ""


def test_it_can_be_read_by_a_program() -> None:
    data = json.loads(run("--seconds", "500", "--json").stdout)
    assert data["simulated_seconds"] >= 500
    assert data["violations"] == []


def test_a_trace_is_the_same_again() -> None:
    first, again = (run("--seed", "5", "--trace").stdout for _ in range(2))
    assert first == again
    assert "all is healed" in first


def test_the_search_says_how_deep_it_went() -> None:
    completed = run("--explore", "--routers", "3", "--depth", "3")
    assert completed.returncode == 0
    assert "VRRPv3: " in completed.stdout
    assert "depth 3" in completed.stdout
    assert " situations, 0 violations" in completed.stdout


def test_a_violation_comes_with_the_command_that_replays_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instance, "step", never_yields)
    result = CliRunner().invoke(simulate, ["--runs", "20"], standalone_mode=False)
    assert result.return_value == 1
    assert "violation of presence" in result.output
    assert "replay: vipkeeper simulate --seed " in result.output
