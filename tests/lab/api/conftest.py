from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.lab.api.rest import EMPTY, Rest
from tests.lab.labs import running
from vipkeeper.lab.client import Lab


@pytest.fixture(scope="module")
def empty_lab() -> Iterator[Lab]:
    """A cloud with nothing in it; shared by a module."""
    with running(EMPTY, what="api") as lab:
        yield lab


@pytest.fixture(scope="module")
def member(empty_lab: Lab) -> Iterator[Rest]:
    with closing(Rest(empty_lab, "lab")) as rest:
        yield rest


@pytest.fixture(scope="module")
def admin(empty_lab: Lab) -> Iterator[Rest]:
    with closing(Rest(empty_lab, "admin")) as rest:
        yield rest
