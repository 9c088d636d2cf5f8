"""The file tree of a lab: the host's programs read-only, and nothing else of the host.

::

    /usr, and /bin /sbin /lib*      the host's, read-only
    /etc                            the host's, read-only (instances copy what they need)
    /var/lib/dpkg                   the host's, read-only: what is installed
    /opt/vipkeeper/lib/vipkeeper    this package, read-only
    /opt/vipkeeper/site/N           what it depends on (click, rich, ...), read-only
    /dev                            null, zero, full, random, urandom, tty
    /proc, /sys                     needed so that namespaces further in may mount their own

All of it is a tmpfs in a mount namespace of its own, so that it is gone with the last process.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import vipkeeper
from vipkeeper.errors import LabError
from vipkeeper.linux import mounts

HOME = Path("/opt/vipkeeper")
LIBRARY = HOME / "lib"
SITES = HOME / "site"
PACKAGE_DATABASE = Path("/var/lib/dpkg")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

# Something that is on every machine and that nothing to be shown lies below.
_BUILDING_SITE = Path("/run")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where on the host the things to be shown are.

    Attributes:
        interpreter: the Python program itself, not a virtual environment's link to it.
        prefix: the installation that the interpreter belongs to.
    """

    package: Path
    sites: tuple[Path, ...]
    interpreter: Path
    prefix: Path

    @classmethod
    def of_this_process(cls) -> Sources:
        named = (Path(entry) for entry in sys.path)
        sites = (path for path in named if path.name in ("site-packages", "dist-packages"))
        return cls(
            package=Path(vipkeeper.__file__).resolve().parent,
            sites=tuple(path for path in dict.fromkeys(sites) if path.is_dir()),
            interpreter=Path(sys.executable).resolve(),
            prefix=Path(sys.base_prefix).resolve(),
        )

    def check_readable_by_others(self) -> None:
        """Refuse what a lab that root starts could not read, as it has none of root's ids.

        Raises:
            LabError: a directory or file is closed to others.
        """
        for directory in (self.package, *self.sites, self.prefix):
            closed = _closed_to_others(directory)
            if closed is not None:
                raise LabError(
                    f"the lab runs with ids of its own, which may not read {closed}",
                    remedy=f"open it to them: chmod -R go+rX {directory}",
                )


def _closed_to_others(directory: Path) -> Path | None:
    """The directory or the first of its own files that others may not read."""
    if directory.stat().st_mode & 0o005 != 0o005:
        return directory
    files = (path for path in sorted(directory.glob("*.py")) if path.is_file())
    return next((path for path in files if not path.stat().st_mode & 0o004), None)


def build(sources: Sources) -> None:
    """Build the tree in this mount namespace and make it the root."""
    mounts.make_private()
    root = _BUILDING_SITE
    mounts.mount("lab", root, "tmpfs", options="mode=0755,size=16m")
    show_programs(Path("/"), root)
    for directory in (Path("/etc"), PACKAGE_DATABASE):
        if directory.is_dir():
            show(directory, root)
    show(sources.package, root, LIBRARY / "vipkeeper")
    (root / SITES.relative_to("/")).mkdir()
    for number, site in enumerate(sources.sites):
        show(site, root, SITES / str(number))
    if not sources.prefix.is_relative_to("/usr"):
        show(sources.prefix, root)
    make_devices(root)
    for name in ("proc", "sys"):
        (root / name).mkdir()
        mounts.bind(Path("/", name), root / name, recursive=True)
    for name in ("run", "tmp"):
        (root / name).mkdir()
    mounts.change_root(root)


def show_programs(origin: Path, root: Path) -> None:
    """/usr and what stands beside it for it: links since usrmerge, directories before."""
    show(origin / "usr", root, Path("/usr"))
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        host = origin / name
        if host.is_symlink():
            (root / name).symlink_to(host.readlink())
        elif host.is_dir():
            show(host, root, Path("/", name))


def make_devices(root: Path) -> None:
    """The few devices that a machine without hardware needs; a namespace may not mknod(2)."""
    directory = root / "dev"
    directory.mkdir()
    for name in DEVICES:
        (directory / name).touch()
        mounts.bind(Path("/dev", name), directory / name)


def show(source: Path, root: Path, target: Path | None = None) -> None:
    place = root / (target or source).relative_to("/")
    place.mkdir(parents=True, exist_ok=True)
    mounts.bind(source, place, recursive=True, read_only=True)
