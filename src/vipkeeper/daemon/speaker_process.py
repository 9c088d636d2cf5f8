"""The speaker as the keeper sees it: a child process and a channel to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from vipkeeper.daemon.channel import Channel


class SpeakerProcess:
    """A running speaker.

    Args:
        fence: see :class:`~vipkeeper.daemon.command_line.Options`.
        fence_table: what its nftables tables are called.
    """

    def __init__(self, fence: str, fence_table: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",  # the working directory is no place to import from
                    "-m",
                    "vipkeeper.daemon.speaker",
                    "--channel",
                    str(theirs.fileno()),
                    "--fence",
                    fence,
                    "--fence-table",
                    fence_table,
                ],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                cwd="/",
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        self.channel = Channel(ours)

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative: the number of the signal that killed it."""
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
