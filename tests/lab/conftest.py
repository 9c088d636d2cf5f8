from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.labs import ELECTION_SECONDS, running, with_keepalived
from vipkeeper.lab.client import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The walkthrough's cloud with keepalived, its virtual IP held; shared by a module."""
    with running(with_keepalived()) as lab:
        lab.wait_for_vip(timeout=ELECTION_SECONDS)
        yield lab
