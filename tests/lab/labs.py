"""Labs for tests, and what can be seen of them from the host."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.topology import wait_until
from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

VIP = "192.168.100.196"
FLOATING_VIP = "99.88.128.171"
ELECTION_SECONDS = 15.0

_numbers = itertools.count(1)


def unused_name(what: str) -> str:
    """A name that no other lab on this machine has, another run of these tests included."""
    return f"{what}-{os.getpid()}-{next(_numbers)}"


def with_keepalived() -> CloudSpec:
    """The walkthrough's cloud with Debian's keepalived on both nodes."""
    return spec_file.walkthrough().with_vrrp("keepalived", "test01", "test02")


@contextmanager
def running(spec: CloudSpec, *, what: str = "test", **arguments: Any) -> Iterator[Lab]:
    # Owned: a test run that is killed leaves no lab.
    lab = Lab.up(spec, name=unused_name(what), owned=True, **arguments)
    try:
        yield lab
    finally:
        if lab.name in Lab.names():
            lab.down()
        lab.close()


def curl(lab: Lab, instance: str, address: str) -> str:
    """What a web server answers, or curl's complaint."""
    ended = lab.run(instance, ["curl", "-sS", "-m", "2", f"http://{address}/index.html"])
    return (ended.stdout or ended.stderr).strip()


def wait_for_holders(lab: Lab, *names: str) -> None:
    wait_until(
        lambda: lab.holders(VIP) == list(names),
        seconds=ELECTION_SECONDS,
        what=lambda: f"{names} to hold the VIP; it is held by {lab.holders(VIP)}",
    )


def processes_of(lab: str) -> set[int]:
    """Every process of the host that belongs to a lab: the doorkeeper and its descendants."""
    return set(_family(lab))


def _family(lab: str) -> list[int]:
    """The same, the doorkeeper first."""
    parents = {}
    doorkeeper = None
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        parents[int(entry.name)] = int(stat[stat.rindex(")") + 2 :].split()[1])
        if b"vipkeeper.lab.doorkeeper" in command and lab.encode() in command:
            doorkeeper = int(entry.name)
    if doorkeeper is None:
        return []
    family = {doorkeeper: None}
    while grown := [pid for pid, of in parents.items() if of in family and pid not in family]:
        family.update(dict.fromkeys(grown))
    return [*family]


def doorkeeper_and_cloud(lab: str) -> tuple[int, int]:
    doorkeeper = _family(lab)[0]
    children = Path(f"/proc/{doorkeeper}/task/{doorkeeper}/children").read_text().split()
    assert len(children) == 1
    return doorkeeper, int(children[0])


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if _state(pid) not in ("", "Z")}


def _state(pid: int) -> str:
    """The letter of ps(1); a zombie is the host's init's to reap, and is of no lab any more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat[stat.rindex(")") + 2]


def host() -> dict[str, object]:
    """What a lab must leave as it is."""

    def output(*argv: str) -> str:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    return {
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "links": output("ip", "-o", "link"),
        "addresses": output("ip", "-o", "address"),
        "routes": output("ip", "route", "show", "table", "all"),
        "hostname": Path("/proc/sys/kernel/hostname").read_text(),
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text(),
        "run": sorted(path.name for path in Path("/run").iterdir()),
    }


def gone(name: str) -> bool:
    try:
        Lab.connect(name)
    except LabError:
        return True
    return False
