"""tcpdump on a node, also in a namespace of a user that nobody else is in."""

from __future__ import annotations

import subprocess
import sys

import pytest

# It stays root and sets no groups: in the namespace of a user there is nobody else to become.
TCPDUMP = [
    sys.executable,
    "-c",
    "import os, sys; from vipkeeper.linux.seccomp import pretend_setgroups; pretend_setgroups();"
    "os.execvp('tcpdump', ['tcpdump', '-Z', 'root', *sys.argv[1:]])",
]


def wait_for_capture(capture: subprocess.Popen[bytes]) -> None:
    """Until tcpdump says that it listens, or why it does not."""
    assert capture.stderr is not None
    said = b""
    while line := capture.stderr.readline():
        said += line
        if b"listening on" in line:
            return
    pytest.fail(said.decode())
