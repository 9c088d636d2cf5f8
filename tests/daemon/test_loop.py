from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipkeeper.daemon.loop import Loop, Schedule
from vipkeeper.linux.timerfd import TimerFd


def test_callbacks_come_in_the_order_of_their_instants_and_not_before() -> None:
    schedule, called = Schedule(), list[str]()
    for name, instant in (("c", 30), ("a", 10), ("b", 20)):
        schedule.set(name, instant, lambda name=name: called.append(name))  # type: ignore[misc]
    schedule.run_due(9)
    assert called == []
    schedule.run_due(20)
    assert called == ["a", "b"]
    assert schedule.next_instant() == 30


def test_a_name_set_again_replaces_and_none_cancels() -> None:
    schedule, called = Schedule(), list[str]()
    schedule.set("timer", 10, lambda: called.append("old"))
    schedule.set("timer", 20, lambda: called.append("new"))
    schedule.set("other", 5, lambda: called.append("cancelled"))
    schedule.set("other", None, lambda: None)
    schedule.run_due(100)
    assert called == ["new"]
    assert schedule.next_instant() is None


def test_a_callback_that_sets_itself_again_in_the_future_is_called_once() -> None:
    schedule, called = Schedule(), list[int]()

    def again() -> None:
        called.append(1)
        schedule.set("timer", 110, again)

    schedule.set("timer", 100, again)
    schedule.run_due(100)
    assert called == [1]
    assert schedule.next_instant() == 110


def test_what_is_replaced_at_every_advert_takes_no_memory() -> None:
    schedule = Schedule()
    schedule.set("steady", 5, lambda: None)
    for instant in range(10, 10_000):
        schedule.set("moved", instant, lambda: None)
    assert len(schedule._heap) < 100
    assert schedule.next_instant() == 5


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 50)), max_size=30))
def test_the_next_instant_is_the_earliest_of_what_is_set(
    steps: list[tuple[str, int | None]],
) -> None:
    schedule, expected = Schedule(), dict[str, int]()
    for name, instant in steps:
        schedule.set(name, instant, lambda: None)
        expected.pop(name, None)
        if instant is not None:
            expected[name] = instant
    assert schedule.next_instant() == min(expected.values(), default=None)


def test_the_loop_wakes_for_a_timer_and_for_a_descriptor() -> None:
    loop, seen = Loop(), list[str]()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as pipe:

        def came() -> None:
            seen.append(pipe.read(1).decode())
            loop.stop()

        loop.watch(pipe, came)
        armed_at = loop.now()

        def fired() -> None:
            seen.append("timer")
            os.write(writing, b"x")

        loop.schedule.set("timer", armed_at + 5_000_000, fired)
        loop.run()
        assert loop.now() - armed_at >= 5_000_000
        loop.forget(pipe)
    os.close(writing)
    loop.close()
    assert seen == ["timer", "x"]


def test_a_deadline_that_moves_on_leaves_the_timer_alone_and_is_met_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, armed = Loop(), list[int]()
    arm = TimerFd.arm

    def counted(timer: TimerFd, instant: int) -> None:
        armed.append(instant)
        arm(timer, instant)

    monkeypatch.setattr(TimerFd, "arm", counted)
    first = loop.now() + 300_000_000
    last = first + 5_000_000
    fired = list[int]()

    def came() -> None:
        fired.append(loop.now())
        loop.stop()

    # Each turn of the loop moves the deadline on, as each advert does that a Backup hears.
    moves = iter(range(first, last, 500_000))

    def move() -> None:
        loop.schedule.set("deadline", next(moves, last), came)

    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as pipe:

        def heard() -> None:
            if len(pipe.read(1)) and next(turns, None) is not None:
                move()
                os.write(writing, b"x")

        turns = iter(range(11))
        loop.watch(pipe, heard)
        move()
        os.write(writing, b"x")
        loop.run()
        loop.forget(pipe)
    os.close(writing)
    loop.close()
    assert fired[0] >= last
    assert armed == [first, last]
