"""What Debian's packages and their tools expect on the disk of a machine.

The programs are the host's (/usr, read-only), so that the host's packages are what is installed
here: apt says "is already the newest version" of them and of nothing else. Nothing can be
fetched, as there are no sources.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from vipkeeper.lab import house
from vipkeeper.lab.instance.host_files import copy

_INFO = house.PACKAGE_DATABASE / "info"

_DIRECTORIES = (
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "etc/apt/sources.list.d",
    "etc/apt/trusted.gpg.d",
    "var/cache/apt/archives/partial",
    "var/cache/debconf",
    "var/lib/apt/lists/partial",
    "var/lib/apt/mirrors/partial",
    "var/lib/dpkg/info",
    "var/lib/dpkg/parts",
    "var/lib/dpkg/triggers",
    "var/lib/dpkg/updates",
    "var/log/apt",
)
_DATABASE_FILES = ("status", "available", "diversions", "statoverride")
_COPIED_FROM_ETC = ("dpkg", "debconf.conf")

_CONFIGURATION = """\
// Nothing is fetched here, and there may be no second user to fetch it as.
APT::Sandbox::User "root";
APT::Install-Recommends "false";
"""

_LIGHTTPD_DIRECTORIES = ("var/log/lighttpd", "var/cache/lighttpd/uploads", "var/www/html")
_WEB_USER = "www-data"


def prepare(disk: Path, *, one_user: bool) -> None:
    """Give apt and dpkg a database, where this machine has one and the disk does not."""
    if not (house.PACKAGE_DATABASE / "status").exists() or (disk / "var/lib/dpkg/status").exists():
        return
    for name in _DIRECTORIES:
        (disk / name).mkdir(parents=True, exist_ok=True)
    for name in _DATABASE_FILES:
        copy(house.PACKAGE_DATABASE / name, disk / "var/lib/dpkg" / name)
    for name in _COPIED_FROM_ETC:
        copy(Path("/etc", name), disk / "etc" / name)
    if one_user:
        # It names users and groups that are root here, and dpkg would complain of each.
        (disk / "var/lib/dpkg/statoverride").write_text("")
    (disk / "etc/apt/sources.list").write_text("# What is installed is all there is.\n")
    (disk / "etc/apt/apt.conf.d/00instance").write_text(_CONFIGURATION)


def show_database(root: Path) -> None:
    """The lists of what belongs to which package: 3000 files, too many to be copied."""
    if _INFO.is_dir():
        house.show(_INFO, root)


def configure_lighttpd(disk: Path, *, one_user: bool) -> None:
    """Debian's configuration of its web server, where the package is here.

    With one user it stays root, which its configuration is not to change.
    """
    if not Path("/etc/lighttpd/lighttpd.conf").exists():
        return
    copy(Path("/etc/lighttpd"), disk / "etc/lighttpd")
    for name in _LIGHTTPD_DIRECTORIES:
        (disk / name).mkdir(parents=True, exist_ok=True)
    if one_user:
        file = disk / "etc/lighttpd/lighttpd.conf"
        text = re.sub(r"(?m)^(server\.(user|group)name\b)", r"# one user: \1", file.read_text())
        file.write_text(text)
        return
    for name in _LIGHTTPD_DIRECTORIES[:2]:
        shutil.chown(disk / name, _WEB_USER, _WEB_USER)
