from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.netns.switch import Switch
from tests.topology import Network
from vipkeeper.lab.back_end import BackEnd


@pytest.fixture(scope="package")
def built() -> Iterator[Switch]:
    with closing(Network()) as network:
        switch = Switch(network)
        yield switch
        for wire in switch.wires.values():
            wire.close()


@pytest.fixture
def switch(built: Switch) -> Switch:
    """The switch with all groups open and no connection known."""
    built.network.run("conntrack", "-F")
    built.apply()
    built.learn()
    return built


@pytest.fixture
def ovs(built: Switch) -> Iterator[Switch]:
    yield from _with(built, BackEnd.OVS)


@pytest.fixture
def ovn(built: Switch) -> Iterator[Switch]:
    yield from _with(built, BackEnd.OVN)


def _with(built: Switch, back_end: BackEnd) -> Iterator[Switch]:
    built.back_end = back_end
    try:
        built.network.run("conntrack", "-F")
        built.apply()
        built.learn()
        yield built
    finally:
        built.back_end = BackEnd.LINUXBRIDGE
