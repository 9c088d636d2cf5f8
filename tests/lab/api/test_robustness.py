"""Nothing that a client sends, or leaves out, takes the APIs from the others."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.lab.api import wire
from tests.lab.api.callers import NOTHING, Caller
from tests.lab.labs import running
from vipkeeper.lab.client import Lab

PORTS = "/network/v2.0/ports"
NETWORKS = "/network/v2.0/networks"
MIB = 1 << 20


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(NOTHING, what="robust") as lab:
        yield lab


@pytest.fixture(scope="module")
def member(lab: Lab) -> Caller:
    return Caller(lab, "lab")


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Caller:
    return Caller(lab, "admin")


@pytest.fixture(scope="module")
def network(member: Caller) -> str:
    return member.network("10.1.0.0/16")


@pytest.fixture(autouse=True)
def _one_process_answers_all(lab: Lab, member: Caller) -> Iterator[None]:
    """Whatever a test does, it is the same process that answers before and after."""
    assert member.ask("GET", NETWORKS).status_code == 200
    before = lab.status()["api"]
    yield
    assert member.ask("GET", NETWORKS).status_code == 200
    after = lab.status()["api"]
    assert after["pid"] == before["pid"]
    assert after["said"] == before["said"]


def message(answer: wire.Answer) -> str:
    error = answer.json["NeutronError"]
    assert set(error) == {"type", "message", "detail"}
    return str(error["message"])


# bodies

BODIES = {
    "nothing": b"",
    "no JSON": b"port=1",
    "half of it": b'{"port": {"network_id": ',
    "no UTF-8": b'{"port": "\xff"}',
    "deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": b'{"port": {"network_id": NaN}}',
    "infinity": b'{"port": {"network_id": -Infinity}}',
    "half a surrogate pair": b'{"port": {"name": "\\ud800"}}',
    "half a surrogate pair as a key": b'{"\\udc00": 1}',
    "a long number": b'{"port": {"mtu": ' + b"9" * 100_000 + b"}}",
    "a list": b"[]",
    "text": b'"port"',
    "null": b"null",
    "port is a list": b'{"port": []}',
    "ports is an object": b'{"ports": {}}',
    "ports are none": b'{"ports": []}',
    "a port is null": b'{"ports": [null]}',
    "NUL in a name": b'{"port": {"network_id": "x", "name": "\\u0000"}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=[*BODIES])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_that_makes_no_sense_is_a_bad_request(
    member: Caller, network: str, method: str, body: bytes
) -> None:
    path = PORTS if method == "POST" else f"{PORTS}/{member.port(network)['id']}"
    refused = wire.send(member, method, path, body)
    assert refused.status == 400
    assert message(refused)


def test_a_mebibyte_is_taken_and_a_byte_more_is_not(member: Caller, network: str) -> None:
    def body(size: int) -> bytes:
        start, end = b'{"port": {"network_id": "', network.encode() + b'"}}'
        return start + end if size == 0 else (start + end).ljust(size)

    assert wire.send(member, "POST", PORTS, body(MIB)).status == 201
    assert wire.send(member, "POST", PORTS, body(MIB + 1)).status == 413


def test_a_long_body_is_refused_without_waiting_for_its_end(member: Caller) -> None:
    with wire.connect(member) as connection:
        headers = {"Content_Type": "application/json", "Content_Length": str(1 << 40)}
        connection.sendall(wire.head(member, "POST", PORTS, **headers) + b"\r\n")
        connection.sendall(b" " * (2 * MIB))
        assert wire.answer(connection).status == 413


def test_a_chunked_body_is_read_and_bounded(member: Caller, network: str) -> None:
    def send(*chunks: bytes) -> wire.Answer:
        with wire.connect(member) as connection:
            connection.sendall(wire.head(member, "POST", PORTS, Transfer_Encoding="chunked"))
            connection.sendall(b"\r\n")
            for chunk in (*chunks, b""):
                connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            return wire.answer(connection)

    assert send(b'{"port": {"network', b'_id": "' + network.encode() + b'"}}').status == 201
    assert send(*[b" " * 65536] * 20).status == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "nonsense", ""])
def test_json_is_read_as_what_it_is_whatever_it_is_called(
    member: Caller, network: str, kind: str
) -> None:
    body = json.dumps({"port": {"network_id": network}}).encode()
    assert wire.send(member, "POST", PORTS, body, Content_Type=kind).status == 201


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
def test_a_content_length_that_is_none_is_a_bad_request(member: Caller, length: str) -> None:
    with wire.connect(member) as connection:
        connection.sendall(wire.head(member, "POST", PORTS, Content_Length=length) + b"\r\n{}")
        assert wire.answer(connection).status in (400, 413)


# connections


def test_clients_that_hang_keep_nobody_from_being_answered(member: Caller, network: str) -> None:
    with ExitStack() as stack:
        for number in range(300):
            connection = stack.enter_context(wire.connect(member))
            if number % 3 == 1:  # half a head
                connection.sendall(b"GET /network/v2.0/ports HT")
            if number % 3 == 2:  # half a body
                half = wire.head(member, "POST", PORTS, Content_Length="1000") + b'\r\n{"port": {'
                connection.sendall(half)
        assert member.port(network)["id"]
    assert member.port(network)["id"]


def test_a_client_that_goes_away_early_changes_what_it_asked_for_or_nothing(
    member: Caller, network: str
) -> None:
    whole = json.dumps({"port": {"network_id": network, "name": "early"}}).encode()
    for length in (len(whole), len(whole) // 2):
        with wire.connect(member) as connection:
            headers = wire.head(member, "POST", PORTS, Content_Length=str(len(whole)))
            connection.sendall(headers + b"\r\n" + whole[:length])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert len(member.get(f"{PORTS}?name=early")) <= 1


def test_requests_that_come_at_once_are_answered_in_order(member: Caller, network: str) -> None:
    body = json.dumps({"network": {"name": "pipelined"}}).encode()
    length = str(len(body))
    with wire.connect(member) as connection:
        connection.sendall(
            b"".join(
                (
                    wire.head(member, "GET", f"{NETWORKS}/{network}") + b"\r\n",
                    wire.head(member, "GET", f"{NETWORKS}/nothing") + b"\r\n",
                    wire.head(member, "POST", NETWORKS, Content_Length=length) + b"\r\n" + body,
                    wire.head(member, "GET", f"{NETWORKS}?name=pipelined") + b"\r\n",
                )
            )
        )
        with connection.makefile("rb") as stream:
            answers = [_read(stream) for _ in range(4)]
    assert [status for status, _ in answers] == [200, 404, 201, 200]
    assert answers[0][1]["network"]["id"] == network
    assert [one["id"] for one in answers[3][1]["networks"]] == [answers[2][1]["network"]["id"]]


def _read(stream: Any) -> tuple[int, Any]:
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, json.loads(stream.read(length))


# paths, queries, headers


@pytest.mark.parametrize(
    ("method", "path", "allow", "key"),
    [
        ("PATCH", PORTS, "GET, HEAD, POST", "NeutronError"),
        ("PUT", PORTS, "GET, HEAD, POST", "NeutronError"),
        ("POST", f"{PORTS}/x", "DELETE, GET, HEAD, PUT", "NeutronError"),
        ("BREW", f"{PORTS}/x", "DELETE, GET, HEAD, PUT", "NeutronError"),
        ("DELETE", "/compute/v2.1/servers", "GET, HEAD, POST", "badMethod"),
        ("PUT", "/identity/v3/auth/tokens", "DELETE, GET, HEAD, POST", "error"),
        ("DELETE", "/image/v2/images", "GET, HEAD, POST", "error"),
        ("POST", "/", "GET, HEAD", "error"),
    ],
)
def test_another_method_is_told_which_there_are(
    member: Caller, method: str, path: str, allow: str, key: str
) -> None:
    refused = member.ask(method, path)
    assert refused.status_code == 405
    assert refused.headers["Allow"] == allow
    assert [*refused.json()] == [key]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/network/v2.0/nothing", "NeutronError"),
        ("/network/v3", "NeutronError"),
        ("/network/v2.0/ports/x/y/z", "NeutronError"),
        ("/compute/v2.1/nothing", "itemNotFound"),
        ("/identity/v2.0/tokens", "error"),
        ("/image/v2/nothing", "error"),
        ("/nothing", "error"),
        ("/network/v2.0/../../identity/v4", "NeutronError"),
        ("//network/v2.0/ports", "error"),
    ],
)
def test_an_unknown_path_is_not_found_in_the_services_own_shape(
    member: Caller, path: str, key: str
) -> None:
    refused = wire.send(member, "GET", path, b"")
    assert refused.status == 404
    assert [*refused.json] == [key]


NONSENSE = ("%00", "%ff", "%2e%2e%2f", "%2F", "%", "%zz", "%25", "%0d%0aX:%20y", "%ed%a0%80", "'--")


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_in_an_id_or_a_filter_is_not_found(member: Caller, text: str) -> None:
    for path in (f"{PORTS}/{text}x", f"/compute/v2.1/servers/{text}x", f"{PORTS}/{text}x/tags/y"):
        for method in ("GET", "DELETE", "PUT"):
            assert wire.send(member, method, path, b"{}").status in (400, 404, 405)
    found = wire.send(member, "GET", f"{PORTS}?name={text}", b"")
    assert (found.status, found.json) == (200, {"ports": []})
    assert wire.send(member, "GET", f"{PORTS}?{text}={text}", b"").status in (200, 400)
    assert wire.send(member, "GET", f"{PORTS}?fixed_ips={text}", b"").json == {"ports": []}


@pytest.mark.parametrize("service", [PORTS, "/compute/v2.1/servers", "/image/v2/images"])
@pytest.mark.parametrize("limit", ["9" * 5000, "-1", "1e3", "%D9%A3", "%C2%B2", ""])
def test_a_limit_that_is_none_is_refused_or_passed_over(
    member: Caller, service: str, limit: str
) -> None:
    assert wire.send(member, "GET", f"{service}?limit={limit}", b"").status in (200, 400)


def test_what_cannot_be_ordered_is_refused_whatever_comes_first(
    member: Caller, admin: Caller
) -> None:
    outside = admin.network("10.99.0.0/24", **{"router:external": True})
    gateway = {"external_gateway_info": {"network_id": outside}}
    for router in ({}, gateway, gateway):
        member.make("/network/v2.0/routers", {"router": router})
    refused = member.ask("GET", "/network/v2.0/routers?sort_key=external_gateway_info")
    assert refused.status_code == 400


@pytest.mark.parametrize("length", [4_000, 60_000, 200_000, 3 * MIB])
def test_long_urls_and_headers_are_answered_or_refused(member: Caller, length: int) -> None:
    long = "x" * length
    for request in (
        wire.head(member, "GET", f"{PORTS}?name={long}"),
        wire.head(member, "GET", f"{PORTS}/{long}"),
        wire.head(member, "GET", PORTS, X_Long=long),
        wire.head(member, "GET", PORTS, If_Match=long),
    ):
        with wire.connect(member) as connection:
            try:
                connection.sendall(request + b"\r\n")
                assert wire.answer(connection).status in (200, 400, 404, 414, 431)
            except (ConnectionError, BrokenPipeError):
                assert length > 65_536  # it may hang up on such a one without a word


@pytest.mark.parametrize("token", ["", "x", "\xff", "a" * 8000, "../../etc/passwd"])
def test_a_token_that_is_none_is_unauthorized(member: Caller, token: str) -> None:
    with wire.connect(member) as connection:
        request = f"GET {PORTS} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n\r\n"
        connection.sendall(request.encode("latin-1"))
        assert wire.answer(connection).status == 401


# many at once


def test_ports_that_are_made_at_once_have_an_address_each(member: Caller, network: str) -> None:
    with ThreadPoolExecutor(10) as pool:
        made = [*pool.map(lambda _: member.port(network), range(50))]
    addresses = {one["ip_address"] for port in made for one in port["fixed_ips"]}
    assert len(addresses) == len({port["mac_address"] for port in made}) == 50


def test_a_quota_is_never_gone_over_by_many_at_once(admin: Caller) -> None:
    network = admin.network("10.2.0.0/24")
    project = admin.project_id
    have = len(admin.get(f"{PORTS}?project_id={project}"))
    quota = {"quota": {"port": have + 7}}
    assert admin.ask("PUT", f"/network/v2.0/quotas/{project}", quota).ok
    body = {"port": {"network_id": network}}
    with ThreadPoolExecutor(10) as pool:
        statuses = [*pool.map(lambda _: admin.ask("POST", PORTS, body).status_code, range(30))]
    assert admin.ask("DELETE", f"/network/v2.0/quotas/{project}").ok
    assert sorted(statuses) == [201] * 7 + [409] * 23
