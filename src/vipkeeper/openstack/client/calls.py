"""Requests to the cloud's services: one for each call, and none behind the caller's back.

The services are openstacksdk's proxies, which know the endpoints from clouds.yaml and the
catalog. Their resource classes are left aside: they remember a refused change and send it again
with the next one, and take a value that is missing for False.

What several layers would do by themselves is switched off for each request:

- keystoneauth repeats what got no answer, a POST too, if clouds.yaml sets ``connect_retries``,
  and what got a 503 with ``status_code_retries``;
- openstacksdk answers a GET from its cache if clouds.yaml sets ``cache.expiration``.

What stays is safe: after a 401 keystoneauth authenticates once and asks again, for nothing was
done; requests and urllib3 repeat nothing (``HTTPAdapter.max_retries`` is 0).

keystoneauth's session and requests' pool of connections may be used by several threads, and a
lock in the plugin makes one authentication of many; openstacksdk's ``Connection`` may not: its
proxies are made at first use, and write to the configuration while they are. They are made under
a lock here and only used after that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import requests

from vipkeeper.openstack.client import traffic
from vipkeeper.openstack.client.cloud_errors import AUTHENTICATE, Json, nonsense, refusal, reported
from vipkeeper.openstack.client.traffic import Counter

Query = Sequence[tuple[str, str]]
NETWORK, COMPUTE = "network", "compute"
_LONGEST_CHOICE = 50
"""Values of one filter in a request: with UUIDs 2 KB, below what servers take for a line."""


class Services:
    """The services of one connection, which several threads may use.

    Args:
        connection: openstacksdk's.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._lock = threading.Lock()
        self._proxies: dict[str, Any] = {}

    def proxy(self, service: str) -> Any:
        with self._lock:
            if service not in self._proxies:
                proxy = getattr(self.connection, service)
                # One that is not in the catalog complains at its first use; not for good.
                proxy.get  # noqa: B018
                self._proxies[service] = proxy
            return self._proxies[service]

    def session(self) -> Any:
        """keystoneauth's, with its requests seen."""
        with self._lock:
            session = self.connection.session
            traffic.watch(session.session)
            return session


class Calls:
    """What is asked of the services, counted."""

    def __init__(self, services: Services, counter: Counter) -> None:
        self._services = services
        self._counter = counter

    def apart(self) -> Calls:
        """The same services, counted by itself as well."""
        return Calls(self._services, Counter(self._counter))

    def close(self) -> None:
        self._services.connection.close()
        self._services.connection.session.session.close()

    @property
    def requests(self) -> int:
        return self._counter.value

    def access(self) -> Any:
        """Who asks: keystoneauth's AccessInfo; None where the cloud has no Keystone."""
        with reported(AUTHENTICATE), traffic.counted_by(self._counter):
            session = self._services.session()
            get = getattr(session.auth, "get_access", None)
            return None if get is None else get(session)

    def ask(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        service: str = NETWORK,
        query: Query = (),
        body: Json = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """Send one request; returns the answer's JSON, None where it has no body.

        Args:
            operation: what it is for, for the error: "cannot OPERATION: ...".

        Raises:
            CloudError: it was refused, or there was no answer, or it makes no sense.
        """
        with reported(operation), traffic.counted_by(self._counter):
            self._services.session()
            more: dict[str, Any] = {} if body is None else {"json": body}
            response: requests.Response = self._services.proxy(service).request(
                path,
                method,
                params=list(query),
                headers={"Accept": "application/json", **(headers or {})},
                connect_retries=0,
                status_code_retries=0,
                raise_exc=False,
                skip_cache=True,
                **more,
            )
        if response.status_code >= 400:
            raise refusal(operation, response)
        if response.status_code == 204 or not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise nonsense(operation, response, "the answer is no JSON") from error

    def one(self, operation: str, method: str, path: str, key: str, **arguments: Any) -> Json:
        """The object in the answer."""
        answer = self.ask(operation, method, path, **arguments)
        found = answer.get(key) if isinstance(answer, dict) else None
        if not isinstance(found, dict):
            raise nonsense(operation, None, f"the answer has no {key!r}")
        return found

    def listed(
        self, path: str, key: str, query: Query = (), *, service: str = NETWORK, what: str = ""
    ) -> list[Json]:
        """All objects of a list: the pages too, where a cloud limits them."""
        operation = f"list {what or key.replace('_', ' ')}"
        found: list[Json] = []
        rest: Query | None = query
        while rest is not None:
            asked = rest
            answer = self.ask(operation, "GET", path, service=service, query=asked)
            page = answer.get(key) if isinstance(answer, dict) else None
            if not isinstance(page, list):
                raise nonsense(operation, None, f"the answer has no {key!r}")
            found += page
            rest = _next(answer.get(f"{key}_links")) if page else None
            if rest == asked:
                raise nonsense(operation, None, "its pages lead in a circle")
        return found

    def choose(
        self, path: str, key: str, name: str, values: Iterable[str], query: Query = ()
    ) -> list[Json]:
        """Those of which ``name`` is one of the values: Neutron takes a filter several times."""
        return [
            one
            for part in _parts([*dict.fromkeys(values)])
            for one in self.listed(path, key, [*query, *((name, value) for value in part)])
        ]


def segment(text: str) -> str:
    """A part of a path, as a tag with its colons."""
    return quote(text, safe="")


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(values), _LONGEST_CHOICE):
        yield values[at : at + _LONGEST_CHOICE]


def _next(links: Json) -> Query | None:
    """The query of the next page; its address may be one that is not reached from here."""
    if not isinstance(links, list):
        return None
    for link in links:
        if isinstance(link, dict) and link.get("rel") == "next":
            return parse_qsl(urlsplit(str(link.get("href", ""))).query)
    return None
