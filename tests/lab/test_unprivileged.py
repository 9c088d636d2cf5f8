"""A lab needs no root: the walkthrough's cloud, built by a user with one id."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import vipkeeper
from tests.lab.labs import ELECTION_SECONDS, host, unused_name
from tests.topology import program

USER = 65533  # nobody's: no process and no file of the host belongs to it

SCRIPT = """
import os, sys
from entering import look_into_entering_processes
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab

assert os.geteuid() == int(sys.argv[2]) != 0
spec = spec_file.walkthrough().with_vrrp("keepalived", "test01", "test02")
lab = Lab.up(spec, name=sys.argv[1])
try:
    lab.wait_for_vip(timeout=float(sys.argv[3]))
    def show(instance, *argv):
        ended = lab.run(instance, argv)
        said = " ".join(ended.stdout.split())
        print(argv[0], ended.returncode, said, flush=True)
    show("client", "curl", "-sS", "-m", "3", "http://99.88.128.171/index.html")
    show("test01", "id", "-u")
    show("test01", "cat", "/proc/self/uid_map")
    show("test01", "sh", "-c", "ip -o address show eth0 | grep -c dynamic")
    show("test02", "timeout", "5", "tcpdump", "-c1", "-nn", "-i", "eth0", "host", "224.0.0.18")
    lab.stop("test01")
    lab.wait_for_vip(timeout=float(sys.argv[3]))
    show("client", "curl", "-sS", "-m", "3", "http://99.88.128.171/index.html")
    lab.start("test01")
    show("test01", "touch", "/usr/bin/planted")
    show("test01", "touch", "/opt/vipkeeper/lib/vipkeeper/planted")
    show("test01", "sh", "-c", "mount -o remount,rw,bind /opt/vipkeeper/lib/vipkeeper")
    print("seen:", look_into_entering_processes(lab))
finally:
    lab.down()
"""


@pytest.fixture
def packages() -> Iterator[Path]:
    """This package and what a cloud file needs, where every user may read it."""
    with tempfile.TemporaryDirectory() as text:
        directory = Path(text)
        directory.chmod(0o755)
        shutil.copy(Path(__file__).with_name("entering.py"), directory)
        for module in (vipkeeper, yaml):
            assert module.__file__ is not None
            source = Path(module.__file__).parent
            shutil.copytree(source, directory / source.name)
        if os.geteuid() == 0:
            # A user's own checkout: what an instance's root could write to, were it not shown
            # read-only.
            for path in [directory, *directory.rglob("*")]:
                os.chown(path, USER, USER)
        yield directory


def test_a_user_runs_the_walkthroughs_cloud(packages: Path) -> None:
    before = host()
    user = USER if os.geteuid() == 0 else os.geteuid()
    interpreter = Path(sys.executable).resolve()
    command = [str(interpreter), "-S", "-c", SCRIPT, unused_name("user"), str(user)]
    command.append(str(ELECTION_SECONDS))
    if os.geteuid() == 0:
        identity = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        command = [program("setpriv"), *identity, *command]
    ended = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(packages)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0] == "curl 0 test01"
    assert lines[1] == "id 0 0"
    assert lines[2].split() == ["cat", "0", "0", "0", "1"]  # one id, that of the lab's root
    assert lines[3] == "sh 0 1"
    assert "192.168.100.131 > 224.0.0.18: VRRPv2" in lines[4]
    assert lines[5] == "curl 0 test02"
    for line in lines[6:9]:
        assert line.split()[1] != "0", line
    assert lines[9] == "seen: "
    assert not list(packages.rglob("planted"))
    assert host() == before
