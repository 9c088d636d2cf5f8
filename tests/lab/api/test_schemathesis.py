"""Whatever is asked, the answer is one that the APIs' own description tells of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.lab.api.callers import NOTHING, Caller
from tests.lab.api.fuzzing import Fuzz
from tests.lab.labs import running
from vipkeeper.lab.client import Lab

_SEED = 20  # `python -m tests.lab.api.fuzzing` asks more, and others


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(NOTHING, what="fuzz") as lab:
        yield lab


@pytest.fixture(scope="module")
def description(lab: Lab) -> Any:
    """As anybody gets it, without a token."""
    return requests.get(f"{lab.credentials()['url']}/openapi.json", timeout=30).json()


def test_every_operation_answers_as_described(lab: Lab) -> None:
    fuzz = Fuzz(lab)
    for operation in fuzz.operations():
        fuzz.ask(operation, examples=2 if operation.method == "get" else 4, seed=_SEED)
    assert lab.status()["api"]["said"] == []
    assert lab.status()["api"]["pid"] == fuzz.pid
    assert fuzz.statuses[200] > 40  # it was really there that they were asked
    assert fuzz.statuses[201] > 4


def test_every_path_is_routed_and_no_other_method_is(lab: Lab, description: Any) -> None:
    admin = Caller(lab, "admin")
    for path, operations in description["paths"].items():
        refused = admin.ask("BREW", path)
        allowed = set(refused.headers["Allow"].split(", ")) - {"HEAD"}
        assert refused.status_code == 405
        assert allowed == {method.upper() for method in operations}


def test_what_is_described_of_a_resource_is_shown(lab: Lab, description: Any) -> None:
    admin = Caller(lab, "admin")
    network = admin.network("10.77.0.0/24", **{"router:external": True})
    router = {"router": {"external_gateway_info": {"network_id": network}}}
    admin.make("/network/v2.0/routers", router)
    admin.port(network)
    floating = {"floatingip": {"floating_network_id": network}}
    admin.make("/network/v2.0/floatingips", floating)
    for path, operations in description["paths"].items():
        # Lists of Neutron's resources: those that one can be added to.
        if not path.startswith("/network/v2.0/") or not {"get", "post"} <= operations.keys():
            continue
        shown = {key for one in admin.get(path) for key in one}
        (many,) = _schema(operations["get"])["properties"].values()
        assert set(many["items"]["properties"]) <= shown, path


def _schema(operation: Any) -> Any:
    return operation["responses"]["200"]["content"]["application/json"]["schema"]
