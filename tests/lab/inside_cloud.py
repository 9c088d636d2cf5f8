"""The cloud process of a lab, and its switch, as its owner sees them from the host."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab.labs import doorkeeper_and_cloud, processes_of
from vipkeeper.lab.client import Lab

_ENTER = """
import os, sys
from vipkeeper.linux import namespaces
cloud = os.pidfd_open(int(sys.argv[1]))
namespaces.enter(cloud, namespaces.NEW_USER | namespaces.NEW_NETWORK)
namespaces.become_root()
os.execvp(sys.argv[2], sys.argv[2:])
"""


def in_switch(lab: Lab, argv: Sequence[str]) -> str:
    """What a command of the host prints in the switch's network namespace."""
    _, cloud = doorkeeper_and_cloud(lab.name)
    command = [sys.executable, "-c", _ENTER, str(cloud), *argv]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def links(lab: Lab) -> set[str]:
    shown: list[dict[str, Any]] = json.loads(in_switch(lab, ["ip", "-j", "link"]))
    return {link["ifname"] for link in shown}


def possessions(lab: Lab) -> dict[str, object]:
    """What a cloud holds on to: links, mounts, descriptors (namespaces among them), processes."""
    _, cloud = doorkeeper_and_cloud(lab.name)
    process = Path(f"/proc/{cloud}")
    mounts = [line.split()[4] for line in (process / "mountinfo").read_text().splitlines()]
    return {
        "links": sorted(links(lab)),
        "mounts": sorted(mounts),
        "descriptors": len(list((process / "fd").iterdir())),
        "processes": len(processes_of(lab.name)),
    }
