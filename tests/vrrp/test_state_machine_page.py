"""docs/state-machine.md says what the rules say."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from vipkeeper.vrrp.machine import RULES
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.state_machine_page import BEGIN, END, diagram, rows, table, with_rules
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize

PAGE = Path(__file__).parents[2] / "docs" / "state-machine.md"
STATES = (Initialize, Backup, Active, HandingOver)
IDENTITY = {"name", "interface", "vrid", "family", "addresses", "primary_address"}


def test_the_page_is_what_the_rules_generate() -> None:
    page = PAGE.read_text()

    assert page == with_rules(page), "run `make docs` and look at what has changed"


def test_every_row_is_in_words() -> None:
    assert [row.rule for row in rows()] == list(RULES)
    for row in rows():
        assert row.done
        assert row.event
        assert row.rule.because
    tables = "".join(map(table, STATES))
    for rule in RULES:
        assert tables.count(f"\n| {rule.name} | ") == 1
    assert len(re.findall(r"^\| (6\.4|late|handover)", tables, re.MULTILINE)) == len(RULES)


def test_a_table_has_as_many_cells_in_each_line() -> None:
    for state in STATES:
        assert {line.count("|") for line in table(state).splitlines()} == {7}


def test_the_diagram_knows_every_way_there_is() -> None:
    ways = {
        tuple(line.split(":")[0].split(" --> "))
        for line in map(str.strip, diagram().splitlines())
        if "-->" in line
    }
    assert ways == {
        ("[*]", "Initialize"),
        ("Initialize", "Active"),
        ("Initialize", "Backup"),
        ("Backup", "Initialize"),
        ("Backup", "Backup"),
        ("Backup", "Active"),
        ("Active", "Initialize"),
        ("Active", "Backup"),
        ("Active", "Active"),
        ("Active", "HandingOver"),
        ("HandingOver", "HandingOver"),
        ("HandingOver", "Active"),
        ("HandingOver", "Backup"),
        ("HandingOver", "Initialize"),
    }


def test_every_setting_of_a_router_is_on_the_page() -> None:
    page = PAGE.read_text()
    for field in fields(VirtualRouter):
        assert (f"| `{field.name}` |" in page) is (field.name not in IDENTITY), field.name


@pytest.mark.parametrize("page", ["", BEGIN, END, END + BEGIN])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="generated from RULES"):
        with_rules(page)
