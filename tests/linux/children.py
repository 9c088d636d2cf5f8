"""Run a function in a child process, for what a test must not do to its own process."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

import pytest


def in_child(function: Callable[[], None]) -> None:
    """Fork, call, and fail here with what was raised there."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            function()
            code = 0
        except BaseException:  # noqa: BLE001 -- reported by the parent, whatever it is
            os.write(writable, traceback.format_exc().encode()[-60000:])
        finally:
            os._exit(code)
    os.close(writable)
    with os.fdopen(readable, "rb") as stream:
        said = stream.read().decode()
    _, status = os.waitpid(pid, 0)
    if status != 0:
        pytest.fail(said or f"the child ended with status {status}")
