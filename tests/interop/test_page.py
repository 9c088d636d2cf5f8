"""How the matrix is written down."""

from __future__ import annotations

import pytest

from tests.interop.configurations import CONFIGURATIONS
from tests.interop.encounter import Check
from tests.interop.matrix import ROLES, Matrix
from tests.interop.page import BEGIN, END, FAILS, HOLDS, with_matrix

MARKS = f"before {BEGIN}{END} after"


def matrix(**wrong: str) -> Matrix:
    """All is well, but in the first encounter these checks."""
    outcomes = {
        (item, kinds): dict.fromkeys(Check, "") for item in CONFIGURATIONS for kinds in ROLES
    }
    next(iter(outcomes.values())).update({Check[name]: what for name, what in wrong.items()})
    return outcomes


def test_each_encounter_and_each_check_has_its_mark() -> None:
    page = with_matrix(MARKS, matrix())
    assert page.count(HOLDS) == len(CONFIGURATIONS) * len(ROLES) * len(Check)
    assert FAILS not in page
    assert page.startswith("before ")
    assert page.endswith(" after")
    assert with_matrix(page, matrix()) == page


def test_what_does_not_hold_is_seen_in_its_role_and_column() -> None:
    page = with_matrix(MARKS, matrix(SWITCH="it does not know"))
    assert page.count(FAILS) == 1
    (row,) = (line for line in page.splitlines() if FAILS in line)
    cells = [cell.strip() for cell in row.split("|")][1:-1]
    assert cells[4 + list(Check).index(Check.SWITCH)] == f"{FAILS} {HOLDS}"
    checks = len(CONFIGURATIONS) * len(ROLES) * len(Check)
    assert f"{checks - 1} of {checks} checks hold" in page


def test_no_cell_is_empty() -> None:
    tables = with_matrix(MARKS, matrix()).split("\n\n")
    for table in (part for part in tables if part.startswith("|")):
        rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("|")]
        assert len({len(row) for row in rows}) == 1
        assert all(cell.strip() for row in rows for cell in row)


@pytest.mark.parametrize("page", ["", BEGIN, END, END + BEGIN])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="lacks its marks"):
        with_matrix(page, {})
