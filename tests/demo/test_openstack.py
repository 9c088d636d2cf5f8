"""From an empty cloud to the answering virtual IP and back, by the real programs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from vipkeeper.demo.openstack.steps import STEPS

START = "from vipkeeper.cli.main import main; main()"


@pytest.mark.timeout(600)
def test_the_demo_by_the_client_is_as_expected() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START, "demo", "--openstack", "--json"],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    assert [step["id"] for step in report["steps"]] == [step.id for step in STEPS]
    commands = [line for step in report["steps"] for line in step["observed"]]
    # Nothing but what one types, and a look from outside.
    typed = ("$ openstack --os-cloud lab", "$ vipkeeper vip ", "client# curl ")
    assert all(line.startswith(typed) for line in commands)
