from __future__ import annotations

from tests.daemon.recording import SECOND, Bench


def losers(bench: Bench) -> list[int]:
    return [
        record["received_priority"]
        for record in bench.records
        if record["record"] == "still-active"
    ]


def test_a_loser_is_told_once_however_often_it_is_heard() -> None:
    bench = Bench()
    now = bench.become_active()
    for second in range(1, 4):
        bench.hear(40, now + (9 + second) * SECOND)
    assert losers(bench) == [40]


def test_after_a_silence_it_is_another_episode() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.hear(40, now + 10 * SECOND)
    bench.hear(40, now + 60 * SECOND)
    assert losers(bench) == [40, 40]


def test_neither_a_better_router_nor_one_that_resigns_is_a_loser() -> None:
    bench = Bench()
    now = bench.become_active()
    bench.hear(0, now + 10 * SECOND)
    bench.hear(100, now + 11 * SECOND)
    assert losers(bench) == []


def test_whom_we_have_taken_over_from_is_no_loser_beside_us() -> None:
    """It has one more advert for us before it yields."""
    bench = Bench()
    now = bench.become_active()
    bench.hear(40, now + SECOND)
    assert losers(bench) == []
