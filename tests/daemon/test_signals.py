from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from vipkeeper.daemon.signals import SignalReader

NUMBERS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGRTMIN + 2)


@pytest.fixture
def reader() -> Iterator[SignalReader]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    reader = SignalReader(NUMBERS)
    yield reader
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)
    reader.close()


def test_a_storm_of_one_signal_does_not_hide_another(reader: SignalReader) -> None:
    for _ in range(5000):
        os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGRTMIN + 2)
    assert reader.read() == [signal.SIGHUP, signal.SIGRTMIN + 2]
    assert reader.read() == []
