"""What this daemon has changed on the host and must undo, also after it was killed.

Every change is written here before it is made, so that whatever ends the daemon, the next start
knows at least what there may be to undo. The file lies beside the pid file, in /run: a reboot
undoes the changes and removes the file with them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from ipaddress import ip_interface
from pathlib import Path

from vipkeeper.linux import sysctl

FORMAT = 2


@dataclass(slots=True)
class HostChanges:
    """What was changed.

    Attributes:
        macvlans: names of the interfaces that were made.
        sysctls: path -> the value before, and the value that was set.
        tables: names of the nftables tables (family inet) that were made.
        addresses: interface and address, as ("eth0", "192.0.2.1/24"), that may have been added.
        fences: names of the fences (:mod:`vipkeeper.linux.nftables`) that were made.
        in_maintenance: no change of the host's, but what the next start must know too.
    """

    macvlans: list[str] = field(default_factory=list)
    sysctls: dict[str, tuple[str, str]] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    addresses: list[tuple[str, str]] = field(default_factory=list)
    fences: list[str] = field(default_factory=list)
    in_maintenance: bool = False

    def __bool__(self) -> bool:
        return any(asdict(self).values())


class StateFile:
    """Keeps :class:`HostChanges` on disk; what goes wrong is told and stops nothing.

    Args:
        warn: is told what could not be read or written.

    Attributes:
        changes: what is changed now; :meth:`save` after it was altered.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self.path = path
        self.changes = HostChanges()
        self._warn = warn

    def left(self) -> HostChanges:
        """What the last daemon with this file has left; nothing if it ended well."""
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return HostChanges()
        except (OSError, UnicodeDecodeError) as error:
            self._warn(f"cannot read the state file {self.path}: {error}; nothing is undone")
            return HostChanges()
        try:
            return _changes(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._warn(
                f"the state file {self.path} is not one of this version; nothing is undone:"
                " look for interfaces and settings that a daemon has left, then remove it"
            )
            return HostChanges()

    def save(self) -> None:
        """Replace the file in one step; without changes there is none."""
        if not self.changes:
            with suppress(OSError):
                self.path.unlink()
            return
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            _write(beside, json.dumps({"format": FORMAT, **asdict(self.changes)}))
            beside.replace(self.path)
        except OSError as error:
            self._warn(
                f"cannot write the state file {self.path}: {error.strerror};"
                " what is changed now is not undone if this daemon is killed"
            )


def _write(path: Path, text: str) -> None:
    """As root's own file, wherever somebody else may have put a link of that name."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.write(text)


def _changes(plain: dict[str, object]) -> HostChanges:
    if plain["format"] != FORMAT:
        raise ValueError(plain["format"])
    macvlans, sysctls, tables, addresses, fences = (
        plain[name] for name in ("macvlans", "sysctls", "tables", "addresses", "fences")
    )
    if not (
        isinstance(macvlans, list)
        and isinstance(sysctls, dict)
        and isinstance(tables, list)
        and isinstance(addresses, list)
        and isinstance(fences, list)
    ):
        raise TypeError
    for path in sysctls:
        # What is written there is written by root: to nothing else, whoever wrote this file.
        if not Path(path).is_relative_to(sysctl.NET) or ".." in Path(path).parts:
            raise ValueError(path)
    return HostChanges(
        [str(name) for name in macvlans],
        {str(path): (str(before), str(ours)) for path, (before, ours) in sysctls.items()},
        [str(name) for name in tables],
        [(str(device), str(ip_interface(address))) for device, address in addresses],
        [str(name) for name in fences],
        plain["in_maintenance"] is True,
    )
