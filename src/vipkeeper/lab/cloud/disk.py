"""An instance's disk: the tmpfs that its /etc and /var are kept on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vipkeeper.linux import mounts

if TYPE_CHECKING:
    import tarfile

_DISKS = Path("/run/disks")
_SIZE = "256m"


class Disk:
    """The disk of one instance.

    Args:
        owner: the id that is root in the instance.
    """

    def __init__(self, name: str, owner: int) -> None:
        self.path = _DISKS / name
        self._owner = owner

    def make(self) -> None:
        self.path.mkdir(parents=True)
        options = f"mode=0755,uid={self._owner},gid={self._owner},size={_SIZE}"
        mounts.mount("disk", self.path, "tmpfs", options=options)

    def remove(self) -> None:
        """Take it away, if it was made; it goes when nobody uses it."""
        if self.path.is_mount():
            mounts.detach(self.path)
        if self.path.exists():
            self.path.rmdir()

    def pack(self, archive: tarfile.TarFile, name: str) -> None:
        """Put all of it into an archive, owners as they are seen inside."""

        def as_inside(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.uid -= self._owner
            member.gid -= self._owner
            member.uname = member.gname = ""
            return member

        archive.add(self.path, name, filter=as_inside)

    def unpack(self, archive: tarfile.TarFile, name: str) -> None:
        """Fill an empty disk with what :meth:`pack` made."""
        members = []
        for member in archive.getmembers():
            if member.name == name or member.name.startswith(f"{name}/"):
                member.uid += self._owner
                member.gid += self._owner
                member.name = member.name.removeprefix(name).lstrip("/") or "."
                if member.islnk():  # a hard link is to a name within the archive
                    member.linkname = member.linkname.removeprefix(name).lstrip("/")
                members.append(member)
        archive.extractall(self.path, members, numeric_owner=True)  # noqa: S202
