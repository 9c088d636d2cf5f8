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
);
create table if not exists undo (
    kind text not null,
    id text not null,
    body text
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
        self._connection.executescript(_SCHEMA)

    def load(self) -> State | None:
        """Everything, in the order in which it was made; None where nothing ever was."""
        tables: dict[str, dict[str, Record]] = {}
        rows = self._connection.execute("select kind, id, body from records order by number")
        for kind, id, body in rows:
            tables.setdefault(kind, {})[id] = self._kinds[kind].model_validate_json(body)
        return State(tables) if tables else None

    def write(self, rows: Iterable[Row], *, before: Iterable[Row] = ()) -> None:
        """All of it or nothing.

        Args:
            before: what :meth:`undo` would write in the place of it.
        """
        with self._connection:
            self._connection.execute("begin immediate")
            self._connection.execute("delete from undo")
            self._connection.executemany(
                "insert into undo (kind, id, body) values (?, ?, ?)",
                ((kind, id, _body(record)) for kind, id, record in before),
            )
            for kind, id, record in rows:
                self._put(kind, id, _body(record))

    def undo(self) -> bool:
        """Take the last write back; whether there was one that can be."""
        with self._connection:
            self._connection.execute("begin immediate")
            rows = self._connection.execute("select kind, id, body from undo").fetchall()
            for kind, id, body in rows:
                self._put(kind, id, body)
            self._connection.execute("delete from undo")
        return bool(rows)

    def _put(self, kind: str, id: str, body: str | None) -> None:
        if body is None:
            self._connection.execute("delete from records where kind = ? and id = ?", (kind, id))
        else:
            self._connection.execute(
                "insert into records (kind, id, body) values (?, ?, ?)"
                " on conflict (kind, id) do update set body = excluded.body",
                (kind, id, body),
            )

    def close(self) -> None:
        self._connection.close()


def _body(record: Record | None) -> str | None:
    return None if record is None else record.model_dump_json()
