"""docs/rfc9568.md: every requirement has its row, and what a row names exists."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from vipkeeper.vrrp.machine import RULES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rfc9568.md"

# How many requirements each group has: packet, reception, transmission, clock, Initialize, Backup,
# Active, configuration change, interface, host, limits.
GROUPS = {"P": 16, "R": 17, "T": 7, "K": 8, "I": 4, "B": 12, "A": 13, "C": 5, "F": 3, "H": 10,
          "L": 5}  # fmt: skip
REQUIREMENTS = [f"{group}{i}" for group, count in GROUPS.items() for i in range(1, count + 1)]

MET, VIRTUAL_MAC, DIFFERENT, DELEGATED = (
    "met",
    "only with use_vmac",
    "deliberately different",
    "delegated",
)

CODE = re.compile(r"`([a-z_/0-9]+\.py):(\w+)`")
TEST = re.compile(r"`([a-z_/0-9]+\.py)::(test_\w+)`")
RULE = re.compile(r"\brule (6\.4\.\d [a-z])")


@dataclass(frozen=True)
class Row:
    id: str
    level: str
    requirement: str
    status: str
    how: str
    tests: str


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text().splitlines():
        if re.match(r"\| [A-Z]\d+ \|", line):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 6, line
            found.append(Row(*cells))
    return found


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a module defines at its top, in its classes, and as fields of those."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
    return frozenset(names)


def test_every_requirement_has_one_row_in_order() -> None:
    assert [row.id for row in rows()] == REQUIREMENTS


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_row_says_how_and_what_it_names_exists(row: Row) -> None:
    assert row.level in {"M", "S", "Y", "-"}
    assert row.status in {MET, VIRTUAL_MAC, DIFFERENT, DELEGATED}
    assert row.requirement
    code, tests, rules = CODE.findall(row.how), TEST.findall(row.tests), RULE.findall(row.how)
    for file, name in code:
        assert name in names_in(ROOT / "src" / "vipkeeper" / file), f"{file}:{name}"
    for file, name in tests:
        assert name in names_in(ROOT / "tests" / file), f"{file}::{name}"
    assert set(rules) <= {rule.name for rule in RULES}
    if row.status in (MET, VIRTUAL_MAC):
        assert code or rules, "where is it done?"
        assert tests, "what shows it?"
    else:
        assert len(row.how) > 20, "why, and which setting; or to whom"


def test_nothing_that_is_named_in_a_row_is_overlooked_for_its_spelling() -> None:
    """Each word in backquotes that looks like a file of Python is read as code or as a test."""
    for row in rows():
        for word in re.findall(r"`([^`]*\.py[^`]*)`", row.how + row.tests):
            assert CODE.fullmatch(f"`{word}`") or TEST.fullmatch(f"`{word}`"), f"{row.id}: {word}"


def test_no_row_is_open() -> None:
    assert "@" not in PAGE.read_text(), "what is to be filled in yet begins with @"


def test_the_page_counts_its_rows() -> None:
    page = PAGE.read_text()
    for status in (MET, VIRTUAL_MAC, DIFFERENT, DELEGATED):
        count = sum(row.status == status for row in rows())
        assert f"| {status} | {count} |" in page, f"{status}: {count}"
