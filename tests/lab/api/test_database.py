"""What was written is there for the next process, all of a change or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from vipkeeper.lab import spec_file
from vipkeeper.lab.api import kinds, seed
from vipkeeper.lab.api.compute.records import Flavor
from vipkeeper.lab.api.database import Database, Row
from vipkeeper.lab.api.network.back_ends import LINUXBRIDGE
from vipkeeper.lab.api.state import State
from vipkeeper.lab.cloud_file_plane import plane_of


def flavor(id: str, ram_mb: int = 512) -> Flavor:
    return Flavor(id=id, name=f"flavor {id}", vcpus=1, ram_mb=ram_mb, disk_gb=1)


def put(*records: Flavor) -> list[Row]:
    return [(record.kind, record.id, record) for record in records]


def reopened(path: Path) -> State:
    with closing(Database(path, kinds.ALL)) as database:
        state = database.load()
    assert state is not None
    return state


def test_a_new_database_says_so(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "state.db", kinds.ALL)) as database:
        assert database.load() is None


def test_records_of_every_kind_come_back_as_they_were_in_the_same_order(tmp_path: Path) -> None:
    spec = spec_file.walkthrough()
    state = seed.of(spec, plane_of(spec), LINUXBRIDGE, 1.5, {"lab": "a", "admin": "b"})
    path = tmp_path / "state.db"
    with closing(Database(path, kinds.ALL)) as database:
        database.write((one.kind, one.id, one) for one in state.every())
    again = reopened(path)
    assert {kind: list(table.items()) for kind, table in again.tables().items()} == {
        kind: list(table.items()) for kind, table in state.tables().items()
    }


def test_a_change_keeps_the_place_and_a_deletion_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(Database(path, kinds.ALL)) as database:
        database.write(put(flavor("1"), flavor("2"), flavor("3")))
        database.write([*put(flavor("2", ram_mb=9)), ("flavor", "1", None)])
    assert list(reopened(path).all(Flavor)) == [flavor("2", ram_mb=9), flavor("3")]


def test_what_fails_in_the_middle_has_not_been(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def broken() -> Iterator[Row]:
        yield from put(flavor("2"))
        raise RuntimeError("killed")

    with closing(Database(path, kinds.ALL)) as database:
        database.write(put(flavor("1")))
        with pytest.raises(RuntimeError, match="killed"):
            database.write(broken())
        database.write(put(flavor("3")))
    assert list(reopened(path).all(Flavor)) == [flavor("1"), flavor("3")]
