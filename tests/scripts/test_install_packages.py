"""scripts/install-packages leaves the machine it runs on as it is, but for programs.

It runs with stand-ins for apt-get and dpkg, since no test installs anything, and where it can
write nothing of the machine's.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.topology import program

SCRIPT = Path(__file__).parents[2] / "scripts/install-packages"
DISABLED = "/etc/cloud/cloud-init.disabled"

APT_GET = f"""#!/bin/sh
[ "$1" = install ] || exit 0
echo "disabled: $(cat {DISABLED} 2>&1)"
"""


def install(stand_ins: Path, package: str, *, before: str = "") -> str:
    stand_ins.joinpath("apt-get").write_text(APT_GET)
    stand_ins.joinpath("dpkg").write_text("#!/bin/sh\n")
    stand_ins.joinpath("dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    for file in stand_ins.iterdir():
        file.chmod(0o755)
    covered = " && ".join(f"mount -t tmpfs none {place}" for place in ("/etc/cloud", "/usr/sbin"))
    command = f"{covered} && {before or 'true'} && bash {SCRIPT} {package} && ls /etc/cloud"
    ended = subprocess.run(
        [program("unshare"), "--user", "--map-root-user", "--mount", "sh", "-c", command],
        env={**os.environ, "PATH": f"{stand_ins}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_cloud_init_is_kept_from_running_here_before_it_is_installed(tmp_path: Path) -> None:
    said = install(tmp_path, "cloud-init")
    assert "disabled: By vipkeeper scripts/install-packages." in said
    assert said.splitlines()[-1] == "cloud-init.disabled"


def test_what_an_administrator_wrote_there_stays(tmp_path: Path) -> None:
    said = install(tmp_path, "cloud-init", before=f"echo mine >{DISABLED}")
    assert "disabled: mine" in said


@pytest.mark.parametrize("package", ["lighttpd", "busybox"])
def test_other_packages_leave_cloud_init_alone(tmp_path: Path, package: str) -> None:
    assert "No such file" in install(tmp_path, package)
