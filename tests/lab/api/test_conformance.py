"""The lab's Neutron answers as a real one did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.lab.api.exchanges import CASES, Exchanges
from tests.lab.api.rest import Rest
from vipkeeper.lab.client import Lab

SETTING = "setting.yaml"
FILES = sorted(path.name for path in CASES.glob("*.yaml") if path.name != SETTING)


@pytest.fixture(scope="module")
def exchanges(empty_lab: Lab, member: Rest, admin: Rest) -> Iterator[Exchanges]:
    """After the recording's own networks, router and groups were made."""
    with ExitStack() as stack:
        nobody = stack.enter_context(closing(Rest(empty_lab)))
        stranger = stack.enter_context(closing(Rest(empty_lab, token="gAAAAA-none")))
        askers = {"member": member, "admin": admin, "nobody": nobody, "stranger": stranger}
        exchanges = Exchanges(askers)
        assert not exchanges.replay(SETTING)
        yield exchanges


def test_keystone_has_a_choice_of_versions(member: Rest) -> None:
    root = member.url.removesuffix("/network") + "/identity"
    status, answer, _ = member.send("GET", root)
    assert status == 300
    assert [one["id"] for one in answer["versions"]["values"]] == ["v3.14"]


@pytest.mark.parametrize("file", FILES)
def test_answers_are_those_that_were_recorded(exchanges: Exchanges, file: str) -> None:
    differences = exchanges.replay(file)
    assert not differences, "\n".join(differences)
