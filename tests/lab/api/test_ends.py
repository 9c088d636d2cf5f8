"""The APIs' process may end at any moment: what was answered is there, and the next one goes on."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.lab.api.callers import NOTHING, Caller
from tests.lab.labs import doorkeeper_and_cloud, running
from tests.topology import wait_until
from vipkeeper.lab.client import Lab

PORTS = "/network/v2.0/ports"
GROUPS = "/network/v2.0/security-groups"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running(NOTHING, what="ends") as lab:
        yield lab


@dataclass
class Books:
    """What the writers were answered, by the resource's name or id."""

    made: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)


def host_pid(lab: Lab, pid: int) -> int:
    """The API process's id on the host, of the one that it has in the lab."""
    _, cloud = doorkeeper_and_cloud(lab.name)
    for child in map(int, Path(f"/proc/{cloud}/task/{cloud}/children").read_text().split()):
        status = Path(f"/proc/{child}/status").read_text()
        if f"\nNSpid:\t{child}\t{pid}\n" in status:
            return child
    raise AssertionError(f"no child of the cloud is {pid} in the lab")


def kill(lab: Lab, number: signal.Signals) -> int:
    """Signal the APIs' process; the pid, in the lab, that it had."""
    pid = lab.status()["api"]["pid"]
    os.kill(host_pid(lab, pid), number)
    return int(pid)


def write_on(lab: Lab, network: str, books: Books, stop: threading.Event, number: int) -> None:
    """Make, rename and delete ports, and note what was answered, until told to stop."""
    caller, count = Caller(lab, "lab"), 0
    while not stop.is_set():
        count += 1
        name = f"{number}-{count}"
        try:
            port = caller.port(network, name=name)
        except requests.RequestException:
            books.unanswered.add(name)
            continue
        books.made[name] = port["id"]
        try:
            if count % 3 == 1:
                change = {"port": {"description": name}}
                assert caller.ask("PUT", f"{PORTS}/{port['id']}", change).status_code == 200
                books.renamed[port["id"]] = name
            if count % 3 == 2:
                assert caller.ask("DELETE", f"{PORTS}/{port['id']}").status_code == 204
                books.deleted.add(port["id"])
        except requests.RequestException:
            books.unanswered.add(port["id"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_answered_outlives_the_process(lab: Lab, number: signal.Signals) -> None:
    member, admin = Caller(lab, "lab"), Caller(lab, "admin")
    network = member.network("10.1.0.0/16")
    quota = {"quota": {"port": -1}}
    assert admin.ask("PUT", f"/network/v2.0/quotas/{member.project_id}", quota).ok
    books, stop = Books(), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write_on, lab, network, books, stop, one) for one in range(4)]
        try:
            for _ in range(3):
                goal = len(books.made) + 25
                wait_until(
                    lambda goal=goal: len(books.made) >= goal,  # type: ignore[misc]
                    seconds=60,
                    what="the writers to make ports",
                )
                kill(lab, number)
        finally:
            stop.set()
        for writer in writers:
            writer.result()
    # The tokens from before are good, and the next connection has started another process.
    ports = {port["id"]: port for port in member.get(f"{PORTS}?network_id={network}")}
    by_name: dict[str, list[Any]] = {}
    for port in ports.values():
        by_name.setdefault(port["name"], []).append(port)
    for name, id in books.made.items():
        if id not in books.deleted | books.unanswered:
            assert id in ports, f"{name} was made, and is not there"
    for id, text in books.renamed.items():
        assert ports[id]["description"] == text
    assert not books.deleted & ports.keys()
    for name in books.unanswered & by_name.keys():
        (port,) = by_name[name]
        assert port["fixed_ips"], "half of a port was made"
    addresses = [one["ip_address"] for port in ports.values() for one in port["fixed_ips"]]
    assert len(set(addresses)) == len(addresses)
    told = {port["id"] for port in lab.status()["ports"]}
    assert told >= {id for id, port in ports.items() if not port["device_owner"]}
    assert not told & books.deleted


def test_requests_wait_for_the_next_process(lab: Lab) -> None:
    member = Caller(lab, "lab")
    before = kill(lab, signal.SIGKILL)
    wait_until(lambda: lab.status()["api"]["pid"] != before, what="the end of the process")
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(requests.get, f"{member.url}/network/v2.0", timeout=30)] * 20
    assert {one.result().status_code for one in asked} == {200}
    assert member.ask("GET", PORTS).status_code == 200
    assert f"[the API's process {before} ended: -9]" in lab.status()["api"]["said"]


def test_a_fault_ends_one_request_and_is_told_within_bounds(lab: Lab) -> None:
    member = Caller(lab, "lab")
    pid = lab.status()["api"]["pid"]
    group = {"security_group": {"name": "g"}}
    with writing_is_locked(lab, pid):
        fault = member.ask("POST", GROUPS, group)
        assert fault.status_code == 500
        assert fault.json()["NeutronError"]["type"] == "HTTPInternalServerError"
        assert member.ask("GET", PORTS).status_code == 200
    assert member.get(f"{GROUPS}?name=g") == []
    assert member.ask("POST", GROUPS, group).status_code == 201
    api = lab.status()["api"]
    assert api["pid"] == pid
    assert "sqlite3.OperationalError: database is locked" in api["said"]
    assert "Traceback (most recent call last):" in api["said"]
    assert len(api["said"]) <= 200
    assert max(map(len, api["said"])) <= 300


@contextmanager
def writing_is_locked(lab: Lab, pid: int) -> Iterator[None]:
    """Hold the lock of SQLite's writers (sqlite.org/walformat.html, WAL_WRITE_LOCK).

    By hand: SQLite itself resolves a path like this one to one of the host's.
    """
    file = Path(f"/proc/{host_pid(lab, pid)}/root/run/api/state.db-shm")
    with file.open("r+b") as shared_memory:
        fcntl.lockf(shared_memory, fcntl.LOCK_EX, 1, 120)
        yield
