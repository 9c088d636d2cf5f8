"""How long the lab's APIs take: with few ports and with thousands.

python -m benchmarks.apis [--times 20] [--ports 3000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import requests

from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

NEUTRON = "/network/v2.0"
RULES = "/security-group-rules"
FEW = 5
_BULK = 250  # ports of one request


class Api:
    """The lab's APIs, as its admin asks them."""

    def __init__(self, lab: Lab) -> None:
        credentials = lab.credentials()
        self._url = credentials["url"]
        self._session = requests.Session()
        user = {"name": "admin", "domain": {"id": "default"}}
        proof = {"user": {**user, "password": credentials["passwords"]["admin"]}}
        body: Any = {"auth": {"identity": {"methods": ["password"], "password": proof}}}
        answer = self._session.post(f"{self._url}/identity/v3/auth/tokens", json=body, timeout=60)
        self._session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        self.project = answer.json()["token"]["project"]["id"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(
            method, f"{self._url}{NEUTRON}{path}", json=body, timeout=120
        )
        if not answer.ok:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the lab's APIs take.")
    parser.add_argument("--times", type=int, default=20, help="how often (default: %(default)s)")
    parser.add_argument("--ports", type=int, default=3000, help="how many (default: %(default)s)")
    arguments = parser.parse_args()
    lab = Lab.up(CloudSpec((), (), ()), name=f"benchmark-{time.time_ns()}", owned=True)
    try:
        api = Api(lab)
        quota = {"quota": {"port": -1, "security_group_rule": -1}}
        api.ask("PUT", f"/quotas/{api.project}", quota)
        network = api.ask("POST", "/networks", {"network": {"name": "n"}})["network"]["id"]
        subnet = {"network_id": network, "cidr": "10.0.0.0/16", "ip_version": 4}
        api.ask("POST", "/subnets", {"subnet": subnet})
        for ports in (FEW, arguments.ports):
            fill(api, network, ports)
            measure(api, network, arguments.times)
    finally:
        lab.down()


def fill(api: Api, network: str, wanted: int) -> None:
    have = len(api.ask("GET", f"/ports?network_id={network}&fields=id")["ports"])
    while have < wanted:
        more = min(_BULK, wanted - have)
        api.ask("POST", "/ports", {"ports": [{"network_id": network}] * more})
        have += more


def measure(api: Api, network: str, times: int) -> None:
    """Print a row for each deed."""
    ports = api.ask("GET", "/ports?fields=id")["ports"]
    groups = api.ask("GET", "/security-groups")["security_groups"]
    vrrp = {"security_group_id": groups[0]["id"], "direction": "ingress", "protocol": "vrrp"}
    group = {"security_group_rule": vrrp}
    took: dict[str, list[float]] = {}

    def timed(what: str, deed: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        result = deed()
        took.setdefault(what, []).append((time.perf_counter() - begun) * 1e3)
        return result

    for _ in range(times):
        timed("GET of all ports", partial(api.ask, "GET", "/ports"))
        body = {"port": {"network_id": network}}
        port = timed("POST of a port", partial(api.ask, "POST", "/ports", body))
        path = f"/ports/{port['port']['id']}"
        timed("GET of a port", partial(api.ask, "GET", path))
        pair = {"port": {"allowed_address_pairs": [{"ip_address": "10.0.255.1"}]}}
        timed("PUT of a port", partial(api.ask, "PUT", path, pair))
        timed("DELETE of a port", partial(api.ask, "DELETE", path))
        # Answered when it is in force.
        rule = timed("POST of a security group's rule", partial(api.ask, "POST", RULES, group))
        path = f"{RULES}/{rule['security_group_rule']['id']}"
        timed("DELETE of the rule", partial(api.ask, "DELETE", path))
    for what, all_ms in took.items():
        median, worst = statistics.median(all_ms), max(all_ms)
        sys.stdout.write(
            f"{what:32} with {len(ports):5} ports {median:7.1f} ms in the median,"
            f" {worst:7.1f} at most\n"
        )


if __name__ == "__main__":
    main()
