"""Runs without a violation, and that a seed says all about one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from vipkeeper.daemon import instance
from vipkeeper.simulate import run
from vipkeeper.simulate.run import Summary
from vipkeeper.vrrp import machine
from vipkeeper.vrrp.events import Event
from vipkeeper.vrrp.machine import RULES, Transition
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import State

SEEDS = range(1, 101)
REPLAYED = 7


def test_the_daemons_routers_keep_the_rules_whatever_goes_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fired: set[str] = set()

    def watched(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
        transition = machine.step(router, state, event, now)
        if transition.rule is not None:
            fired.add(transition.rule.name)
        return transition

    monkeypatch.setattr(instance, "step", watched)
    summary = Summary()
    for seed in SEEDS:
        summary.add(run.outcome_of(seed))
    assert summary.found == []
    assert summary.simulated_ns > 3_000 * 10**9
    assert len(summary.faults) == 17  # each kind has happened
    assert fired == {rule.name for rule in RULES}


def test_a_seed_replays_its_run_exactly() -> None:
    first, again, other = (run.outcome_of(seed) for seed in (REPLAYED, REPLAYED, REPLAYED + 1))
    assert first == again
    assert first.digest != other.digest


def test_the_order_of_hashes_plays_no_part() -> None:
    code = f"from vipkeeper.simulate import run; print(run.outcome_of({REPLAYED}).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert digests == {run.outcome_of(REPLAYED).digest}


def test_several_processes_come_to_the_same() -> None:
    alone, together = run.outcomes(1), run.outcomes(1, jobs=2)
    try:
        assert [next(alone) for _ in range(4)] == [next(together) for _ in range(4)]
    finally:
        together.close()


def test_a_summary_is_plain_data() -> None:
    summary = Summary()
    summary.add(run.outcome_of(REPLAYED))
    assert json.loads(json.dumps(summary.as_data()))["runs"] == 1
