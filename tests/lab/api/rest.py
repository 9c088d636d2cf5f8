"""The lab's Neutron over HTTP, as somebody in particular."""

from __future__ import annotations

from typing import Any

import requests

from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

EMPTY = CloudSpec(networks=(), ports=(), instances=())

Json = Any


class Rest:
    """One who asks: the lab's member, its admin, or a token that is none.

    Attributes:
        project_id: of the token; empty without one.
    """

    def __init__(self, lab: Lab, user: str = "", *, token: str | None = None) -> None:
        credentials = lab.credentials()
        self.url = f"{credentials['url']}/network"
        self.project_id = ""
        self._session = requests.Session()
        if user:
            token, self.project_id = _token(credentials, user)
        if token is not None:
            self._session.headers["X-Auth-Token"] = token

    def send(
        self, method: str, path: str, body: Json = None, **headers: str
    ) -> tuple[int, Json, dict[str, str]]:
        """Ask; returns the status, the answer's JSON and its headers."""
        url = path if path.startswith("http") else f"{self.url}/v2.0/{path.lstrip('/')}"
        response = self._session.request(method, url, json=body, headers=headers, timeout=30)
        answer = response.json() if response.content else None
        return response.status_code, answer, dict(response.headers)

    def get(self, path: str) -> Json:
        return self._done("GET", path, None, 200)

    def post(self, path: str, body: Json) -> Json:
        return self._done("POST", path, body, 201)

    def put(self, path: str, body: Json) -> Json:
        return self._done("PUT", path, body, 200)

    def delete(self, path: str) -> None:
        self._done("DELETE", path, None, 204)

    def make(self, resource: str, **values: Json) -> dict[str, Json]:
        """A new one, as ``make("port", network_id=...)``; what is answered about it."""
        made: dict[str, Json] = self.post(path_of(resource), {resource: values})[resource]
        return made

    def show(self, resource: str, id: str) -> dict[str, Json]:
        shown: dict[str, Json] = self.get(f"{path_of(resource)}/{id}")[resource]
        return shown

    def change(self, resource: str, id: str, **values: Json) -> dict[str, Json]:
        changed: dict[str, Json] = self.put(f"{path_of(resource)}/{id}", {resource: values})[
            resource
        ]
        return changed

    def refused(self, method: str, path: str, body: Json = None, **headers: str) -> str:
        """A request that must be refused: ``STATUS TYPE: MESSAGE``."""
        status, answer, _ = self.send(method, path, body, **headers)
        assert status >= 400, answer
        error = answer["NeutronError"]
        return f"{status} {error['type']}: {error['message']}"

    def close(self) -> None:
        self._session.close()

    def _done(self, method: str, path: str, body: Json, wanted: int) -> Json:
        status, answer, _ = self.send(method, path, body)
        assert status == wanted, f"{method} {path}: {status} {answer}"
        return answer


def path_of(resource: str) -> str:
    return f"{resource.replace('_', '-')}s"


def _token(credentials: dict[str, Json], user: str) -> tuple[str, str]:
    domain = {"name": "Default"}
    password = credentials["passwords"][user]
    response = requests.post(
        f"{credentials['url']}/identity/v3/auth/tokens",
        json={
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": user, "domain": domain, "password": password}},
                },
                "scope": {"project": {"name": user, "domain": domain}},
            }
        },
        timeout=30,
    )
    assert response.status_code == 201, response.text
    return response.headers["X-Subject-Token"], response.json()["token"]["project"]["id"]
