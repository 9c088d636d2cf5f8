"""Starting the lab's own programs from the host."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
from pathlib import Path

import vipkeeper
from vipkeeper.lab.order import Order
from vipkeeper.lab.programs import SYSTEM_PATH

# The lab's own processes start from the package that this process runs, whatever its
# environment says.
ENVIRONMENT = {
    "PATH": SYSTEM_PATH,
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(Path(vipkeeper.__file__).resolve().parent.parent),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def python(module: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).resolve()), "-S", "-P", "-m", module, *arguments]


def start_doorkeeper(order: Order, report: socket.socket) -> None:
    """Start it in a session of its own, and give it ``report``."""
    with report:
        process = subprocess.Popen(
            python("vipkeeper.lab.doorkeeper", str(report.fileno()), order.name),
            stdin=subprocess.PIPE,
            pass_fds=[report.fileno()],
            start_new_session=True,
            env=ENVIRONMENT,
        )
    with process:  # its first process ends as soon as it has the order
        assert process.stdin is not None
        try:
            with process.stdin:
                process.stdin.write(pickle.dumps(order))
        except BaseException:
            process.kill()
            raise
