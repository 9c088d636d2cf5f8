"""Debian's cloud-init in an instance: its data source, its configuration, its four stages.

It is the program itself that decides what is done once for an instance and what at each boot
(cloudinit, "Boot stages"). Only its order relative to the services is init's, as the units of
Debian's package have it: the first two stages before them, the other two after.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from vipkeeper.errors import MissingProgramError
from vipkeeper.lab.instance.host_files import copy
from vipkeeper.lab.instance.order import CloudInit, Unit

PROGRAM = "/usr/bin/cloud-init"

KEPT = ("root", "home", "opt", "srv")
"""What of the tree has to survive a stop, as it is made once for an instance."""

_CONFIGURATION = Path("etc/cloud/cloud.cfg")
_TEMPLATES = Path("etc/cloud/templates")
_SEED = Path("var/lib/cloud/seed/nocloud")
# Read by systemd-detect-virt(1), which cloud-init asks: what stands on the command line of the
# host's kernel, or in its firmware, is then not taken for this machine's data source.
_CONTAINER_MANAGER = Path("run/host/container-manager")


def _stage(name: str, *arguments: str) -> Unit:
    return Unit(
        name,
        (PROGRAM, *arguments),
        autostart=False,
        restart="no",
        aliases=(),
        oneshot=True,
        kill_mode="process",
        to_console=True,
        static=True,
    )


BEFORE_SERVICES = (
    _stage("cloud-init-local", "init", "--local"),
    _stage("cloud-init", "init"),
)
AFTER_SERVICES = (
    _stage("cloud-config", "modules", "--mode=config"),
    _stage("cloud-final", "modules", "--mode=final"),
)
STAGES = (*BEFORE_SERVICES, *AFTER_SERVICES)


def prepare(disk: Path, hostname: str, order: CloudInit) -> None:
    """Write the data source anew, and the configuration where there is none yet.

    Raises:
        MissingProgramError: cloud-init is not installed.
    """
    if not Path(PROGRAM).exists():
        raise MissingProgramError("cloud-init", "cloud-init")
    if not (disk / _CONFIGURATION).exists():
        (disk / _TEMPLATES).mkdir(parents=True, exist_ok=True)
        copy("/" / _TEMPLATES, disk / _TEMPLATES)
        text = (files("vipkeeper.lab.instance") / "cloud.cfg").read_text()
        (disk / _CONFIGURATION).write_text(text)
    for name in KEPT:
        (disk / name).mkdir(exist_ok=True)
    seed = disk / _SEED
    seed.mkdir(parents=True, exist_ok=True)
    metadata = {
        "instance-id": order.instance_id,
        "local-hostname": hostname,
        "public-keys": list(order.public_keys),
    }
    (seed / "meta-data").write_text(json.dumps(metadata))  # which is YAML as well
    (seed / "user-data").write_bytes(order.user_data)
    (seed / "user-data").chmod(0o600)


def say_what_this_is(root: Path) -> None:
    path = root / _CONTAINER_MANAGER
    path.parent.mkdir()
    path.write_text("vipkeeper-lab\n")
