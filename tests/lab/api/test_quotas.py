"""Quotas: what a member sees of them, and what an admin does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.api.rest import Rest


@pytest.fixture
def path(member: Rest, admin: Rest) -> Iterator[str]:
    path = f"quotas/{member.project_id}"
    yield path
    admin.delete(path)


def test_default_ones(member: Rest, path: str) -> None:
    defaults = member.get(f"{path}/default")
    assert member.get(path) == defaults
    assert defaults["quota"]["port"] == 500


def test_changed_ones_hold_and_are_given_back(member: Rest, admin: Rest, path: str) -> None:
    used = member.get(f"{path}/details")["quota"]["network"]["used"]
    assert admin.put(path, {"quota": {"network": used + 1}})["quota"]["network"] == used + 1
    listed = admin.get("quotas")["quotas"]
    assert [one["project_id"] for one in listed] == [member.project_id]
    member.make("network", name="last")
    over = "409 OverQuota: Quota exceeded for resources: ['network']."
    assert member.refused("POST", "networks", {"network": {}}) == over
    admin.put(path, {"quota": {"network": -1}})
    member.make("network", name="one more")
    admin.delete(path)
    assert member.get(path)["quota"]["network"] == 100
    assert admin.get("quotas")["quotas"] == []


def test_bulk_is_counted_as_a_whole(member: Rest, admin: Rest, path: str) -> None:
    used = member.get(f"{path}/details")["quota"]["network"]["used"]
    admin.put(path, {"quota": {"network": used + 1}})
    body = {"networks": [{"name": "bulk"}, {"name": "bulk"}]}
    assert member.refused("POST", "networks", body).startswith("409 OverQuota")
    assert member.get("networks?name=bulk")["networks"] == []


def test_a_member_changes_none_and_sees_no_others(member: Rest, admin: Rest, path: str) -> None:
    forbidden = "403 PolicyNotAuthorized: rule:{} is disallowed by policy"
    body = {"quota": {"port": 1}}
    assert member.refused("PUT", path, body) == forbidden.format("update_quota")
    assert member.refused("DELETE", path) == forbidden.format("delete_quota")
    assert member.refused("GET", f"quotas/{admin.project_id}") == forbidden.format("get_quota")
    assert member.refused("GET", "quotas") == forbidden.format("get_quota")


@pytest.mark.parametrize("value", [-2, "many", True, None, 2**31])
def test_what_is_no_limit(admin: Rest, path: str, value: object) -> None:
    refused = admin.refused("PUT", path, {"quota": {"port": value}})
    assert refused == (
        f"400 HTTPBadRequest: Invalid input for port. Reason: '{value}' is not an integer."
    )


def test_what_has_none(admin: Rest, path: str) -> None:
    refused = admin.refused("PUT", path, {"quota": {"nonsense": 1}})
    assert refused == "400 HTTPBadRequest: Unrecognized attribute(s) 'nonsense'"
