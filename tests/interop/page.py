"""docs/interop.md: the matrix as a reader sees it, between two marks in a page written by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import product
from pathlib import Path

from tests.interop.configurations import EXCLUSIONS, Configuration, Exclusion
from tests.interop.encounter import Check
from tests.interop.matrix import ROLES, Matrix
from tests.topology import program

PAGE = Path(__file__).parents[2] / "docs" / "interop.md"
BEGIN = "<!-- written by `make interop` from what the tests saw: change nothing here -->"
END = "<!-- end of what is written by `make interop` -->"

HOLDS, FAILS = "✔", "✘"


def with_matrix(page: str, matrix: Matrix) -> str:
    """The page with what stands between its marks written anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks its marks: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{_matrix(matrix)}\n{END}{after}"


def _matrix(matrix: Matrix) -> str:
    return "\n\n".join((_summary(matrix), *_sections(matrix), _exclusions()))


def _summary(matrix: Matrix) -> str:
    checks = [what for outcome in matrix.values() for what in outcome.values()]
    vipkeeper = _version(sys.executable, "-m", "vipkeeper.daemon.main", "--version")
    keepalived = _version(program("keepalived"), "--version")
    return (
        f"vipkeeper {vipkeeper} and keepalived {keepalived}: {len(matrix)} encounters, "
        f"{checks.count('')} of {len(checks)} checks hold."
    )


def _version(*command: str) -> str:
    """keepalived says it on standard error."""
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    assert found is not None, said
    return found[0]


def _sections(matrix: Matrix) -> Iterator[str]:
    configurations = list(dict.fromkeys(configuration for configuration, _ in matrix))
    for version, family in product((2, 3), (4, 6)):
        rows = [
            _row(configuration, matrix)
            for configuration in configurations
            if (configuration.version, configuration.family) == (version, family)
        ]
        if rows:
            head = ("path", "authentication", "virtual MAC", "preempt", *_check_names())
            yield f"### VRRPv{version} over IPv{family}\n\n{_table(head, rows)}"


def _check_names() -> list[str]:
    return [check.value for check in Check]


def _row(configuration: Configuration, matrix: Matrix) -> list[str]:
    outcomes = [matrix[configuration, kinds] for kinds in ROLES]
    return [
        configuration.way.value,
        configuration.authentication.value,
        configuration.virtual_mac.value,
        "yes" if configuration.preempt else "no",
        *(" ".join(FAILS if outcome[check] else HOLDS for outcome in outcomes) for check in Check),
    ]


def _exclusions() -> str:
    head = ("version", "addresses", "path", "authentication", "virtual MAC", "why not")
    rows = [
        [
            f"VRRPv{item.version}",
            f"IPv{item.family}",
            *("any" if axis is None else axis.value for axis in _axes(item)),
            item.reason,
        ]
        for item in EXCLUSIONS
    ]
    return f"### Not in the protocol\n\n{_table(head, rows)}"


def _axes(exclusion: Exclusion) -> tuple[Enum | None, ...]:
    return (exclusion.way, exclusion.authentication, exclusion.virtual_mac)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
