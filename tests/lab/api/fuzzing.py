"""Asks a lab's APIs whatever their own description allows, and what it does not.

python -m tests.lab.api.fuzzing --minutes 10 [--seed 1]

What is there is put into the paths and bodies that are made up, so that the requests really act.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import hypothesis
import requests
import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.lab.api.callers import NOTHING, Caller
from tests.lab.labs import running
from vipkeeper.lab.client import Lab

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
NEUTRON = "/network/v2.0"
NOVA = "/compute/v2.1"
# Which collection an id in a path belongs to, by what stands before it.
_COLLECTIONS = {
    "networks": NEUTRON,
    "subnets": NEUTRON,
    "ports": NEUTRON,
    "routers": NEUTRON,
    "floatingips": NEUTRON,
    "security-groups": NEUTRON,
    "security-group-rules": NEUTRON,
    "servers": NOVA,
    "flavors": NOVA,
    "os-server-groups": NOVA,
    "projects": "/identity/v3",
    "users": "/identity/v3",
    "images": "/image/v2",
}
# And one in a body, by its key.
_KEYS = {
    "network_id": "networks",
    "uuid": "networks",
    "net_id": "networks",
    "floating_network_id": "networks",
    "subnet_id": "subnets",
    "port_id": "ports",
    "port": "ports",
    "security_group_id": "security-groups",
    "remote_group_id": "security-groups",
    "flavorRef": "flavors",
    "imageRef": "images",
    "group": "os-server-groups",
}
_REFRESH = 40  # requests, after which what is there is looked up anew


class Fuzz:
    """One run against one lab.

    Attributes:
        statuses: how often each was answered.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._admin = Caller(lab, "admin")
        self._member = Caller(lab, "lab")
        self.statuses: Counter[int] = Counter()
        self._session = requests.Session()
        self._ids: dict[str, list[str]] = {}
        self.pid = 0
        description = requests.get(f"{self._admin.url}/openapi.json", timeout=30).json()
        self.schema = schemathesis.openapi.from_dict(description)
        self.schema.config.generation.update(with_security_parameters=False)
        self._inhabit()
        self._look()
        self.pid = self.api_pid()

    def api_pid(self) -> int:
        pid = self._lab.status()["api"]["pid"]
        assert pid, "the API has no process"
        return int(pid)

    def operations(self) -> list[Any]:
        return [_described(found) for found in self.schema.get_all_operations()]

    def ask(self, operation: Any, *, examples: int, seed: int) -> None:
        """So many requests of the kinds that are in the description, and as many of others."""
        modes = [GenerationMode.POSITIVE]
        if operation.body:  # elsewhere nearly every text is one that could be meant
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            strategy = operation.as_strategy(generation_mode=mode)

            @hypothesis.seed(seed)
            @hypothesis.settings(
                max_examples=examples,
                database=None,
                deadline=None,
                phases=[hypothesis.Phase.generate],
                suppress_health_check=[*hypothesis.HealthCheck],
                verbosity=hypothesis.Verbosity.quiet,
            )
            @hypothesis.given(case=strategy)
            def run(case: Case[Any]) -> None:
                self._send(case)

            try:
                run()
            except hypothesis.errors.Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, f"{operation.label}: nothing to ask"

    def _send(self, case: Case[Any]) -> None:
        number = sum(self.statuses.values())
        if number % _REFRESH == 0:
            self._inhabit()
            self._look()
        # By turns: the member, the admin, nobody.
        who = (*[self._member] * 4, *[self._admin] * 3, None)[number % 8]
        case.path_parameters = self._settled(case)
        if isinstance(case.body, dict):
            case.body = self._filled(case.body)
        case.headers.pop("X-Auth-Token", None)
        if who is not None:
            case.headers["X-Auth-Token"] = who.token
        response = case.call(base_url=self._admin.url, session=self._session, timeout=30)
        self.statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    def _settled(self, case: Case[Any]) -> dict[str, Any]:
        """The path's parameters: most of them ids of what there is."""
        parameters = dict(case.path_parameters or {})
        segments = case.operation.path.split("/")
        for name, value in parameters.items():
            before = segments[segments.index(f"{{{name}}}") - 1]
            parameters[name] = self._one_of(before, str(value)) or value
        return parameters

    def _filled(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._filled(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, key) for inner in value]
        if isinstance(value, str) and key in _KEYS:
            return self._one_of(_KEYS[key], value) or value
        return value

    def _one_of(self, collection: str, value: str) -> str | None:
        """An id of what there is, the same for the same value; now and then none."""
        ids = self._ids.get(collection, [])
        number = crc32(value.encode("utf-8", "surrogatepass"))
        return ids[number % len(ids)] if ids and number % 5 else None

    def _look(self) -> None:
        self._ids = {name: [*self._ids_of(name, path)] for name, path in _COLLECTIONS.items()}
        assert self.api_pid() == self.pid or not self.pid, "the API's process has ended"

    def _ids_of(self, name: str, path: str) -> Iterator[str]:
        query = "?all_tenants=1" if name == "servers" else ""
        answer = self._admin.ask("GET", f"{path}/{name}{query}").json()
        for one in answer[name.replace("os-", "").replace("-", "_")]:
            yield one["id"]

    def _inhabit(self) -> None:
        """Have at least one of each kind, whatever has been deleted or used up."""
        for caller in (self._member, self._admin):
            if not caller.ask("GET", f"{NOVA}/flavors").ok:
                caller.authenticate()
        member, admin = self._member, self._admin
        for quota in admin.ask("GET", f"{NEUTRON}/quotas").json()["quotas"]:
            admin.ask("DELETE", f"{NEUTRON}/quotas/{quota['project_id']}")
        networks = member.get(f"{NEUTRON}/networks")
        if len(networks) < 2:
            for number in range(2):
                id = member.network(f"10.{number}.0.0/16")
                member.ask("POST", f"{NEUTRON}/ports", {"port": {"network_id": id}})
        for name, body in (("routers", {"router": {}}), ("security-groups", _GROUP)):
            if len(member.ask("GET", f"{NEUTRON}/{name}").json()[name.replace("-", "_")]) < 2:
                member.ask("POST", f"{NEUTRON}/{name}", body)


_GROUP = {"security_group": {"name": "g"}}


def _described(found: Any) -> Any:
    """One operation; the test fails where its description makes no sense."""
    return found.ok()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    seed = arguments.seed
    with running(NOTHING, what="fuzz") as lab:
        fuzz = Fuzz(lab)
        failed: set[str] = set()
        while time.monotonic() < deadline:
            for operation in fuzz.operations():
                if time.monotonic() > deadline:
                    break
                try:
                    fuzz.ask(operation, examples=10, seed=seed)
                except Exception as error:  # noqa: BLE001 -- each is told, and the run goes on
                    if operation.label not in failed:
                        sys.stdout.write(f"== seed {seed} {operation.label}\n{error}\n")
                    failed.add(operation.label)
            seed += 1
        sys.stdout.write(f"{sum(fuzz.statuses.values())} requests, answered {fuzz.statuses}\n")
        sys.stdout.write(f"the API's process said {lab.status()['api']['said']}\n")
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
