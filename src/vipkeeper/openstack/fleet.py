"""Many virtual IPs at a time: bounded parallelism, and results as they come.

Threads, since openstacksdk knows nothing else. One keystoneauth session serves them all: its
plugin authenticates once under a lock. requests keeps ten connections to a service
(``DEFAULT_POOLSIZE``); more jobs open more, and drop them after each request.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from vipkeeper.errors import VipkeeperError
from vipkeeper.openstack import interruption

Item = TypeVar("Item")
Value = TypeVar("Value")

JOBS = 8
"""Below what requests keeps connections for, and what API servers answer beside each other."""
END_S = 10.0
"""For what is under way when it is interrupted."""


@dataclass(frozen=True, slots=True)
class Finished(Generic[Item, Value]):
    """What became of an item: ``value``, or the ``error`` that was raised."""

    item: Item
    value: Value | None = None
    error: VipkeeperError | None = None


def each(
    items: Iterable[Item], do: Callable[[Item], Value], *, jobs: int = JOBS
) -> Iterator[Finished[Item, Value]]:
    """Do it with every item, ``jobs`` at a time; in the order in which they are finished.

    An item's VipkeeperError is its result. Any other exception is a fault of the program: it is
    raised here and ends the rest. At Ctrl-C no further item is begun, what is under way ends
    before its next step, its results still come, and KeyboardInterrupt follows them.
    """
    work = _Work(items, do)
    threads = [threading.Thread(target=work.run, daemon=True) for _ in range(max(1, jobs))]
    for thread in threads:
        thread.start()
    try:
        yield from work.results(threads)
    except KeyboardInterrupt:
        work.stop.set()
        yield from work.results(threads, seconds=END_S)
        raise
    finally:
        work.stop.set()
        deadline = time.monotonic() + END_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


class _Work(Generic[Item, Value]):
    def __init__(self, items: Iterable[Item], do: Callable[[Item], Value]) -> None:
        self.stop = threading.Event()
        self._items = list(items)
        self._next = itertools.count()
        self._do = do
        self._results: queue.Queue[Finished[Item, Value] | BaseException | None] = queue.Queue()

    def run(self) -> None:
        """A thread's part: one item after the other."""
        try:
            with interruption.heeded(self.stop):
                while not self.stop.is_set() and (at := next(self._next)) < len(self._items):
                    self._results.put(self._finished(self._items[at]))
        except BaseException as error:  # noqa: BLE001 -- raised again by who waits
            self._results.put(error)
        finally:
            self._results.put(None)

    def _finished(self, item: Item) -> Finished[Item, Value]:
        try:
            return Finished(item, self._do(item))
        except VipkeeperError as error:
            return Finished(item, error=error)

    def results(
        self, threads: Iterable[threading.Thread], *, seconds: float | None = None
    ) -> Iterator[Finished[Item, Value]]:
        """Until all threads have ended, or so long."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while any(thread.is_alive() for thread in threads) or not self._results.empty():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                result = self._results.get(timeout=left)
            except queue.Empty:
                return
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                yield result
