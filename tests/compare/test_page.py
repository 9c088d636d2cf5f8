from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks.compare.__main__ import PAGE, RESULTS
from benchmarks.compare.outcome import Bound, Outcome
from benchmarks.compare.page import page
from benchmarks.compare.results import Machine, Results
from benchmarks.compare.rows import ANNOUNCEMENT_LATE, KINDS, ROWS, SHORT
from benchmarks.compare.strips import strips

MACHINE = Machine(2, "6.1", "3.11.2", "2.2.7", "0.1.0", "0123456", "2026-01-01")


def outcome(kind: str, lost: int, *, row: str = "stop", holder: str = "test02") -> Outcome:
    return Outcome(
        *(row, kind, 0, 2300, lost, float(lost), 0.0, holder),
        figures={ANNOUNCEMENT_LATE: 0.5},
        stall_ms=1.0,
        load=0.5,
        losses=((0.0, float(lost)),) if lost else (),
    )


def results() -> Results:
    outcomes = [outcome("keepalived", lost) for lost in (804, 806, 805)]
    outcomes += [outcome("vipkeeperd", 0) for _ in range(3)]
    outcomes += [outcome(kind, 150, row="cut-0.05") for kind in KINDS]
    return Results(MACHINE, tuple(outcomes))


def test_a_row_says_the_median_and_the_spread_of_each_program() -> None:
    lines = page(ROWS, results()).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("| planned stop"))
    lines = lines[first : first + 2]
    assert "| keepalived | 3 | 805 (804 to 806) |" in lines[0]
    assert "| vipkeeperd | 3 | 0 |" in lines[1]
    assert "✘ 0 of 3" in lines[0]
    assert "✔ 3 of 3" in lines[1]


def test_a_takeover_is_judged_by_the_median_and_beside_keepalived() -> None:
    def verdict(late_ms: float) -> str:
        late = {"keepalived": 0.5, "vipkeeperd": late_ms}
        outcomes = (
            replace(outcome(kind, 150, row="cut-0.05"), figures={ANNOUNCEMENT_LATE: late[kind]})
            for kind in KINDS
        )
        lines = page(ROWS, Results(MACHINE, tuple(outcomes))).splitlines()
        return next(x for x in lines if x.startswith("| v3, 0.05 s | vipkeeperd")).split("|")[-2]

    assert verdict(0.4) == " ✔ "
    assert "later than keepalived" in verdict(0.6)
    assert "later than 3 ms" in verdict(4)


def test_the_picture_shows_what_was_lost() -> None:
    svg = strips(results())
    ElementTree.fromstring(svg)
    assert "805 probes lost" in svg
    assert "0 probes lost" in svg
    assert svg.count('class="lost"') == 1


def test_results_come_back_from_their_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("results") / "compare.json"
    results().write(path)
    assert Results.read(path) == results()


def test_a_row_that_is_measured_again_stands_for_what_was_there() -> None:
    newer = results().with_newer([outcome("keepalived", 1), outcome("vipkeeperd", 2)])
    assert [each.lost for each in newer.of("stop", "keepalived")] == [1]
    assert [each.lost for each in newer.of("cut-0.05", "keepalived")] == [150]


@pytest.mark.parametrize(
    ("holder", "lost", "bound", "missed"),
    [
        ("test02", 0, Bound(("test02",), lost=0), []),
        ("both", 0, Bound(("test02",)), ["two hold the VIP for good"]),
        ("nobody", 9, Bound(("test02",), lost=0), ["nobody holds the VIP", "9 probes lost"]),
        (
            "test02",
            0,
            Bound(("test02",), figures={ANNOUNCEMENT_LATE: 0.1}),
            [f"{ANNOUNCEMENT_LATE}: 0.5"],
        ),
        ("test02", 0, Bound(("test02",), figures={"another": 1}), ["another: never"]),
    ],
)
def test_what_a_run_misses_is_said(holder: str, lost: int, bound: Bound, missed: list[str]) -> None:
    assert outcome("vipkeeperd", lost, holder=holder).missed(bound) == missed


def test_the_page_is_written_from_the_results_beside_it() -> None:
    assert PAGE.read_text() == page(ROWS, Results.read(RESULTS))


def test_each_row_has_its_own_name() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert set(SHORT) <= set(names)
