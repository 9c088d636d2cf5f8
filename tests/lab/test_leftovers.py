"""A lab leaves nothing behind, however it ends, and changes nothing of the host meanwhile."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.labs import (
    alive,
    doorkeeper_and_cloud,
    gone,
    host,
    processes_of,
    running,
    unused_name,
    with_keepalived,
)
from tests.topology import wait_until
from vipkeeper.errors import LabError
from vipkeeper.lab import messages, spec_file
from vipkeeper.lab.client import Lab
from vipkeeper.lab.house import Sources


def kill_doorkeeper(lab: Lab) -> None:
    os.kill(doorkeeper_and_cloud(lab.name)[0], signal.SIGKILL)


def kill_cloud(lab: Lab) -> None:
    os.kill(doorkeeper_and_cloud(lab.name)[1], signal.SIGKILL)


def terminate_doorkeeper(lab: Lab) -> None:
    os.kill(doorkeeper_and_cloud(lab.name)[0], signal.SIGTERM)


@pytest.mark.parametrize("end", [Lab.down, kill_doorkeeper, kill_cloud, terminate_doorkeeper])
def test_nothing_is_left(end: Callable[[Lab], None]) -> None:
    before = host()
    with running(with_keepalived()) as lab:
        family = processes_of(lab.name)
        assert len(family) >= 10
        assert host() == before
        end(lab)
        wait_until(lambda: not alive(family), what=lambda: f"the end of {alive(family)}")
        assert gone(lab.name)
        assert lab.name not in Lab.names()
    assert host() == before


def test_down_returns_when_all_is_gone() -> None:
    with running(with_keepalived()) as lab:
        family = processes_of(lab.name)
        lab.down()
        assert not alive(family)


UP = """
import sys
from vipkeeper.lab import messages, spec_file
from vipkeeper.lab.client import Lab
print("begun", flush=True)
lab = Lab.up(spec_file.walkthrough(), name=sys.argv[1])
print("up", flush=True)
"""


@pytest.mark.parametrize(
    ("number", "delay_ms"),
    [
        *((signal.SIGKILL, delay_ms) for delay_ms in (0, 50, 100, 200, 300, 400, 600)),
        *((signal.SIGINT, delay_ms) for delay_ms in (30, 250, 500)),
        (signal.SIGTERM, 350),
    ],
)
def test_an_interrupted_start_leaves_nothing(number: signal.Signals, delay_ms: int) -> None:
    before = host()
    name = unused_name("interrupted")
    process = subprocess.Popen(
        [sys.executable, "-c", UP, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(delay_ms / 1000)
        family = processes_of(name)
        process.send_signal(number)
        process.wait()
        if process.stdout.read():  # it was up before the signal came
            Lab.connect(name).down()
    wait_until(lambda: not processes_of(name) and not alive(family), what="the end of all")
    assert host() == before


def test_an_owned_lab_ends_with_its_owner() -> None:
    name = unused_name("owned")
    script = UP.replace("name=sys.argv[1]", "name=sys.argv[1], owned=True") + "sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert process.stdout.readline() == "up\n"
        family = processes_of(name)
        process.kill()
    wait_until(lambda: not alive(family), what=lambda: f"the end of {alive(family)}")


def test_down_does_not_wait_for_who_only_holds_a_connection() -> None:
    with running(spec_file.walkthrough(), bare=True) as lab:
        idle = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with idle:
            idle.connect(messages.socket_name(os.geteuid(), lab.name))
            garbage = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with garbage:
                garbage.connect(messages.socket_name(os.geteuid(), lab.name))
                garbage.send(b"\xff no message")
                assert b"is no message" in garbage.recv(4096)
            lab.down()


def test_the_name_is_a_lock() -> None:
    with running(spec_file.walkthrough(), bare=True) as lab:
        with pytest.raises(LabError, match="running already"):
            Lab.up(spec_file.walkthrough(), name=lab.name)
        lab.run("client", ["true"], check=True)
        lab.down()
        again = Lab.up(spec_file.walkthrough(), name=lab.name, bare=True)
        again.down()


def test_a_failed_start_says_why_and_leaves_nothing() -> None:
    before = host()
    name = unused_name("failed")
    # A file where a directory is needed.
    text = (
        "networks: {n: {cidr: 10.0.0.0/24}}\n"
        "ports: {p: {network: n, fixed_ip: 10.0.0.9}}\n"
        "instances: {i: {ports: [p], files: {/etc/a: x, /etc/a/b: y}}}\n"
    )
    with pytest.raises(LabError, match="i: cannot write /etc/a/b"):
        Lab.up(spec_file.parse(text, "cloud.yaml"), name=name)
    wait_until(lambda: not processes_of(name), what="the end of all")
    assert host() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="a user's lab reads what the user reads")
def test_root_is_told_of_a_checkout_that_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch(mode=0o600)
    tmp_path.chmod(0o755)
    sources = replace(Sources.of_this_process(), package=tmp_path)
    with pytest.raises(LabError, match=r"may not read .*/__init__\.py") as error:
        sources.check_readable_by_others()
    assert error.value.remedy == f"open it to them: chmod -R go+rX {tmp_path}"


def test_two_labs_beside_each_other() -> None:
    """The same addresses twice; neither sees the other."""
    with running(with_keepalived()) as one, running(with_keepalived()) as other:
        assert {one.name, other.name} <= set(Lab.names())
        for lab in (one, other):
            lab.wait_for_vip(timeout=15)
        one.run("test01", ["sh", "-c", "echo one > /var/www/html/index.html"], check=True)
        asked = ["curl", "-sS", "-m", "2", "http://99.88.128.171/index.html"]
        assert one.run("client", asked).stdout == "one\n"
        assert other.run("client", asked).stdout == "test01\n"
        one.down()
        assert other.run("client", asked).stdout == "test01\n"
