"""Tags, one and all."""

from __future__ import annotations

import pytest

from tests.lab.api.rest import Rest


@pytest.fixture
def path(member: Rest) -> str:
    return f"networks/{member.make('network', name='tagged')['id']}/tags"


def test_replaced_added_and_removed(member: Rest, path: str) -> None:
    assert member.put(path, {"tags": ["a", "b", "a"]}) == {"tags": ["a", "b"]}
    assert member.send("PUT", f"{path}/c")[0] == 201
    assert member.send("GET", f"{path}/c")[0] == 204
    member.delete(f"{path}/a")
    assert member.get(path) == {"tags": ["b", "c"]}
    member.delete(path)
    assert member.get(path) == {"tags": []}


def test_a_tag_that_is_not_there(member: Rest, path: str) -> None:
    for method in ("GET", "DELETE"):
        refused = member.refused(method, f"{path}/none")
        assert refused == "404 TagNotFound: Tag none could not be found."


def test_a_tag_is_a_revision(member: Rest, path: str) -> None:
    id = path.split("/")[1]
    before = member.show("network", id)["revision_number"]
    member.put(path, {"tags": ["a"]})
    member.put(path, {"tags": ["a"]})
    assert member.show("network", id)["revision_number"] == before + 1


@pytest.mark.parametrize("tags", [["x" * 61], [""], "a", [1], None])
def test_what_is_no_tag(member: Rest, path: str, tags: object) -> None:
    assert member.refused("PUT", path, {"tags": tags}).startswith("400 HTTPBadRequest: Invalid")


def test_what_follows_the_last_dot_in_the_path_is_a_format(member: Rest, path: str) -> None:
    """As in Neutron: neutron/api/extensions.py makes the path by Routes' mapper.resource()."""
    assert member.send("PUT", f"{path}/web.prod")[0] == 201
    assert member.get(path) == {"tags": ["web"]}
    assert member.send("PUT", f"{path}/web.prod.json")[0] == 201
    assert member.get(path) == {"tags": ["web", "web.prod"]}
    assert member.send("GET", f"{path}/web.prod.json")[0] == 204
    member.delete(f"{path}/web.prod.json")
    assert member.get(path) == {"tags": ["web"]}
