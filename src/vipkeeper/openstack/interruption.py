"""Being asked to stop, between two requests: how threads hear of Ctrl-C, which only one gets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_asked: ContextVar[threading.Event | None] = ContextVar("vipkeeper_stop", default=None)


@contextmanager
def heeded(event: threading.Event) -> Iterator[None]:
    """This thread is asked to stop by that event."""
    token = _asked.set(event)
    try:
        yield
    finally:
        _asked.reset(token)


def is_asked() -> bool:
    event = _asked.get()
    return event is not None and event.is_set()


def pause(seconds: float) -> None:
    """Wait so long, or until this thread is asked to stop."""
    event = _asked.get()
    if event is None:
        time.sleep(seconds)
    else:
        event.wait(seconds)
