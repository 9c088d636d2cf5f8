"""The programs that a lab runs, and Debian's package of each."""

from __future__ import annotations

import shutil
from pathlib import Path

from vipkeeper.errors import MissingProgramError
from vipkeeper.lab.spec import CloudSpec

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "dnsmasq": "dnsmasq-base",
    "busybox": "busybox",
    "lighttpd": "lighttpd",
    "keepalived": "keepalived",
}
_ALWAYS_NEEDED = ("ip", "nft", "dnsmasq", "busybox")


def check_programs(spec: CloudSpec) -> None:
    """Refuse to begin what would fail for want of a program."""
    services = [service for one in spec.instances for service in one.all_services()]
    # What lies elsewhere (/opt/vipkeeper, /etc, /var) is the instance's own.
    programs = [service.argv[0] for service in services if service.argv[0].startswith("/usr/")]
    for program in (*_ALWAYS_NEEDED, *programs):
        if shutil.which(program, path=SYSTEM_PATH) is None:
            name = Path(program).name
            raise MissingProgramError(name, _PACKAGES.get(name, name))
