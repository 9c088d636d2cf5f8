"""Copies of the host's files."""

from __future__ import annotations

import shutil
from pathlib import Path


def copy(source: Path, target: Path) -> None:
    """Copy what this user may read; a private key below /etc/ssl is none of an instance's."""
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        target.mkdir(exist_ok=True)
        try:
            children = list(source.iterdir())
        except PermissionError:
            return
        for child in children:
            copy(child, target / child.name)
    elif source.is_file():
        try:
            shutil.copy(source, target)
        except PermissionError:
            target.unlink(missing_ok=True)
