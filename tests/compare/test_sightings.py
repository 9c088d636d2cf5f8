from __future__ import annotations

import pytest

from benchmarks.compare.sightings import NS_PER_MS, Advert, Announcement, Sightings

Times = tuple[tuple[int, int], ...]


def seen(
    one: Times, other: Times, *, adverts: tuple[Advert, ...] = (), until_ms: int = 1000
) -> Sightings:
    held = {
        name: tuple((a * NS_PER_MS, b * NS_PER_MS) for a, b in times)
        for name, times in (("one", one), ("other", other))
    }
    announced = (Announcement(300 * NS_PER_MS, "other"), Announcement(700 * NS_PER_MS, "one"))
    return Sightings(held, adverts, announced, until_ms * NS_PER_MS, 0.0)


@pytest.mark.parametrize(
    ("one", "other", "both_ms"),
    [
        (((0, 400),), ((600, 1000),), 0),
        (((0, 500),), ((480, 1000),), 20),
        (((0, 100), (200, 900)), ((90, 400), (850, 1000)), 200),
        (((0, 500),), (), 0),
    ],
)
def test_two_hold_it_while_both_answer(one: Times, other: Times, both_ms: float) -> None:
    assert seen(one, other).two_holders_ms() == both_ms


def test_what_was_before_does_not_count() -> None:
    assert seen(((0, 500),), ((0, 700),)).two_holders_ms(since_ns=400 * NS_PER_MS) == 100


@pytest.mark.parametrize(
    ("one", "other", "holder"),
    [
        (((0, 400),), ((600, 1000),), "other"),
        (((0, 998),), ((600, 1000),), "both"),
        (((0, 998),), ((600, 900),), "one"),
        (((0, 400),), ((600, 900),), "nobody"),
        ((), (), "nobody"),
    ],
)
def test_who_answered_last_holds_it_at_the_end(one: Times, other: Times, holder: str) -> None:
    assert seen(one, other).holder_at_end() == holder


def test_a_takeover_is_counted_from_the_last_advert_of_the_old_one() -> None:
    adverts = (
        Advert(100 * NS_PER_MS, "192.0.2.1", 200),
        Advert(150 * NS_PER_MS, "192.0.2.1", 200),
        Advert(330 * NS_PER_MS, "192.0.2.2", 100),
        Advert(380 * NS_PER_MS, "192.0.2.2", 100),
    )
    sightings = seen((), (), adverts=adverts)
    last_ns = sightings.last_advert_ns("192.0.2.1")
    assert last_ns == 150 * NS_PER_MS
    assert sightings.first_advert_after_ms("192.0.2.2", last_ns) == 180
    assert sightings.first_advert_after_ms("192.0.2.1", last_ns + 1) is None
    assert sightings.last_advert_ns("192.0.2.9") is None


def test_an_announcement_counts_for_the_node_that_it_names() -> None:
    sightings = seen((), ())
    assert sightings.announced_after_ms("one", 200 * NS_PER_MS) == 500
    assert sightings.announced_after_ms("one", 800 * NS_PER_MS) is None


def test_what_the_witness_prints_is_read() -> None:
    data = {
        "held": {"one": [[1, 2]], "other": []},
        "adverts": [[1, "192.0.2.1", 100]],
        "announcements": [[1, "one"]],
        "until_ns": 2,
        "stall_ms": 0.1,
    }
    sightings = Sightings.from_data(data)
    assert sightings.held["one"] == ((1, 2),)
    assert sightings.adverts == (Advert(1, "192.0.2.1", 100),)
    assert sightings.announcements == (Announcement(1, "one"),)
