"""All configurations in both pairs of roles, many at a time: most of it is waiting for timers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.interop.configurations import Configuration
from tests.interop.encounter import Encounter, Outcome
from tests.topology import Network

ROLES = (("vipkeeperd", "keepalived"), ("keepalived", "vipkeeperd"))
"""The better router first."""
AT_ONCE = 4 * (os.cpu_count() or 2)
"""They mostly wait. Half of two cores is left to other tests then (measured)."""

Matrix = Mapping[tuple[Configuration, tuple[str, str]], Outcome]


def run(configurations: Iterable[Configuration], directory: Path, at_once: int = AT_ONCE) -> Matrix:
    """Every encounter, in a network of its own."""
    encounters = [(item, kinds) for item in configurations for kinds in ROLES]
    # By number: a name that says it all would be too long for the path of a unix socket.
    places = [directory / str(number) for number in range(len(encounters))]
    with ThreadPoolExecutor(at_once) as pool:
        outcomes = pool.map(_run_one, encounters, places)
        return dict(zip(encounters, outcomes, strict=True))


def _run_one(encounter: tuple[Configuration, tuple[str, str]], place: Path) -> Outcome:
    place.mkdir()
    network = Network()
    try:
        return Encounter(network, *encounter, place).run()
    finally:
        network.close()
