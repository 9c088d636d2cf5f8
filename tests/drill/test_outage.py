from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipkeeper.drill.outage import NS_PER_MS, Answer, Measurement, Outage, Service, Stall, analyse


def ms(*instants: float) -> list[int]:
    return [round(instant * NS_PER_MS) for instant in instants]


def answered(sent_ns: list[int], hosts: dict[int, str], delay_ms: float = 0.4) -> list[Answer]:
    return [Answer(n, sent_ns[n] + round(delay_ms * NS_PER_MS), host) for n, host in hosts.items()]


def test_one_probe_each_millisecond_all_answered() -> None:
    sent_ns = ms(*range(1000, 1010))
    seen = analyse(
        sent_ns, answered(sent_ns, dict.fromkeys(range(10), "test01")), end_ns=ms(1010)[0]
    )
    assert (seen.sent, seen.answered, seen.lost) == (10, 10, 0)
    assert seen.outages == ()
    assert seen.services == (Service("test01", 0.0, 9.0, 10),)
    assert seen.slowest_answer_ms == 0.4
    assert seen.duration_ms == 10.0


def test_an_outage_lasts_from_the_first_lost_probe_to_the_next_answered_one() -> None:
    sent_ns = ms(*range(10))
    hosts = dict.fromkeys(range(3), "test01") | dict.fromkeys(range(7, 10), "test02")
    seen = analyse(sent_ns, answered(sent_ns, hosts), end_ns=ms(10)[0])
    assert seen.outages == (Outage(3.0, 4.0, 4, "test01", "test02", 0.0),)
    assert seen.services == (Service("test01", 0.0, 2.0, 3), Service("test02", 7.0, 9.0, 3))
    assert (seen.longest_outage_ms, seen.total_outage_ms) == (4.0, 4.0)


def test_an_outage_at_the_beginning_and_one_that_is_not_over_at_the_end() -> None:
    sent_ns = ms(*range(6))
    seen = analyse(sent_ns, answered(sent_ns, {2: "test01"}), end_ns=ms(8)[0])
    assert seen.outages == (
        Outage(0.0, 2.0, 2, None, "test01", 0.0),
        Outage(3.0, 5.0, 3, "test01", None, 0.0),
    )
    assert (seen.longest_outage_ms, seen.total_outage_ms) == (5.0, 7.0)


def test_a_prober_that_was_not_run_saw_no_outage_but_says_so() -> None:
    sent_ns = ms(0, 1, 51, 52)
    seen = analyse(sent_ns, answered(sent_ns, dict.fromkeys(range(4), "test01")), end_ns=ms(53)[0])
    assert seen.outages == ()
    assert seen.stalls == (Stall(1.0, 50.0),)
    assert seen.longest_stall_ms == 50.0


def test_a_stall_at_the_end_of_an_outage_makes_its_duration_uncertain() -> None:
    sent_ns = ms(0, 1, 2, 22, 23)
    seen = analyse(
        sent_ns, answered(sent_ns, {0: "test01", 3: "test02", 4: "test02"}), end_ns=ms(24)[0]
    )
    assert seen.outages == (Outage(1.0, 21.0, 2, "test01", "test02", 19.0),)


def test_a_stall_before_an_outage_or_in_its_middle() -> None:
    sent_ns = ms(0, 11, 31, 32)
    seen = analyse(sent_ns, answered(sent_ns, {0: "test01", 3: "test02"}), end_ns=ms(33)[0])
    assert seen.outages == (Outage(11.0, 21.0, 2, "test01", "test02", 10.0),)


def test_an_answer_slower_than_the_patience_is_none() -> None:
    sent_ns = ms(0, 1)
    answers = [Answer(0, ms(1000)[0], "test01"), Answer(1, ms(1001)[0] + 1, "test01")]
    seen = analyse(sent_ns, answers, end_ns=ms(2)[0], patience_ns=1000 * NS_PER_MS)
    assert [outage.start_ms for outage in seen.outages] == [1.0]
    assert seen.slowest_answer_ms == 1000.0


def test_of_two_answers_to_one_probe_the_earlier_counts() -> None:
    answers = [Answer(0, ms(2)[0], "test02"), Answer(0, ms(1)[0], "test01")]
    seen = analyse(ms(0), answers, end_ns=ms(3)[0])
    assert seen.services == (Service("test01", 0.0, 0.0, 1),)
    assert seen.answered == 1


def test_no_probe_at_all_is_no_outage() -> None:
    seen = analyse([], [], end_ns=0)
    assert (seen.sent, seen.duration_ms, seen.outages) == (0, 0.0, ())


@pytest.mark.parametrize(
    ("sent_ns", "end_ns"), [([2, 1], 3), ([1, 2], 1)], ids=["falling", "ended-early"]
)
def test_impossible_times_are_refused(sent_ns: list[int], end_ns: int) -> None:
    with pytest.raises(ValueError, match=r"must not fall|before its last probe"):
        analyse(sent_ns, [], end_ns=end_ns)


@pytest.mark.parametrize("number", [-1, 1])
def test_an_answer_to_a_probe_that_was_not_sent_is_refused(number: int) -> None:
    with pytest.raises(IndexError):
        analyse([0], [Answer(number, 1, "test01")], end_ns=2)


HOSTS = st.sampled_from([None, "test01", "test02"])


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[int], list[str | None], int]:
    """Send times with gaps of whole milliseconds, who answered each probe, and the end."""
    hosts = draw(st.lists(HOSTS, min_size=1, max_size=60))
    gaps = draw(st.lists(st.integers(1, 30), min_size=len(hosts), max_size=len(hosts)))
    sent_ns = [sum(gaps[:n]) * NS_PER_MS for n in range(len(hosts))]
    return sent_ns, hosts, sum(gaps) * NS_PER_MS


def analyse_run(run: tuple[list[int], list[str | None], int]) -> Measurement:
    sent_ns, hosts, end_ns = run
    answers = answered(sent_ns, {n: host for n, host in enumerate(hosts) if host})
    return analyse(sent_ns, reversed(answers), end_ns=end_ns)


@given(runs())
def test_every_probe_is_in_one_outage_or_one_service(
    run: tuple[list[int], list[str | None], int],
) -> None:
    seen = analyse_run(run)
    assert seen.answered + seen.lost == seen.sent == len(run[0])
    assert sum(outage.probes_lost for outage in seen.outages) == seen.lost
    assert sum(service.probes for service in seen.services) == seen.answered


@given(runs())
def test_outages_are_apart_in_order_and_within_the_measurement(
    run: tuple[list[int], list[str | None], int],
) -> None:
    seen = analyse_run(run)
    end_of_last = -1.0
    for outage in seen.outages:
        assert outage.start_ms > end_of_last
        assert outage.uncertain_ms >= 0
        end_of_last = outage.start_ms + outage.duration_ms
    assert end_of_last <= seen.duration_ms
    assert seen.longest_outage_ms <= seen.total_outage_ms <= seen.duration_ms


@given(runs())
def test_a_measurement_survives_json(run: tuple[list[int], list[str | None], int]) -> None:
    seen = analyse_run(run)
    assert Measurement.from_data(json.loads(json.dumps(seen.as_data()))) == seen
