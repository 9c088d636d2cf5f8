"""Labs that are kept on disk between ``lab down --keep`` and ``lab up``.

A kept lab is one file: a line of JSON that says what is needed before it can start, then the
archive that the cloud made of itself. Only its owner may read it: it holds the APIs' passwords.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vipkeeper.errors import LabError

FORMAT = 1
_SUFFIX = ".lab"


@dataclass(frozen=True, slots=True)
class KeptLab:
    """What is in such a file.

    Attributes:
        api_port: where the APIs listened, so that a clouds.yaml stays right.
        since: seconds since the epoch.
    """

    api_port: int
    since: float
    archive: bytes = b""


class KeptLabs:
    """The kept labs of one user, below a directory that need not exist."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, name: str) -> Path:
        return self._directory / f"{name}{_SUFFIX}"

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._directory.glob(f"*{_SUFFIX}"))

    def make_directory(self) -> None:
        """See that there is a place, before a lab is shut down for it.

        Raises:
            LabError: it cannot be made, or not be written to.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=self._directory).close()
        except OSError as error:
            raise LabError(
                f"cannot keep a lab in {self._directory}: {error.strerror}",
                remedy="say another place with XDG_STATE_HOME, or end the lab without --keep",
            ) from error

    def write(self, name: str, lab: KeptLab) -> Path:
        """Keep a lab, all of it or, if that fails, the one that was there.

        Raises:
            LabError: it cannot be written.
        """
        head = {"format": FORMAT, "api_port": lab.api_port, "since": lab.since}
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix=f".{name}-")
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(json.dumps(head).encode() + b"\n" + lab.archive)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(temporary).replace(self.path(name))
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise LabError(
                f"cannot keep the lab in {self._directory}: {error.strerror}",
                remedy="make room and try again: the lab is still there, its instances shut down",
            ) from error
        return self.path(name)

    def read(self, name: str) -> KeptLab | None:
        """The lab that is kept under a name, None if there is none.

        Raises:
            LabError: what is there cannot be read.
        """
        path = self.path(name)
        try:
            with path.open("rb") as stream:
                head = json.loads(stream.readline())
                if head["format"] != FORMAT:
                    raise LabError(
                        f"{path} is from another version of vipkeeper",
                        remedy=f"throw it away: vipkeeper lab forget --name {name}",
                    )
                return KeptLab(int(head["api_port"]), float(head["since"]), stream.read())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LabError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise LabError(
                f"{path} is not a kept lab",
                remedy=f"throw it away: vipkeeper lab forget --name {name}",
            ) from error

    def forget(self, name: str) -> bool:
        """Throw a kept lab away; whether there was one."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return False
        return True
