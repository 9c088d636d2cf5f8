"""Images by Glance's API: described, filled, deleted; what boots is this machine's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from tests.lab.api.rest import EMPTY, Json, Rest
from tests.lab.labs import running
from vipkeeper.lab.client import Lab


class Glance:
    """The image service, as somebody in particular."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._url = rest.url.removesuffix("/network") + "/image/v2/images"

    def done(self, method: str, path: str = "", body: Json = None) -> Json:
        status, answer, _ = self._rest.send(method, f"{self._url}{path}", body)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def refused(self, method: str, path: str = "", body: Json = None) -> str:
        status, answer, _ = self._rest.send(method, f"{self._url}{path}", body)
        assert status >= 400, answer
        return f"{status} {answer['error']['title']}: {answer['error']['message']}"

    def upload(self, id: str, data: bytes) -> int:
        headers = {
            "X-Auth-Token": self._rest.token,
            "Content-Type": "application/octet-stream",
        }
        url = f"{self._url}/{id}/file"
        return requests.put(url, data=data, headers=headers, timeout=30).status_code


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(EMPTY, what="images") as lab:
        yield lab


@pytest.fixture(scope="module")
def glance(lab: Lab) -> Iterator[Glance]:
    with closing(Rest(lab, "lab")) as rest:
        yield Glance(rest)


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Iterator[Glance]:
    with closing(Rest(lab, "admin")) as rest:
        yield Glance(rest)


@pytest.fixture
def image(glance: Glance) -> Iterator[Json]:
    made = glance.done(
        "POST",
        body={"name": "mine", "disk_format": "qcow2", "container_format": "bare", "color": "red"},
    )
    yield made
    glance.done("DELETE", f"/{made['id']}")


def test_the_labs_own_is_everybodys_and_protected(glance: Glance, admin: Glance) -> None:
    (own,) = glance.done("GET", "?name=debian-12")["images"]
    assert (own["status"], own["visibility"], own["protected"]) == ("active", "public", True)
    assert glance.refused("DELETE", f"/{own['id']}") == (
        "403 Forbidden: You are not permitted to delete this image."
    )
    assert admin.refused("DELETE", f"/{own['id']}") == (
        f"403 Forbidden: Image {own['id']} is protected and cannot be deleted."
    )


def test_an_image_waits_for_its_data(glance: Glance, image: Json) -> None:
    assert (image["status"], image["size"], image["color"]) == ("queued", None, "red")
    data = b"disk" * 100_000
    assert glance.upload(image["id"], data) == 204
    filled = glance.done("GET", f"/{image['id']}")
    assert (filled["status"], filled["size"]) == ("active", len(data))
    assert filled["checksum"] == hashlib.md5(data).hexdigest()
    assert filled["os_hash_value"] == hashlib.sha512(data).hexdigest()
    assert glance.upload(image["id"], data) == 409


def test_what_is_said_of_it_changes(glance: Glance, image: Json) -> None:
    changed = glance.done(
        "PATCH",
        f"/{image['id']}",
        [
            {"op": "replace", "path": "/name", "value": "ours"},
            {"op": "add", "path": "/shape", "value": "round"},
            {"op": "remove", "path": "/color"},
        ],
    )
    assert (changed["name"], changed["shape"]) == ("ours", "round")
    assert "color" not in changed
    glance.done("PUT", f"/{image['id']}/tags/a")
    assert glance.done("GET", f"/{image['id']}")["tags"] == ["a"]
    assert [one["id"] for one in glance.done("GET", "?tag=a")["images"]] == [image["id"]]
    glance.done("DELETE", f"/{image['id']}/tags/a")
    assert glance.refused("DELETE", f"/{image['id']}/tags/a").startswith("404 Not Found: ")


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"op": "replace", "path": "/status", "value": "x"}, "403 Forbidden: Attribute 'status'"),
        ({"op": "remove", "path": "/name"}, "403 Forbidden: Property name does not exist"),
        ({"op": "move", "path": "/name"}, "400 Bad Request: Invalid input for op."),
        ({"op": "add", "path": "name"}, "400 Bad Request: Invalid input for path."),
        ({"op": "add", "path": "/disk_format", "value": "floppy"}, "400 Bad Request: "),
        (
            {"op": "replace", "path": "/visibility", "value": "public"},
            "403 Forbidden: You are not authorized to complete publicize_image action.",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(
    glance: Glance, image: Json, patch: Json, words: str
) -> None:
    assert glance.refused("PATCH", f"/{image['id']}", [patch]).startswith(words)


def test_anothers_is_not_there(glance: Glance, admin: Glance) -> None:
    private = admin.done("POST", body={"name": "secret", "visibility": "private"})["id"]
    assert glance.refused("GET", f"/{private}") == (
        f"404 Not Found: No image found with ID {private}"
    )
    names = [one["name"] for one in glance.done("GET")["images"]]
    assert names == ["debian-12"]
    admin.done("DELETE", f"/{private}")
