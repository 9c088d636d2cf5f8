"""``vipkeeper lab``: the APIs' clouds.yaml, empty clouds, and labs that are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.lab.labs import unused_name
from vipkeeper.lab.client import Lab

START = "from vipkeeper.cli.main import main; main()"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def name() -> Iterator[str]:
    name = unused_name("kept")
    yield name
    if name in Lab.names():
        Lab.connect(name).down()


@pytest.fixture
def command(name: str, tmp_path: Path) -> Command:
    """``vipkeeper lab VERB --name NAME ...``, with kept labs in a directory of the test's own."""

    def run(verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", START, "lab", verb, "--name", name, *arguments],
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    return run


def done(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def networks(clouds_yaml: str, cloud: str) -> list[str]:
    """The names of a cloud's networks, asked for as its clouds.yaml says."""
    auth = yaml.safe_load(clouds_yaml)["clouds"][cloud]["auth"]
    domain = {"name": "Default"}
    user = {"name": auth["username"], "password": auth["password"], "domain": domain}
    project = {"name": auth["project_name"], "domain": domain}
    identity: dict[str, Any] = {"methods": ["password"], "password": {"user": user}}
    response = requests.post(
        f"{auth['auth_url']}/auth/tokens",
        json={"auth": {"identity": identity, "scope": {"project": project}}},
        timeout=30,
    )
    token = response.headers["X-Subject-Token"]
    catalogue = response.json()["token"]["catalog"]
    (url,) = (one["endpoints"][0]["url"] for one in catalogue if one["type"] == "network")
    answer = requests.get(f"{url}/v2.0/networks", headers={"X-Auth-Token": token}, timeout=30)
    return [network["name"] for network in answer.json()["networks"]]


def test_clouds_are_ready_to_use(command: Command) -> None:
    done(command("up", "--bare"))
    clouds = done(command("clouds"))
    assert list(yaml.safe_load(clouds)["clouds"]) == ["lab", "lab-admin"]
    assert networks(clouds, "lab") == ["int_net", "ext-private-net1"]
    assert networks(clouds, "lab-admin") == ["int_net", "ext-private-net1"]
    variables = done(command("clouds", "--rc", "--admin"))
    assert "export OS_USERNAME=admin\n" in variables


def test_a_lab_that_is_kept_goes_on_as_it_was(command: Command, name: str, tmp_path: Path) -> None:
    done(command("up"))
    clouds = done(command("clouds"))
    assert networks(clouds, "lab") == ["int_net", "ext-private-net1"]
    lab = Lab.connect(name)
    lab.run("test01", ["sh", "-c", "echo kept > /etc/note"], check=True)
    lab.stop("test02")
    said = done(command("down", "--keep"))
    assert str(tmp_path / f"vipkeeper/labs/{name}.lab") in said
    assert name not in Lab.names()
    listed = subprocess.run(
        [sys.executable, "-c", START, "lab", "status"],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"Lab {name} is kept." in listed.stdout

    refused = command("up", "--empty")
    assert refused.returncode == 2
    assert f"vipkeeper lab forget --name {name}" in refused.stderr
    done(command("up"))
    assert done(command("clouds")) == clouds
    assert networks(clouds, "lab") == ["int_net", "ext-private-net1"]
    assert lab.run("test01", ["cat", "/etc/note"]).stdout == "kept\n"
    states = {one["name"]: one["state"] for one in lab.status()["instances"]}
    assert states == {"test01": "running", "test02": "stopped", "client": "running"}
    done(command("down"))
    assert not list((tmp_path / "vipkeeper/labs").iterdir())
    assert command("forget").returncode == 1


def test_empty_and_a_file_contradict_each_other(command: Command, tmp_path: Path) -> None:
    refused = command("up", "--empty", str(tmp_path / "cloud.yaml"))
    assert refused.returncode == 2
    assert "--empty and a FILE contradict each other" in refused.stderr


def test_an_unknown_back_end_is_refused(command: Command) -> None:
    refused = command("up", "--backend", "midonet")
    assert refused.returncode == 2
    assert "'linuxbridge', 'ovs', 'ovn', 'dvr'" in refused.stderr
