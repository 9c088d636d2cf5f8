"""Echo and prober as the programs that they are, over the loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from vipkeeper.drill.outage import Measurement


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def echo(port: int) -> Iterator[subprocess.Popen[str]]:
    process = start_echo(port)
    yield process
    end(process)


def start_echo(port: int) -> subprocess.Popen[str]:
    """An echo server that listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vipkeeper.drill.echo", "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"listening on UDP port {port}\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def start_prober(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vipkeeper.drill.probe", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(prober: subprocess.Popen[str]) -> dict[str, Any]:
    assert prober.stdout is not None
    data: dict[str, Any] = json.loads(prober.stdout.readline())
    return data


def finish(prober: subprocess.Popen[str]) -> Measurement:
    output, _ = prober.communicate(timeout=30)
    return Measurement.from_data(json.loads(output.splitlines()[-1])["measurement"])


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.77", "::1"])
def test_the_echo_comes_from_the_address_that_was_asked(
    echo: subprocess.Popen[str], port: int, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(b"who? ", (address, port))
        answer, sender = client.recvfrom(2048)
    assert sender[:2] == (address, port)
    assert answer == b"who? " + socket.gethostname().encode()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_second_of_probes(echo: subprocess.Popen[str], port: int, address: str) -> None:
    prober = start_prober(address, str(port), "--seconds", "1")
    assert line(prober) == {"answering": socket.gethostname()}
    seen = finish(prober)
    assert seen.lost == 0
    assert [service.host for service in seen.services] == [socket.gethostname()]
    assert seen.duration_ms == pytest.approx(1000, abs=50 + seen.longest_stall_ms)
    # A slot is left out only while the machine did not run the prober.
    assert seen.sent <= 1000


def test_an_outage_is_seen_and_ends(echo: subprocess.Popen[str], port: int) -> None:
    prober = start_prober("127.0.0.1", str(port), "--seconds", "1")
    assert line(prober) == {"answering": socket.gethostname()}
    end(echo)
    successor = start_echo(port)  # which takes a Python some ten milliseconds
    seen = finish(prober)
    end(successor)
    assert len(seen.outages) == 1
    outage = seen.outages[0]
    assert outage.answered_before == outage.answered_after == socket.gethostname()
    assert 5 < outage.duration_ms < seen.duration_ms
    assert outage.probes_lost <= outage.duration_ms + 1


def test_nobody_at_the_address_is_one_outage_without_an_end(port: int) -> None:
    seen = finish(start_prober("127.0.0.1", str(port), "--seconds", "0.2"))
    assert seen.answered == 0
    assert [outage.answered_after for outage in seen.outages] == [None]


def test_a_prober_that_is_stopped_reports_a_stall_and_no_outage(
    echo: subprocess.Popen[str], port: int
) -> None:
    prober = start_prober("127.0.0.1", str(port), "--seconds", "1")
    line(prober)
    os.kill(prober.pid, signal.SIGSTOP)
    os.waitpid(prober.pid, os.WUNTRACED)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as clock:
        clock.settimeout(0.3)
        clock.bind(("127.0.0.1", 0))
        with pytest.raises(TimeoutError):
            clock.recv(1)
    os.kill(prober.pid, signal.SIGCONT)
    seen = finish(prober)
    assert seen.outages == ()
    assert seen.longest_stall_ms >= 290


def test_an_answer_from_somebody_else_is_not_counted(port: int) -> None:
    """Neither a stranger's datagram nor another run's echo says that the target lives."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        target.bind(("127.0.0.1", port))
        target.settimeout(10)
        prober = start_prober("127.0.0.1", str(port), "--seconds", "0.2")
        probe, client = target.recvfrom(2048)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(probe + b"stranger", client)
        target.sendto(bytes(8) + probe[8:] + b"other-run", client)
        target.sendto(probe[:8] + b"\xff" * 8 + b"not-sent", client)
        target.sendto(b"short", client)
        assert finish(prober).answered == 0
