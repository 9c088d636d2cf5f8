"""All records as they are at one moment, and a change that is prepared beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar, cast

from vipkeeper.lab.api.records import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)
Table = Mapping[str, Record]


class State:
    """Records by kind and id. Nothing changes it: a :class:`Change` leads to another one."""

    def __init__(self, tables: Mapping[str, Table] | None = None) -> None:
        self._tables = dict(tables or {})

    def find(self, kind: type[AnyRecord], id: str | None) -> AnyRecord | None:
        found = self._tables.get(kind.kind, {}).get(id or "")
        return found if isinstance(found, kind) else None

    def all(self, kind: type[AnyRecord]) -> Iterator[AnyRecord]:
        """In the order in which they were made."""
        # A table holds one kind; to ask each of thousands of records would take the most time.
        return cast("Iterator[AnyRecord]", iter(self._tables.get(kind.kind, {}).values()))

    def count(self, kind: type[Record]) -> int:
        return len(self._tables.get(kind.kind, {}))

    def where(
        self, kind: type[AnyRecord], wanted: Callable[[AnyRecord], bool]
    ) -> Iterator[AnyRecord]:
        return (record for record in self.all(kind) if wanted(record))

    def every(self) -> Iterator[Record]:
        """Every record of every kind."""
        return (record for table in self._tables.values() for record in table.values())

    def tables(self) -> dict[str, Table]:
        return dict(self._tables)


class Change(State):
    """A state that is being made from another one.

    Reading shows what was already changed. Whoever has prepared it puts it in force or forgets it.

    Attributes:
        now: the instant of all that is stamped, in seconds since the epoch.
    """

    def __init__(self, before: State, now: float) -> None:
        super().__init__(before.tables())
        self.now = now
        self._before = before
        self._touched: dict[tuple[str, str], None] = {}
        self._copies: dict[str, dict[str, Record]] = {}

    def put(self, record: Record) -> None:
        self._own(record.kind)[record.id] = record
        self._touched[record.kind, record.id] = None

    def delete(self, record: Record) -> None:
        self._own(record.kind).pop(record.id, None)
        self._touched[record.kind, record.id] = None

    def differences(self) -> Iterator[tuple[str, str, Record | None, Record | None]]:
        """(kind, id, before, after) of everything that is not as it was."""
        for kind, id in self._touched:
            before = self._before.tables().get(kind, {}).get(id)
            after = self._tables.get(kind, {}).get(id)
            if before is not after:
                yield kind, id, before, after

    def result(self) -> State:
        return State(self._tables)

    def _own(self, kind: str) -> dict[str, Record]:
        """The table of that kind, copied before its first change."""
        table = self._copies.get(kind)
        if table is None:
            table = self._copies[kind] = dict(self._tables.get(kind, {}))
            self._tables[kind] = table
        return table
