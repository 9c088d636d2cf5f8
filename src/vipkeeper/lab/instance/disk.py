"""An instance's disk at its first boot: /etc and /var as Debian has them, and the ordered files."""

from __future__ import annotations

from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.lab.instance import accounts, cloud_init, enablement, packages
from vipkeeper.lab.instance.host_files import copy
from vipkeeper.lab.instance.order import BootOrder

# What programs expect to find in /etc. A copy, so that root here may change any of it; the
# rest of the host's /etc is its own affair.
_COPIED_FROM_ETC = (
    "alternatives",
    "bash.bashrc",
    "bindresvport.blacklist",
    "ca-certificates.conf",
    "debian_version",
    "default",
    "environment",
    "ethertypes",
    "gai.conf",
    "group",
    "host.conf",
    "inputrc",
    "iproute2",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "login.defs",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "pam.conf",
    "pam.d",
    "os-release",
    "passwd",
    "profile",
    "profile.d",
    "protocols",
    "python3",
    "rpc",
    "security",
    "services",
    "shells",
    "skel",
    "ssl",
    "terminfo",
    "timezone",
)
_VAR_DIRECTORIES = (
    "cache",
    "lib",
    "lib/misc",
    "local",
    "log",
    "mail",
    "opt",
    "spool",
    "tmp",
    "www/html",
)


def prepare(disk: Path, order: BootOrder) -> None:
    """Make what is not there yet; nothing for a disk that was booted from, but for user data.

    Raises:
        LabError: an ordered file cannot be written, or cloud-init is not installed.
    """
    if not (disk / "etc").exists():
        _make(disk, order)
    if order.cloud_init is not None:
        cloud_init.prepare(disk, order.hostname, order.cloud_init)
        accounts.write_shadow(disk / "etc")
        packages.prepare(disk, one_user=order.one_user)


def _make(disk: Path, order: BootOrder) -> None:
    etc = disk / "etc"
    etc.mkdir()
    for name in _COPIED_FROM_ETC:
        copy(Path("/etc", name), etc / name)
    if order.one_user:
        accounts.share_one_id(etc)
    (etc / "hostname").write_text(f"{order.hostname}\n")
    (etc / "hosts").write_text(f"127.0.0.1\tlocalhost\n127.0.1.1\t{order.hostname}\n")
    (etc / "resolv.conf").write_text("")
    (etc / "mtab").symlink_to("/proc/self/mounts")
    for name in _VAR_DIRECTORIES:
        (disk / "var" / name).mkdir(parents=True)
    (disk / "var/tmp").chmod(0o1777)
    (disk / "var/run").symlink_to("/run")
    (disk / "var/lock").symlink_to("/run/lock")
    packages.configure_lighttpd(disk, one_user=order.one_user)
    for unit in order.units:
        if unit.autostart:
            enablement.enable(unit.name, disk)
    for path, content in order.files.items():
        file = disk / Path(path).relative_to("/")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        except OSError as error:
            raise LabError(f"cannot write {path}: {error.strerror}") from error
