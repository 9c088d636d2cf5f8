"""Settings of the network under /proc/sys/net."""

from __future__ import annotations

from pathlib import Path

from vipkeeper.errors import KernelError

NET = Path("/proc/sys/net")


def of_interface(family: int, interface: str, name: str) -> Path:
    """An interface's own setting; a name may hold dots, so it is a path and no dotted key."""
    return NET / f"ipv{family}" / "conf" / interface / name


def read(path: Path) -> str | None:
    """The value, or None where there is none: no such interface, or no such family."""
    try:
        return path.read_text().strip()
    except OSError:
        return None


def write(path: Path, value: str) -> None:
    """Raises KernelError if it could not be set."""
    try:
        path.write_text(value)
    except OSError as error:
        raise KernelError(
            f"set {path} to {value}",
            error.errno or 0,
            remedy="in a container /proc/sys is often read-only: set it from outside",
        ) from None
