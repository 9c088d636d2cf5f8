"""Process-id files, held by a lock: a stale one never keeps a daemon from starting."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from vipkeeper.errors import VipkeeperError


class AlreadyRunningError(VipkeeperError):
    def __init__(self, path: Path, pid: str) -> None:
        super().__init__(
            f"daemon is already running (process {pid} holds {path})",
            remedy=f"stop it first, or give another file with --pid: kill {pid}",
        )


class PidFile:
    """A file with this process's id, locked as long as it lives (flock(2))."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def acquire(self) -> None:
        """Raises AlreadyRunningError if another process holds it, VipkeeperError if it cannot."""
        try:
            descriptor = os.open(
                self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644
            )
        except OSError as error:
            raise VipkeeperError(
                f"cannot write the pid file {self.path}: {error.strerror}",
                remedy="give another file with --pid, or run as root",
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunningError(self.path, holder) from None
        self._descriptor = descriptor
        self.write(os.getpid())

    def write(self, pid: int) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{pid}\n".encode(), 0)

    def release(self) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                self.path.unlink()
            os.close(self._descriptor)
            self._descriptor = -1
