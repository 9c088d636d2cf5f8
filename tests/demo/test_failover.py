from __future__ import annotations

import pytest

from vipkeeper.demo.failover import Bound, outage_text
from vipkeeper.drill.outage import NS_PER_MS, Answer, Measurement, analyse

SILENCE = Bound(2_805, 3_805, "nobody told it")


@pytest.mark.parametrize(
    ("outage_ms", "admitted"), [(2_700, False), (2_804, True), (4_505, True), (4_506, False)]
)
def test_a_bound_admits_what_it_says(outage_ms: float, admitted: bool) -> None:
    assert SILENCE.admits(outage_ms) is admitted
    assert str(SILENCE) == "for 2,805 to 3,805 ms (a busy machine: up to 4,505 ms): nobody told it"


def seen(*answers: tuple[int, str], sent_ms: tuple[int, ...] = (0, 1, 2, 3)) -> Measurement:
    return analyse(
        [at * NS_PER_MS for at in sent_ms],
        [Answer(probe, sent_ms[probe] * NS_PER_MS + 1, host) for probe, host in answers],
        end_ns=(sent_ms[-1] + 1) * NS_PER_MS,
    )


def test_an_outage_in_words() -> None:
    assert outage_text(seen((0, "test01"), (3, "test02"))) == (
        "from outside: 2 ms without an answer, test01 before, test02 after"
    )


def test_one_without_an_end() -> None:
    assert outage_text(seen((0, "test01"))).endswith("test01 before, nobody after")


def test_no_outage_says_how_often_was_asked() -> None:
    every = [(probe, "test01") for probe in range(4)]
    assert outage_text(seen(*every)) == (
        "from outside: each of 4 probes was answered, one every ms"
    )


def test_a_busy_machine_is_told() -> None:
    text = outage_text(seen((0, "test01"), (2, "test02"), sent_ms=(0, 1, 31)))
    assert text.endswith("test02 after (give or take 29 ms: the machine was busy)")
