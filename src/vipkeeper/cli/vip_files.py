"""Files that ``vipkeeper vip`` writes: nothing of anybody else's is overwritten."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from vipkeeper.errors import UsageError, VipkeeperError

MANIFEST = ".vipkeeper-files.json"
"""In the directory: what was written there, as path and SHA-256."""

_PUBLIC, _SECRET = 0o644, 0o600


def write(
    directory: Path, texts: Mapping[str, str], *, secret: Collection[str], force: bool
) -> list[Path]:
    """Write files below a directory; all of them or, where one may not be, none.

    A file is ours, and may be overwritten, as long as it is as we wrote it.

    Args:
        texts: by path below the directory.
        secret: the paths of those that only the owner may read.
        force: overwrite what is not ours.

    Raises:
        UsageError: a file is there that was not written by us, or was changed since.
        VipkeeperError: the system refuses.
    """
    known = _known(directory)
    wanted = {name: text.encode() for name, text in texts.items()}
    if not force:
        _refuse_strangers(directory, wanted, known)
    try:
        for name, content in wanted.items():
            put(directory / name, content, _SECRET if name in secret else _PUBLIC)
        digests = known | {name: _digest(content) for name, content in wanted.items()}
        manifest = json.dumps(dict(sorted(digests.items())), indent=2) + "\n"
        put(directory / MANIFEST, manifest.encode(), _PUBLIC)
    except OSError as error:
        where = error.filename or directory
        raise VipkeeperError(f"cannot write {where}: {error.strerror}") from error
    return [directory / name for name in wanted]


def put(path: Path, content: bytes, mode: int) -> None:
    """A file with that content, at once: nobody reads half of it, nor with other rights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def refuse_stranger(path: Path, text: str, *, force: bool) -> None:
    """Refuse to overwrite one file that says something else.

    Raises:
        UsageError: it is there, and ``force`` is not given.
    """
    if path.exists() and not force and path.read_bytes() != text.encode():
        raise UsageError(f"{path} is there already", remedy="--force overwrites it")


def write_one(path: Path, text: str, *, secret: bool) -> None:
    try:
        put(path, text.encode(), _SECRET if secret else _PUBLIC)
    except OSError as error:
        raise VipkeeperError(f"cannot write {path}: {error.strerror}") from error


def _known(directory: Path) -> dict[str, str]:
    try:
        known = json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _refuse_strangers(
    directory: Path, wanted: Mapping[str, bytes], known: Mapping[str, str]
) -> None:
    strangers = []
    for name, content in wanted.items():
        path = directory / name
        if not path.exists():
            continue
        there = path.read_bytes() if path.is_file() else b""
        if there != content and known.get(name) != _digest(there):
            strangers.append(str(path))
    if strangers:
        raise UsageError(
            f"not written by `vipkeeper vip render`, or changed since: {', '.join(strangers)}",
            remedy="move them away, or overwrite them with --force",
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
