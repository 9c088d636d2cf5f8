"""Configuration files on the disk, for :func:`vipkeeper.keepalived.load`."""

from __future__ import annotations

import glob
import re
from os import strerror
from pathlib import Path

from vipkeeper.keepalived import Loaded, UnreadableFileError, load

# Thousands of instances fit a tenth of this; /dev/zero does not.
_LARGEST = 2**24

# More alternatives than this in one pattern is a typing error, or an attempt to use up memory.
_MOST_ALTERNATIVES = 1000


def read_configuration(path: str, *, config_id: str = "") -> Loaded:
    """:func:`vipkeeper.keepalived.load` from the disk.

    Raises:
        UnreadableFileError: ``path`` cannot be read.
    """
    return load(path, ConfigurationFiles(), config_id=config_id)


class ConfigurationFiles:
    """A :class:`vipkeeper.keepalived.Source` that reads the disk."""

    def read(self, path: str) -> str:
        try:
            with Path(path).open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise UnreadableFileError(path, strerror(error.errno or 0)) from error
        except ValueError as error:  # a NUL byte in the name
            raise UnreadableFileError(path, str(error)) from error
        if len(content) > _LARGEST:
            raise UnreadableFileError(path, f"it has more than {_LARGEST} bytes")
        return content.decode(errors="surrogateescape")

    def glob(self, pattern: str, relative_to: str) -> list[str]:
        """Without directories; sorted within each alternative of a brace, as the C library does."""
        found: list[str] = []
        for alternative in _alternatives(pattern):
            try:
                matches = glob.glob(str(Path(relative_to) / alternative))  # noqa: PTH207
            except ValueError:  # a NUL byte in the name
                continue
            found += sorted(path for path in matches if not Path(path).is_dir())
        return found


def _alternatives(pattern: str) -> list[str]:
    """``a{b,c}`` as ``ab`` and ``ac``; innermost braces first, so that they may be nested."""
    done: list[str] = []
    open_patterns = [pattern]
    while open_patterns and len(open_patterns) + len(done) <= _MOST_ALTERNATIVES:
        current = open_patterns.pop(0)
        match = re.search(r"\{([^{}]*,[^{}]*)\}", current)
        if match is None:
            done.append(current)
            continue
        open_patterns[:0] = [
            current[: match.start()] + choice + current[match.end() :]
            for choice in match[1].split(",")
        ]
    return list(dict.fromkeys(done))
