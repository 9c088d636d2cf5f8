"""``apt-get`` and ``apt``: Debian's own, and what a first installation does beyond files.

The packages of the host are there already, so that apt has nothing to do and no package's
postinst is run. On a machine where the package had not been there, that script would have
enabled and started its service (deb-systemd-helper(1p), deb-systemd-invoke(1p)); who writes
``packages: [lighttpd]`` counts on it. It is done once, so that a service which was disabled
since then stays so.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.lab.instance import units

# Where deb-systemd-helper itself remembers what it has enabled.
_REMEMBERED = Path("/var/lib/systemd/deb-systemd-helper-enabled")


def run(program: str, arguments: list[str]) -> int:
    path = f"/usr/bin/{program}"
    code = os.spawnv(os.P_WAIT, path, [path, *arguments])  # noqa: S606
    words = [word for word in arguments if not word.startswith("-")]
    if code == 0 and words[:1] == ["install"]:
        for package in words[1:]:
            _start_service_of(package.partition("=")[0])
    return code if code >= 0 else 128 - code


def _start_service_of(package: str) -> None:
    """Enable and start the unit called as its package, the first time it is installed."""
    mark = _REMEMBERED / f"{package}.service.dsh-also"
    try:
        if mark.exists() or not units.known(package):
            return
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        units.do("enable", package, now=True)
    except LabError as error:
        # As invoke-rc.d has it: the package is installed all the same.
        print(error.message, file=sys.stderr)  # noqa: T201
