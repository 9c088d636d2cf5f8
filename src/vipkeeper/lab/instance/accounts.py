"""The accounts of an instance: the host's names, and none of its passwords."""

from __future__ import annotations

from pathlib import Path


def write_shadow(etc: Path) -> None:
    """An /etc/shadow with every account locked, where there is none.

    The host's is nobody else's business, and without any useradd(8) would keep passwords where
    everybody reads them.
    """
    if (etc / "shadow").exists() or not (etc / "passwd").exists():
        return
    names = [fields[0] for fields in _read(etc / "passwd")]
    (etc / "shadow").write_text("".join(f"{name}:*:1:0:99999:7:::\n" for name in names))
    (etc / "shadow").chmod(0o640)


def share_one_id(etc: Path) -> None:
    """Let every account have the one id that there is.

    What is given to www-data then stays root's, which is all that can be: chown(2) to an id that
    does not exist fails.
    """
    for file, fields in (("passwd", slice(2, 4)), ("group", slice(2, 3))):
        path = etc / file
        if not path.exists():
            continue
        entries = _read(path)
        for entry in entries:
            entry[fields] = ["0"] * len(entry[fields])
        path.write_text("".join(f"{':'.join(entry)}\n" for entry in entries))


def _read(path: Path) -> list[list[str]]:
    return [line.split(":") for line in path.read_text().splitlines() if line.count(":") > 2]
