"""Numbers and ids that are given out and come back."""

from __future__ import annotations

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab.cloud.id_ranges import IdRanges
from vipkeeper.lab.cloud.numbers import Numbers
from vipkeeper.lab.order import CHUNK
from vipkeeper.lab.spec import MAX_INSTANCES


def test_a_number_stays_with_its_owner_and_is_the_last_to_be_given_again() -> None:
    numbers = Numbers(4)
    numbers.keep(["a", "b", "c"])
    assert dict(numbers) == {"a": 1, "b": 2, "c": 3}
    numbers.keep(["a", "c", "d"])
    assert dict(numbers) == {"a": 1, "c": 3, "d": 4}
    numbers.keep(["c", "d", "e", "f"])
    assert dict(numbers) == {"c": 3, "d": 4, "e": 1, "f": 2}
    with pytest.raises(LabError, match="more than 4"):
        numbers.keep("abcde")
    assert set(numbers) == set("cdef")


def test_each_instance_has_ids_of_its_own_until_there_are_no_more() -> None:
    ranges = IdRanges((MAX_INSTANCES + 1) * CHUNK)
    given = [ranges.allot() for _ in range(MAX_INSTANCES)]
    assert len({first for ((_, first, _),) in given}) == MAX_INSTANCES
    assert min(first for ((_, first, _),) in given) == CHUNK  # the cloud's own come before
    with pytest.raises(LabError, match="at most 63 instances"):
        ranges.allot()
    ranges.give_back(given[5])
    assert ranges.allot() == given[5]


def test_a_lab_with_one_id_has_that_one_for_everybody() -> None:
    ranges = IdRanges(1)
    assert {ranges.allot() for _ in range(MAX_INSTANCES)} == {((0, 0, 1),)}
    with pytest.raises(LabError, match="at most 63 instances"):
        ranges.allot()
