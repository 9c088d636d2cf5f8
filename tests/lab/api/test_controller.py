from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab.api import kinds
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.database import Database
from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.api.network.records import Network
from vipkeeper.lab.api.planning import Planner
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.plane import Plane
from vipkeeper.lab.plane_difference import PlaneDifference


class PickyCloud:
    """A cloud in which no network can be that is called ``impossible``."""

    def __init__(self) -> None:
        self.plane = Plane()

    async def ask(self, do: str, *arguments: Any) -> Any:
        (wanted,) = arguments
        if isinstance(wanted, PlaneDifference):
            assert do == "change"
            wanted = wanted.applied_to(self.plane)
        if any(network.name == "impossible" for network in wanted.networks):
            raise LabError("it cannot be")
        self.plane = wanted


def controller(file: Path, cloud: PickyCloud) -> Controller:
    database = Database(file, kinds.ALL)
    return Controller(database.load() or State(), database, cloud, Planner("ovs"))


def network(name: str) -> Network:
    return Network(id=name, name=name, project_id="p")


async def put(target: Controller, *names: str) -> None:
    def prepare(change: Change) -> None:
        for name in names:
            change.put(network(name))

    await target.change(prepare)


def names_in(file: Path) -> list[str]:
    state = Database(file, kinds.ALL).load() or State()
    return [one.name for one in state.all(Network)]


def test_what_cannot_be_is_refused_and_not_kept(tmp_path: Path) -> None:
    cloud, file = PickyCloud(), tmp_path / "db"

    async def run() -> None:
        target = controller(file, cloud)
        await target.begin()
        await put(target, "one")
        with pytest.raises(Refusal, match="it cannot be"):
            await put(target, "two", "impossible")
        await put(target, "three")
        assert [one.name for one in target.state.all(Network)] == ["one", "three"]

    asyncio.run(run())
    assert names_in(file) == ["one", "three"]
    assert [one.name for one in cloud.plane.networks] == ["one", "three"]


def test_what_cannot_be_and_was_written_down_by_a_process_that_ended_is_taken_back(
    tmp_path: Path,
) -> None:
    cloud, file = PickyCloud(), tmp_path / "db"

    async def run() -> None:
        first = controller(file, cloud)
        await first.begin()
        await put(first, "one")
        # The end between the write and the cloud's answer.
        rows = [(Network.kind, name, network(name)) for name in ("two", "impossible")]
        Database(file, kinds.ALL).write(rows, before=[(kind, id, None) for kind, id, _ in rows])
        second = controller(file, cloud)
        await second.begin()
        assert [one.name for one in second.state.all(Network)] == ["one"]
        await put(second, "three")

    asyncio.run(run())
    assert names_in(file) == ["one", "three"]


def test_the_last_change_that_is_in_force_stays(tmp_path: Path) -> None:
    cloud, file = PickyCloud(), tmp_path / "db"

    async def run() -> None:
        first = controller(file, cloud)
        await first.begin()
        await put(first, "one")
        await controller(file, cloud).begin()

    asyncio.run(run())
    assert names_in(file) == ["one"]
