"""The records on disk, so that a crash loses nothing that was answered: SQLite, one row each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from vipkeeper.lab.api.records import Record
from vipkeeper.lab.api.state import State

Row = tuple[str, str, Record | None]
"""Kind, id, and what is there from now on; None for nothing."""

_SCHEMA = """
create table if not exists records (
    number integer primary key,
    kind text not null,
    id text not null,
    body text not null,
    unique (kind, id)
)
"""


class Database:
    """One file. Each write is one transaction."""

    def __init__(self, path: Path, kinds: Iterable[type[Record]]) -> None:
        self._kinds: Mapping[str, type[Record]] = {kind.kind: kind for kind in kinds}
        self._connection = sqlite3.connect(path, isolation_level=None)
        # It lies on the lab's tmpfs: what outlives a killed process are the pages written, and no
        # disk has to be waited for.
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = off")
        self._connection.execute(_SCHEMA)

    def load(self) -> State | None:
        """Everything, in the order in which it was made; None where nothing ever was."""
        tables: dict[str, dict[str, Record]] = {}
        rows = self._connection.execute("select kind, id, body from records order by number")
        for kind, id, body in rows:
            tables.setdefault(kind, {})[id] = self._kinds[kind].model_validate_json(body)
        return State(tables) if tables else None

    def write(self, rows: Iterable[Row]) -> None:
        """All of it or nothing."""
        with self._connection:
            self._connection.execute("begin immediate")
            for kind, id, record in rows:
                if record is None:
                    self._connection.execute(
                        "delete from records where kind = ? and id = ?", (kind, id)
                    )
                else:
                    self._connection.execute(
                        "insert into records (kind, id, body) values (?, ?, ?)"
                        " on conflict (kind, id) do update set body = excluded.body",
                        (kind, id, record.model_dump_json()),
                    )

    def close(self) -> None:
        self._connection.close()
