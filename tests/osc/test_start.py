"""The OpenStack client imports every command at each start: ours must cost next to nothing."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from importlib.metadata import entry_points
for one in entry_points(group="openstack.vip.v1"):
    one.load()
print(*(name for name in ("pydantic", "vipkeeper.openstack") if name in sys.modules))
"""


def test_what_takes_long_to_import_is_imported_when_a_command_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
