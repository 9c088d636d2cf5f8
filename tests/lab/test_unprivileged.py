"""A lab needs no root: the walkthrough's cloud, built by a user with one id."""

from __future__ import annotations

from tests.lab import ordinary_user
from tests.lab.labs import ELECTION_SECONDS, host, unused_name

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


def test_a_user_runs_the_walkthroughs_cloud() -> None:
    before = host()
    with ordinary_user.packages() as packages:
        arguments = [unused_name("user"), str(ordinary_user.USER), str(ELECTION_SECONDS)]
        lines = ordinary_user.run(SCRIPT, arguments, packages)
        planted = list(packages.rglob("planted"))
    assert lines[0] == "curl 0 test01"
    assert lines[1] == "id 0 0"
    assert lines[2].split() == ["cat", "0", "0", "0", "1"]  # one id, that of the lab's root
    assert lines[3] == "sh 0 1"
    assert "192.168.100.131 > 224.0.0.18: VRRPv2" in lines[4]
    assert lines[5] == "curl 0 test02"
    for line in lines[6:9]:
        assert line.split()[1] != "0", line
    assert lines[9] == "seen: "
    assert not planted
    assert host() == before
