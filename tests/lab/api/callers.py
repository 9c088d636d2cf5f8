"""Who asks the lab's APIs in tests, over plain HTTP."""

from __future__ import annotations

from typing import Any

import requests

from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

NOTHING = CloudSpec(networks=(), ports=(), instances=())
"""A cloud to begin with."""


class Caller:
    """A user of the lab, with a token.

    Attributes:
        url: where all services begin.
        project_id: of the token.
    """

    def __init__(self, lab: Lab, user: str) -> None:
        credentials = lab.credentials()
        self.url: str = credentials["url"]
        self.user = user
        self._password: str = credentials["passwords"][user]
        self.session = requests.Session()
        self.authenticate()

    def authenticate(self) -> None:
        """A new token, in the place of the old one."""
        domain = {"id": "default"}
        proof: Any = {"user": {"name": self.user, "domain": domain, "password": self._password}}
        answer = self.session.post(
            f"{self.url}/identity/v3/auth/tokens",
            json={"auth": {"identity": {"methods": ["password"], "password": proof}}},
            timeout=30,
        )
        answer.raise_for_status()
        self.token = answer.headers["X-Subject-Token"]
        self.project_id: str = answer.json()["token"]["project"]["id"]
        self.session.headers["X-Auth-Token"] = self.token

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}{path}", json=body, timeout=30, **more)

    def get(self, path: str) -> Any:
        """What is answered, below its only key."""
        return self._inside(self.ask("GET", path))

    def make(self, path: str, body: Any) -> Any:
        return self._inside(self.ask("POST", path, body))

    def port(self, network: str, **values: Any) -> Any:
        body = {"port": {"network_id": network, **values}}
        return self.make("/network/v2.0/ports", body)

    def network(self, cidr: str = "10.1.0.0/24", **values: Any) -> str:
        """The id of a new network with a subnet."""
        made = self.make("/network/v2.0/networks", {"network": {"name": "n", **values}})
        id: str = made["id"]
        subnet = {"network_id": id, "cidr": cidr, "ip_version": 4}
        self.make("/network/v2.0/subnets", {"subnet": subnet})
        return id

    @staticmethod
    def _inside(answer: requests.Response) -> Any:
        assert answer.ok, f"{answer.status_code} {answer.text}"
        (value,) = answer.json().values()
        return value
