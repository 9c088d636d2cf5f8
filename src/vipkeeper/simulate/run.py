"""Runs one after the other, each from a seed of its own, and what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from vipkeeper.daemon.instance import Instance
from vipkeeper.simulate import scenario
from vipkeeper.simulate.host import MakeInstance
from vipkeeper.simulate.observation import Violation
from vipkeeper.simulate.world import KEPT_LINES, World

_SEEDS_AT_ONCE = 16
"""Handed to a process together: a run takes some hundredths of a second."""


@dataclass(frozen=True, slots=True)
class Found:
    """A violation, and all that is needed to see it again."""

    seed: int
    check: str
    at_ns: int
    message: str
    scenario: list[str]
    last_lines: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run.

    Attributes:
        adverts: packets that were sent to somebody; ``lost`` and ``repeated`` are of these.
        faults: how many of each kind, by its name.
        digest: of the whole trace: the same seed gives the same one.
    """

    seed: int
    simulated_ns: int
    adverts: int
    lost: int
    repeated: int
    transitions: int
    faults: dict[str, int]
    digest: str
    found: Found | None


@dataclass(slots=True)
class Summary:
    """The sum of several outcomes."""

    runs: int = 0
    simulated_ns: int = 0
    adverts: int = 0
    lost: int = 0
    repeated: int = 0
    transitions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.runs += 1
        self.simulated_ns += outcome.simulated_ns
        self.adverts += outcome.adverts
        self.lost += outcome.lost
        self.repeated += outcome.repeated
        self.transitions += outcome.transitions
        self.faults.update(outcome.faults)
        if outcome.found is not None:
            self.found.append(outcome.found)

    def as_data(self) -> dict[str, Any]:
        return {
            "runs": self.runs,
            "simulated_seconds": round(self.simulated_ns / 1e9, 3),
            "adverts": self.adverts,
            "lost": self.lost,
            "repeated": self.repeated,
            "transitions": self.transitions,
            "faults": dict(sorted(self.faults.items())),
            "violations": [
                {"seed": one.seed, "check": one.check, "at_ns": one.at_ns, "message": one.message}
                for one in self.found
            ],
        }


def live_through(
    seed: int, make_instance: MakeInstance = Instance, keep: int | None = KEPT_LINES
) -> tuple[Outcome, World]:
    """One run, to its end or to the first violation."""
    world = World(scenario.draw(seed), make_instance, keep)
    found = None
    try:
        world.run()
    except Violation as violation:
        found = Found(
            seed,
            violation.check,
            world.elapsed_ns,
            violation.message,
            world.scenario.lines(),
            list(world.lines),
        )
    outcome = Outcome(
        seed=seed,
        simulated_ns=world.elapsed_ns,
        adverts=world.network.packets,
        lost=world.network.lost,
        repeated=world.network.repeated,
        transitions=world.monitor.transitions,
        faults={kind.name.lower(): number for kind, number in world.faults.items()},
        digest=world.digest,
        found=found,
    )
    return outcome, world


def outcome_of(seed: int) -> Outcome:
    return live_through(seed)[0]


def outcomes(first_seed: int, jobs: int = 1) -> Generator[Outcome, None, None]:
    """Run after run, without an end, in the order of their seeds whatever ``jobs`` is."""
    if jobs == 1:
        seed = first_seed
        while True:
            yield outcome_of(seed)
            seed += 1
    with ProcessPoolExecutor(jobs) as pool:
        start, batch = first_seed, jobs * _SEEDS_AT_ONCE
        while True:
            yield from pool.map(outcome_of, range(start, start + batch), chunksize=4)
            start += batch
