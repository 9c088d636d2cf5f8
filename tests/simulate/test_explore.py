"""Every order of events to a depth that a test can wait for, and that a broken machine is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulate.broken import (
    advertises_as_a_backup,
    answers_without_a_bound,
    ignores_priority_zero,
    keeps_addresses,
    never_preempts,
    never_yields,
)
from vipkeeper.simulate.explore import Search, Step, compositions

TWO, THREE = dict(compositions(2)), dict(compositions(3))


@pytest.mark.parametrize("title", TWO)
def test_two_routers_keep_the_rules_in_every_order(title: str) -> None:
    result = Search(title, TWO[title]).run(depth=9)
    assert result.wrong is None
    assert result.situations > 300


@pytest.mark.parametrize("title", THREE)
def test_three_routers_keep_the_rules_in_every_order(title: str) -> None:
    result = Search(title, THREE[title]).run(depth=6)
    assert result.wrong is None
    assert result.situations > 500


@pytest.mark.parametrize(
    "broken",
    [
        never_yields,
        never_preempts,
        keeps_addresses,
        advertises_as_a_backup,
        answers_without_a_bound,
    ],
)
def test_a_broken_machine_is_found(broken: Step) -> None:
    title, *_ = TWO
    result = Search(title, TWO[title], broken).run(depth=10)
    assert result.wrong is not None


def test_what_only_delays_is_not_wrong_here() -> None:
    """Without priority 0 the others wait Active_Down_Interval, which is within the bound."""
    title, *_ = TWO
    assert Search(title, TWO[title], ignores_priority_zero).run(depth=8).wrong is None


def test_two_routers_with_one_address_are_told_apart_by_nobody() -> None:
    """The exception: neither yields, so that both are Active for good."""
    title = "v3, priorities 100, 100"
    first, second = TWO[title]
    twins = (first, replace(second, primary_address=first.primary_address))
    wrong = Search(title, twins).run(depth=8).wrong
    assert wrong is not None
