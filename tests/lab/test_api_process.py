"""The process of the lab's APIs: when it is started, what it can ask for, and how it ends."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.labs import alive, processes_of, running
from tests.lab.relay import Relay, relayed
from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.cloud_file_plane import plane_of

WALKTHROUGH = plane_of(spec_file.walkthrough())


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with relayed(spec_file.walkthrough(), bare=True) as relay:
        yield relay


def api(relay: Relay) -> dict[str, object]:
    described: dict[str, object] = relay.lab.status()["api"]
    return described


def test_there_is_none_until_somebody_calls(relay: Relay) -> None:
    assert api(relay)["pid"] is None
    assert relay.ask("states").keys() == {one.id for one in WALKTHROUGH.instances}
    assert isinstance(api(relay)["pid"], int)
    assert api(relay)["said"] == ["the relay runs"]
    listening = Path("/proc/net/tcp").read_text()
    port = int(str(api(relay)["url"]).rpartition(":")[2])
    assert f"0100007F:{port:04X}" in listening  # of the host, on 127.0.0.1 only
    assert f"00000000:{port:04X}" not in listening


def test_the_seed_is_the_cloud_file_and_the_plane(relay: Relay) -> None:
    spec, plane, since, options = relay.ask("seed")
    assert spec == spec_file.walkthrough()
    assert plane == relay.plane()
    assert since == relay.lab.status()["since"]
    assert options == {
        "name": relay.lab.name,
        "passwords": relay.lab.credentials()["passwords"],
    }


def test_one_that_ended_is_followed_by_another_and_its_files_stay(relay: Relay) -> None:
    relay.ask("write", "database", "kept")
    before = api(relay)["pid"]
    with pytest.raises(EOFError):
        relay.ask("end", 3)
    relay.hang_up()
    begun = time.monotonic()
    assert relay.ask("read", "/run/api/database") == "kept"
    assert time.monotonic() - begun < 5
    assert api(relay)["pid"] != before
    said = api(relay)["said"]
    assert isinstance(said, list)
    assert any("ended: 3" in line for line in said)


def test_calls_that_came_while_there_was_none_are_answered(relay: Relay) -> None:
    with pytest.raises(EOFError):
        relay.ask("end", 1)
    relay.hang_up()
    several = [Relay(relay.lab) for _ in range(5)]
    for one in several:
        one.connect()
    for one in several:
        assert one.plane() == relay.plane()
        one.hang_up()


def test_many_questions_at_once_are_answered_each_with_its_own(relay: Relay) -> None:
    """A boot takes its time; what is asked meanwhile does not wait for it."""
    slow, quick = relay, Relay(relay.lab)
    test01 = WALKTHROUGH.instances[0].id
    slow.send("reboot", test01, True)
    for _ in range(20):
        assert quick.plane() == WALKTHROUGH
        if quick.ask("states")[test01]["state"] == "running":
            break
    quick.hang_up()
    slow.receive()


def test_who_applies_owns_the_lab(relay: Relay) -> None:
    lab = relay.lab
    lab.update_port("test01", security_groups=["web"])
    assert relay.lab.status()["owner"] == "cloud file"
    relay.apply(WALKTHROUGH)
    assert relay.lab.status()["owner"] == "api"
    with pytest.raises(LabError, match="changed by its OpenStack API now") as error:
        lab.update_port("test01", security_groups=["web"])
    assert "openstack port set" in error.value.remedy
    with pytest.raises(LabError, match="changed by its OpenStack API now"):
        lab.update_security_group("web", [])
    lab.stop("test01")  # power is everybody's
    lab.start("test01")


def test_it_ends_with_the_lab() -> None:
    with relayed(spec_file.walkthrough(), bare=True) as relay:
        relay.ask("states")
        family = processes_of(relay.lab.name)
        port = int(str(api(relay)["url"]).rpartition(":")[2])
        relay.lab.down()
        assert not alive(family)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_port_that_is_taken_is_told_before_anything_is_built() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(LabError, match=f"cannot listen on 127.0.0.1 port {port}") as error,
            running(spec_file.walkthrough(), api_port=port),
        ):
            pass
        assert "another port" in error.value.remedy


def test_the_port_is_the_one_that_was_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(spec_file.walkthrough(), bare=True, api_port=port) as lab:
        assert lab.status()["api"]["url"] == f"http://127.0.0.1:{port}"


def test_a_lab_goes_on_where_its_archive_was_made() -> None:
    """Disks with their owners, the API's files, the plane, and who ran."""
    changed = replace(WALKTHROUGH, routers=())
    with relayed(spec_file.walkthrough(), bare=True) as relay:
        relay.apply(changed)
        lab = relay.lab
        one_id = lab.run("test01", ["cat", "/proc/self/uid_map"]).stdout.split()[2] == "1"
        owner = "0:0" if one_id else "7:8"
        marks = f"echo mark > /etc/mark; ln /etc/mark /etc/link; chown {owner} /etc/mark"
        lab.run("test01", ["sh", "-ec", marks], check=True)
        relay.ask("write", "database", "kept")
        lab.stop("test02")
        archive = lab.archive()
        assert set(lab.instances().values()) == {"stopped"}
        assert lab.status()["api"]["pid"] is None
    with relayed(spec_file.walkthrough(), bare=True, archive=archive) as relay:
        states = {one["name"]: one["state"] for one in relay.lab.status()["instances"]}
        assert states == {"test01": "running", "test02": "stopped", "client": "running"}
        assert relay.plane().routers == ()
        assert relay.lab.status()["owner"] == "api"
        assert relay.ask("read", "/run/api/database") == "kept"
        show = "cat /etc/link; stat -c '%u:%g %h' /etc/mark; stat -c '%u:%g' /etc /var /"
        shown = relay.lab.run("test01", ["sh", "-c", show]).stdout.splitlines()
        assert shown == ["mark", f"{owner} 2", "0:0", "0:0", "0:0"]
        relay.lab.start("test02")
    with (
        pytest.raises(LabError, match="not the archive of a lab"),
        running(spec_file.walkthrough(), archive=b"nonsense"),
    ):
        pass
