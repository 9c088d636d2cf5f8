"""The prober in a lab, at the walkthrough's virtual IP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from vipkeeper.drill.measurement import Drill, with_echo
from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab

VIP_OUTSIDE = "99.88.128.171"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    spec = with_echo(spec_file.walkthrough(), "test01", "test02")
    lab = Lab.up(spec, name=f"test-drill-{os.getpid()}", owned=True)
    lab.wait_for_vip(timeout=20)
    yield lab
    lab.down()


def probers(lab: Lab) -> str:
    return lab.run("client", ["pgrep", "-f", "drill.probe"]).stdout


def test_who_answered_and_for_how_long(lab: Lab) -> None:
    with Drill.start(lab, VIP_OUTSIDE) as drill:
        drill.wait_for("test01", timeout=10)
    assert [service.host for service in drill.measurement.services] == ["test01"]
    assert probers(lab) == ""


def test_waiting_for_a_host_that_does_not_answer_ends(lab: Lab) -> None:
    with (
        pytest.raises(LabError, match=r"test02 did not answer the probes within 0\.5 s"),
        Drill.start(lab, VIP_OUTSIDE) as drill,
    ):
        drill.wait_for("test02", timeout=0.5)
    assert probers(lab) == ""


def test_a_prober_that_dies_is_noticed(lab: Lab) -> None:
    with (
        pytest.raises(LabError, match="the prober ended early"),
        Drill.start(lab, VIP_OUTSIDE) as drill,
    ):
        kill_the_prober_and_wait(lab, drill)


def kill_the_prober_and_wait(lab: Lab, drill: Drill) -> None:
    drill.wait_for("test01", timeout=10)
    lab.run("client", ["pkill", "-KILL", "-f", "drill.probe"], check=True)
    drill.wait_for("test02", timeout=10)


def test_a_prober_that_says_nothing_at_all(lab: Lab) -> None:
    mute = lab.popen("client", ["true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with pytest.raises(LabError, match="ended with code 0 and said nothing"), Drill(mute):
        pass
