"""The console of an instance: what is on it, and how much of it is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab.clouds import cloud_of
from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.lab.client import Lab
from vipkeeper.lab.instance import console
from vipkeeper.lab.spec import Instance, Service

SERVICES = (
    Service("sleeper", ("/bin/sleep", "1000")),
    Service("missing", ("/nonexistent/program",)),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(cloud_of(Instance("one", (), services=SERVICES))) as lab:
        yield lab


def test_a_boot_is_seen_up_to_the_login(lab: Lab) -> None:
    text = lab.console("one")
    assert text.startswith("\nWelcome to ")
    assert "[  OK  ] Started sleeper.service.\n" in text
    assert "[FAILED] Failed to start missing.service.\n" in text
    assert text.endswith("one login: ")


def test_only_the_last_lines_are_given_on_request(lab: Lab) -> None:
    whole = lab.console("one").splitlines(keepends=True)
    assert lab.console("one", 3) == "".join(whole[-3:])
    assert lab.console("one", 10_000) == "".join(whole)
    assert lab.console("one", 0) == ""


def test_what_is_written_to_the_device_is_seen(lab: Lab) -> None:
    lab.run("one", ["sh", "-c", "echo from a program >/dev/console"], check=True)
    wait_until(lambda: "from a program\n" in lab.console("one"), what="it on the console")


def test_it_outlives_the_machine_and_the_next_boot_comes_after(lab: Lab) -> None:
    before = lab.console("one").count("Welcome to ")
    lab.stop("one")
    stopped = lab.console("one")
    assert "[  OK  ] Stopped sleeper.service.\n" in stopped
    assert stopped.endswith("Reached target poweroff.target\n")
    lab.start("one")
    assert lab.console("one").startswith(stopped)
    assert lab.console("one").count("Welcome to ") == before + 1


def test_root_inside_cannot_make_the_cloud_read_more_than_is_kept(lab: Lab) -> None:
    flood = f"head -c {4 * console.MAX_BYTES} /dev/zero | tr '\\0' x >>/dev/console"
    lab.run("one", ["sh", "-c", flood], check=True)
    assert 0 < len(lab.console("one")) <= console.MAX_BYTES


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = console.create()
    yield descriptor
    os.close(descriptor)


def test_the_older_half_goes_at_a_lines_start(memory: int) -> None:
    writer = console.Console(memory)
    line = "x" * 99
    for number in range(2 * console.MAX_BYTES // 100):
        writer.write(f"{number:06} {line[7:]}\n")
        assert os.fstat(memory).st_size <= console.MAX_BYTES
    lines = console.tail(memory).splitlines()
    assert {len(one) for one in lines} == {99}
    numbers = [int(one[:6]) for one in lines]
    assert numbers == list(range(numbers[0], number + 1))
    assert len(lines) * 100 >= console.MAX_BYTES // 2 - 100


def test_one_huge_write_is_cut(memory: int) -> None:
    console.Console(memory).write("y" * (3 * console.MAX_BYTES))
    assert 0 < len(console.tail(memory)) <= console.MAX_BYTES


def test_a_console_that_was_tampered_with_is_read_in_bounds(memory: int) -> None:
    os.write(memory, b"\xff" * (2 * console.MAX_BYTES))
    assert len(console.tail(memory)) == console.MAX_BYTES
    os.ftruncate(memory, 0)
    assert console.tail(memory) == ""


def test_without_a_console_nothing_is_written() -> None:
    console.Console(-1).status("OK", "Started nothing.")
