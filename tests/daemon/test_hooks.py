"""Notify commands that do what they should not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.topology import wait_until
from vipkeeper.daemon.hooks import TIMEOUT_NS, Hook, HookRunner


class Bench:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.runner = HookRunner(self.said.append)

    def run(self, *argv: str, user: str = "root", group: str = "", now: int = 0) -> None:
        self.runner.add([Hook("VI_1", argv, user, group)], now)

    def wait(self, condition: Callable[[], object]) -> None:
        def polled() -> object:
            self.runner.poll(0)
            return condition()

        wait_until(polled, what=lambda: str(self.said))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def own_name() -> str:
    return "root" if os.geteuid() == 0 else ""


@pytest.mark.parametrize(
    ("user", "group", "reason"),
    [
        ("nosuch", "", "there is no user 'nosuch'"),
        ("root", "nosuch", "there is no group 'nosuch'"),
    ],
)
def test_a_user_or_group_that_does_not_exist_costs_the_script_not_the_daemon(
    bench: Bench, user: str, group: str, reason: str
) -> None:
    bench.run("/bin/true", user=user, group=group)
    assert bench.said == [f"(VI_1) cannot run /bin/true: {reason}"]
    assert bench.runner.is_idle


def test_what_cannot_be_executed_is_told(bench: Bench, tmp_path: Path) -> None:
    bench.run(str(tmp_path / "none"), user=own_name())
    bench.run("a\0b", user=own_name())
    assert len(bench.said) == 2
    assert "No such file" in bench.said[0]
    assert bench.runner.is_idle


def test_another_user_s_script_has_that_user_s_groups_and_no_other(bench: Bench) -> None:
    bench.run("/bin/sleep", "300", user="nobody")
    if os.geteuid() != 0:
        assert "Operation not permitted" in bench.said[0]
        return
    assert bench.runner._running is not None
    status = Path(f"/proc/{bench.runner._running[1].pid}/status").read_text()
    lines = dict(line.split(":", 1) for line in status.splitlines())
    assert [lines[name].split() for name in ("Uid", "Gid", "Groups")] == [
        ["65534"] * 4,
        ["65534"] * 4,
        ["65534"],
    ]
    bench.runner.poll(TIMEOUT_NS)


def test_a_script_that_hangs_is_ended_with_all_that_it_started(
    bench: Bench, tmp_path: Path
) -> None:
    child = tmp_path / "child"
    script = f"sleep 300 & echo $! > {child}; sleep 300"
    bench.run("/bin/sh", "-c", script, user=own_name())
    wait_until(lambda: child.exists() and child.read_text().strip())
    bench.runner.poll(TIMEOUT_NS)
    assert bench.said == ["(VI_1) script /bin/sh timed out, killed"]
    pid = int(child.read_text())
    wait_until(lambda: not runs(pid), what="what it started has ended, too")


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_is_left_when_there_is_no_time_is_started_all_at_once(
    bench: Bench, tmp_path: Path
) -> None:
    bench.run("/bin/sleep", "300", user=own_name())
    for number in range(20):
        bench.run("/bin/sh", "-c", f"touch {tmp_path}/{number}", user=own_name())
    bench.runner.start_all()
    wait_until(lambda: len(list(tmp_path.iterdir())) == 20)
    bench.runner.poll(TIMEOUT_NS)  # the one that hangs
    bench.wait(lambda: bench.runner.is_idle)


def test_a_flood_of_output_and_a_daemon_left_behind_stop_nobody(bench: Bench) -> None:
    script = "sleep 45 & head -c 10000000 /dev/zero; exit 7"
    bench.run("/bin/sh", "-c", script, user=own_name())
    bench.wait(lambda: bench.runner.is_idle)  # not for as long as that
    assert bench.said == ["(VI_1) script /bin/sh exited with status 7"]
