"""Each HTTP request of a keystoneauth session: counted, and with a time-out.

An adapter below requests sees all of them, also those that nobody writes down: authentication,
discovery, redirects. What it counts for is a context variable, for one session serves many
threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import BaseAdapter

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
"""Neutron itself waits as long for its back end (neutron.conf, rpc_response_timeout)."""


class Counter:
    """How many requests were sent; what one counts, the one above it counts as well."""

    def __init__(self, above: Counter | None = None) -> None:
        self._above = above
        self._lock = threading.Lock()
        self._value = 0

    @property
    def value(self) -> int:
        return self._value

    def add(self) -> None:
        with self._lock:
            self._value += 1
        if self._above is not None:
            self._above.add()


_current: ContextVar[Counter | None] = ContextVar("vipkeeper_requests", default=None)


@contextmanager
def counted_by(counter: Counter) -> Iterator[None]:
    """What this thread sends in the meantime is counted there."""
    token = _current.set(counter)
    try:
        yield
    finally:
        _current.reset(token)


class _Counted(BaseAdapter):
    """Sends by another adapter."""

    def __init__(self, below: BaseAdapter) -> None:
        super().__init__()
        self._below = below

    def send(
        self, request: requests.PreparedRequest, *arguments: Any, **more: Any
    ) -> requests.Response:
        if (counter := _current.get()) is not None:
            counter.add()
        # clouds.yaml's api_timeout is there already.
        more["timeout"] = more.get("timeout") or (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        return self._below.send(request, *arguments, **more)

    def close(self) -> None:
        self._below.close()


def watch(session: requests.Session) -> None:
    """See each request of a session; it may be asked for again and again."""
    for prefix, adapter in list(session.adapters.items()):
        if not isinstance(adapter, _Counted):
            session.mount(prefix, _Counted(adapter))
