"""Which units start at boot, kept on the instance's disk as systemd keeps it.

::

    /etc/systemd/system/multi-user.target.wants/NAME.service   a link: the unit is enabled
    /etc/systemd/system/NAME.service -> /dev/null               the unit is masked

(systemctl(1), "enable" and "mask".) Only names count here, not what the links lead to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from vipkeeper.errors import LabError

_SYSTEM = Path("etc/systemd/system")
_WANTS = _SYSTEM / "multi-user.target.wants"
_NOWHERE = "/dev/null"

Enablement = Literal["enabled", "disabled", "masked"]


def state(name: str, root: Path = Path("/")) -> Enablement:
    """What ``systemctl is-enabled`` says."""
    mask = root / _SYSTEM / f"{name}.service"
    if mask.is_symlink() and mask.readlink() == Path(_NOWHERE):
        return "masked"
    return "enabled" if os.path.lexists(root / _WANTS / f"{name}.service") else "disabled"


def enable(name: str, root: Path = Path("/")) -> str:
    """What ``systemctl enable`` says about it; nothing where it is enabled already."""
    link = root / _WANTS / f"{name}.service"
    if os.path.lexists(link):
        return ""
    link.parent.mkdir(parents=True, exist_ok=True)
    own = _SYSTEM / f"{name}.service"
    target = f"/{own}" if (root / own).is_file() else f"/lib/systemd/system/{name}.service"
    link.symlink_to(target)
    return f"Created symlink /{link.relative_to(root)} → {target}."


def disable(name: str, root: Path = Path("/")) -> str:
    return _remove(root / _WANTS / f"{name}.service", root)


def mask(name: str, root: Path = Path("/")) -> str:
    if state(name, root) == "masked":
        return ""
    link = root / _SYSTEM / f"{name}.service"
    if os.path.lexists(link):
        raise LabError(f"Failed to mask unit: File /{link.relative_to(root)} already exists.")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(_NOWHERE)
    return f"Created symlink /{link.relative_to(root)} → {_NOWHERE}."


def unmask(name: str, root: Path = Path("/")) -> str:
    if state(name, root) != "masked":
        return ""
    return _remove(root / _SYSTEM / f"{name}.service", root)


def _remove(link: Path, root: Path) -> str:
    if not os.path.lexists(link):
        return ""
    link.unlink()
    return f"Removed /{link.relative_to(root)}."
