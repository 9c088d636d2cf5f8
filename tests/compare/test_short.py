from __future__ import annotations

import pytest

from benchmarks.compare.comparison import measure
from benchmarks.compare.outcome import RESOLUTION_MS
from benchmarks.compare.rows import ROWS, SHORT

BY_NAME = {row.name: row for row in ROWS}


@pytest.mark.parametrize("name", SHORT)
def test_a_property_holds_on_a_machine_of_any_speed(name: str) -> None:
    row = BY_NAME[name]
    outcome = measure(row, "vipkeeperd", run=0)
    assert outcome.lost_property(row.bound, SHORT[name]) == "", outcome


def test_the_prober_sees_an_outage_that_is_known() -> None:
    outcome = measure(BY_NAME["known-outage"], "keepalived", run=0)
    # A prober that is run late sees an outage that is shorter by so much.
    assert outcome.longest_gap_ms + outcome.stall_ms >= 299


def test_the_witness_sees_two_holders_where_keepalived_is_killed() -> None:
    outcome = measure(BY_NAME["kill-all"], "keepalived", run=0)
    # Not who answered at the very end: a witness that was run late then has seen nobody.
    assert outcome.two_holders_ms > RESOLUTION_MS
    assert any("two hold" in miss for miss in outcome.missed(BY_NAME["kill-all"].bound))
