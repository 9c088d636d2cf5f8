from __future__ import annotations

import select
import time
from pathlib import Path

from vipkeeper.linux.timerfd import TimerFd


def expired(timer: TimerFd, seconds: float) -> bool:
    return bool(select.select([timer], [], [], seconds)[0])


def test_it_expires_at_its_instant_and_once() -> None:
    timer = TimerFd()
    instant = time.monotonic_ns() + 5_000_000
    timer.arm(instant)
    assert expired(timer, 5)
    assert time.monotonic_ns() >= instant
    timer.acknowledge()
    assert not expired(timer, 0)
    timer.acknowledge()  # nothing to take is no error
    timer.close()


def test_an_instant_that_has_passed_expires_at_once_even_zero() -> None:
    timer = TimerFd()
    for instant in (1, 0, -5):
        timer.arm(instant)
        assert expired(timer, 5)
        timer.acknowledge()
    timer.close()


def test_disarmed_it_does_not_expire() -> None:
    timer = TimerFd()
    timer.arm(time.monotonic_ns() + 1_000_000)
    timer.disarm()
    assert not expired(timer, 0.02)
    timer.close()


def test_a_step_of_the_wall_clock_does_not_reach_it() -> None:
    """The kernel's own word for its clock: 1 is CLOCK_MONOTONIC, 0 CLOCK_REALTIME."""
    timer = TimerFd()
    info = Path(f"/proc/self/fdinfo/{timer.fileno()}").read_text()
    assert "clockid: 1\n" in info
    timer.close()
