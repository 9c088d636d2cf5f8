"""A lab in one piece: its plane, its instances' disks and its API's files, as bytes."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vipkeeper.errors import LabError
from vipkeeper.lab.cloud.machine import Machine
from vipkeeper.lab.plane import Plane
from vipkeeper.lab.spec import CloudSpec

FORMAT = 1
"""Changed when archives of before cannot be read any longer."""

Owner = Literal["cloud file", "api"]
"""Who changes a lab."""

_HEAD = "lab.pickle"
_API = "api"
_DISKS = "disks"
_COMPRESSION = 1  # a quarter of the time of the default, for a tenth more bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What an archive says before its files.

    Attributes:
        plane: its instances that are running are to boot.
        spec: the cloud file that it began with.
        passwords: of the APIs' users, by name.
    """

    plane: Plane
    owner: Owner
    spec: CloudSpec
    passwords: Mapping[str, str]
    format: int = FORMAT


def pack(head: Head, machines: Iterable[Machine], api: Path) -> bytes:
    """Everything that is to outlive the lab; the instances and the API must be off.

    Args:
        api: the directory of the API's process.
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=_COMPRESSION) as archive:
        data = pickle.dumps(head)
        member = tarfile.TarInfo(_HEAD)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
        archive.add(api, _API)
        for machine in machines:
            machine.disk.pack(archive, f"{_DISKS}/{machine.id}")
    return stream.getvalue()


class Archive:
    """An archive that is read back."""

    def __init__(self, data: bytes) -> None:
        """Raises LabError if it is none, or one of another version."""
        try:
            self._tar = tarfile.open(fileobj=io.BytesIO(data))  # noqa: SIM115 -- read later
            # Python's older versions know no filter argument, and it is our own archive.
            self._tar.extraction_filter = lambda member, _path: member
            head = self._tar.extractfile(_HEAD)
            assert head is not None
            self.head: Head = pickle.load(head)  # noqa: S301 -- from who starts the lab
        except (tarfile.TarError, EOFError, KeyError, pickle.UnpicklingError) as error:
            raise LabError(f"this is not the archive of a lab: {error}") from error
        if self.head.format != FORMAT:
            raise LabError("this archive is from another version of vipkeeper")

    def fill_api(self, directory: Path) -> None:
        """Put back the files of the API's process."""
        members = [one for one in self._tar.getmembers() if one.name.split("/")[0] == _API]
        for member in members:
            member.name = member.name.removeprefix(_API).lstrip("/") or "."
        self._tar.extractall(directory, members)  # noqa: S202 -- our own

    def fill_disk(self, machine: Machine) -> None:
        machine.disk.unpack(self._tar, f"{_DISKS}/{machine.id}")


def with_power(plane: Plane, running: Iterable[str]) -> Plane:
    """The plane whose instances boot, when they are new, if they run now."""
    on = set(running)
    return replace(
        plane,
        instances=tuple(replace(one, running=one.id in on) for one in plane.instances),
    )
