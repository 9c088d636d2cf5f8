from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.topology import Network


def pytest_configure() -> None:
    """Started in the background of a shell, SIGINT is ignored, and would be in all that we start.

    What is tested here is Ctrl-C at a terminal, where it is not.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()
