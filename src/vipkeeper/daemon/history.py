"""What the keeper remembers of each instance: its state, and how it came to it."""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from vipkeeper.daemon import ietf_vrrp
from vipkeeper.daemon.journal import Record

LENGTH = 100
KEEPALIVED_STATES = {"Active": "MASTER", "Backup": "BACKUP", "Initialize": "FAULT"}


class History:
    """The states of all instances since the speaker was started, and the last transitions."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._transitions: dict[str, deque[Record]] = {}

    def note(self, record: Record) -> str | None:
        """Take a transition (or a wait) down.

        Returns:
            the state that was entered by it, in keepalived's words; None if it is the old one.
        """
        name = record["instance"]
        kept = {**record, "time": wall_clock(record["at_ns"])}
        self._transitions.setdefault(name, deque(maxlen=LENGTH)).append(kept)
        new = record.get("new", "Initialize")
        old, self._states[name] = self._states.get(name), new
        # Who hands over is still keepalived's MASTER, and stays it where nobody takes over.
        if old == new or new == "HandingOver" or (old, new) == ("HandingOver", "Active"):
            return None
        return KEEPALIVED_STATES[new]

    def holds_addresses(self, name: str) -> bool:
        return self._states.get(name) in ("Active", "HandingOver")

    @property
    def is_empty(self) -> bool:
        return not self._states

    def rename(self, names: dict[str, str]) -> None:
        """Instances have other names from now on (old: new); they may have changed places."""
        self._states = {names.get(name, name): state for name, state in self._states.items()}
        self._transitions = {
            names.get(name, name): kept for name, kept in self._transitions.items()
        }

    def forget_states(self) -> None:
        """The speaker is another one from now on."""
        self._states.clear()

    def complete(self, instance: dict[str, Any]) -> dict[str, Any]:
        """What the speaker says of an instance, with wall-clock times and its history."""
        completed = ietf_vrrp.with_datetimes(instance, steady_wall_clock)
        since_ns = completed.pop("since_ns")
        completed["since"] = None if since_ns is None else steady_wall_clock(since_ns)
        completed["neighbours"] = [_with_times(item) for item in instance["neighbours"]]
        completed["history"] = list(self._transitions.get(completed["name"], ()))
        return completed


def _with_times(neighbour: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in neighbour.items() if not key.endswith("_ns")}
    first, last = neighbour["first_ns"], neighbour["last_ns"]
    return {**kept, "first": steady_wall_clock(first), "last": wall_clock(last)}


def wall_clock(at_ns: int) -> str:
    """An instant of the monotonic clock as local time (ISO 8601, milliseconds)."""
    elapsed = timedelta(microseconds=(time.monotonic_ns() - at_ns) / 1000)
    return (datetime.now().astimezone() - elapsed).isoformat(timespec="milliseconds")


@lru_cache(maxsize=4096)
def steady_wall_clock(at_ns: int) -> str:
    """The same instant is the same time whenever it is asked for, whoever sets the clock."""
    return wall_clock(at_ns)
