"""Where configuration text comes from: an interface, so that reading it needs no disk."""

from __future__ import annotations

from typing import Protocol

from vipkeeper.errors import VipkeeperError


class UnreadableFileError(VipkeeperError):
    """A configuration file cannot be read. Exit code 4, as keepalived's ``-t`` has it."""

    exit_code = 4

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot read {path}: {reason}", remedy="name another file, or make this one readable"
        )
        self.path = path
        self.reason = reason


class Source(Protocol):
    def read(self, path: str) -> str:
        """The text of a file; bytes that are not UTF-8 come as surrogate escapes.

        Raises:
            UnreadableFileError: there is no such file, or it may not be read.
        """

    def glob(self, pattern: str, relative_to: str) -> list[str]:
        """The paths that match, sorted; ``*``, ``?``, ``[...]`` and ``{a,b}`` are special.

        Args:
            pattern: absolute, or relative to the directory ``relative_to``.
        """
