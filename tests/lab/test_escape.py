"""Root inside an instance reaches neither the switch, nor another instance, nor the host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.entering import look_into_entering_processes
from tests.lab.labs import doorkeeper_and_cloud, running
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(spec_file.walkthrough(), bare=True) as lab:
        yield lab


def sh(lab: Lab, command: str) -> subprocess.CompletedProcess[str]:
    return lab.run("test01", ["sh", "-c", command])


def test_it_is_root_in_its_own_user_namespace(lab: Lab) -> None:
    assert sh(lab, "id -u").stdout == "0\n"
    namespaces = {
        sh(lab, "readlink /proc/1/ns/user").stdout,
        lab.run("test02", ["readlink", "/proc/1/ns/user"]).stdout,
        f"{Path('/proc/self/ns/user').readlink()}\n",
        f"{Path(f'/proc/{doorkeeper_and_cloud(lab.name)[1]}/ns/user').readlink()}\n",
    }
    assert len(namespaces) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only a lab that root started has a range of ids")
def test_ids_are_a_range_of_its_own_without_the_hosts_root(lab: Lab) -> None:
    def ids(instance: str) -> range:
        inside, outside, count = map(
            int, lab.run(instance, ["cat", "/proc/self/uid_map"]).stdout.split()
        )
        assert inside == 0
        # As its own namespace's parent counts them; the parent's map says where that is.
        cloud = Path(f"/proc/{doorkeeper_and_cloud(lab.name)[1]}/uid_map").read_text().split()
        return range(int(cloud[1]) + outside, int(cloud[1]) + outside + count)

    one, other = ids("test01"), ids("test02")
    assert len(one) == len(other) == 65536
    assert one.start > 60000
    assert other.start > 60000
    assert not set(one) & set(other)


def test_only_its_own_processes_are_there(lab: Lab) -> None:
    pids = sh(lab, "ps -eo args=").stdout
    assert "vipkeeper.lab.cloud" not in pids
    assert "doorkeeper" not in pids
    assert "dnsmasq" not in pids


def test_proc_mounted_anew_shows_no_more(lab: Lab) -> None:
    """The way out where instances share a user namespace with the switch."""
    ended = sh(
        lab,
        "unshare -m sh -c 'mkdir -p /tmp/proc && mount -t proc proc /tmp/proc;"
        " umount -l /proc; ls /proc; nsenter --net=/tmp/proc/1/ns/net ip -o link'",
    )
    assert "eth0" in ended.stdout
    assert "brq" not in ended.stdout
    assert "tap" not in ended.stdout


def test_unmounting_everything_shows_nothing_of_the_lab_or_the_host(lab: Lab) -> None:
    ended = sh(
        lab,
        'unshare -m sh -c \'for m in $(tac /proc/mounts | cut -d" " -f2); do umount -l $m; done;'
        " ls /run/disks /work /home/* /root' 2>&1",
    )
    for word in ("test02", "client", *(path.name for path in Path.home().iterdir())):
        assert word not in ended.stdout.split()


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param("nsenter --net=/proc/1/root/proc/1/ns/net true; nsenter -t 0 -n true", id="0"),
        pytest.param("mount -o remount,rw,bind /usr", id="remount-usr"),
        pytest.param("mount -o remount,rw,bind /opt/vipkeeper/lib/vipkeeper", id="remount-package"),
        pytest.param("umount /usr", id="uncover-usr"),
        pytest.param("touch /usr/bin/planted", id="write-usr"),
        pytest.param("mknod /tmp/disk b 254 0", id="block-device"),
        pytest.param("mknod /tmp/kmem c 1 2", id="kernel-memory"),
        pytest.param("mkdir -p /tmp/m; mount -t ext4 /dev/vda /tmp/m", id="mount-disk"),
        pytest.param("mkdir -p /tmp/m; mount -t devtmpfs dev /tmp/m", id="devtmpfs"),
        pytest.param("mkdir -p /tmp/m; mount -t debugfs debug /tmp/m", id="debugfs"),
        pytest.param("echo /tmp/x > /proc/sys/kernel/core_pattern", id="core-pattern"),
        pytest.param("echo 1 > /proc/sys/kernel/sysrq", id="sysrq"),
        pytest.param("echo h > /proc/sysrq-trigger", id="sysrq-trigger"),  # h: print help
        pytest.param("echo 1 > /proc/sys/vm/drop_caches", id="drop-caches"),
        pytest.param("cat /etc/shadow", id="shadow"),
        pytest.param("chroot /proc/1/root/.. ls /run/disks", id="chroot"),
        pytest.param("insmod /usr/lib/modules/x.ko", id="module"),
        pytest.param("kill -0 -- $(( $(cat /proc/sys/kernel/ns_last_pid) + 100000 ))", id="kill"),
    ],
)
def test_attempt_fails(lab: Lab, attempt: str) -> None:
    ended = sh(lab, attempt)
    assert ended.returncode != 0, ended.stdout


def test_entering_process_cannot_be_looked_into(lab: Lab) -> None:
    assert look_into_entering_processes(lab) == ""


def test_instances_reach_each_other_by_the_network_only(lab: Lab) -> None:
    """An abstract socket belongs to a network namespace, a signal to a PID namespace."""
    listener = lab.popen(
        "test02",
        [
            "python",
            "-c",
            "import socket; s = socket.socket(socket.AF_UNIX); s.bind('\\0secret'); s.listen();"
            "print('ready', flush=True); s.accept()",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        connect = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('\\0secret')"
        assert "refused" in lab.run("test01", ["python", "-c", connect]).stderr
        listener.terminate()


def test_door_is_shut_to_the_instance(lab: Lab) -> None:
    name = f"\\0vipkeeper-lab/{os.geteuid()}/{lab.name}"
    connect = f"import socket; s = socket.socket(1, 5); s.connect('{name}')"
    assert "refused" in lab.run("test01", ["python", "-c", connect]).stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a stranger")
def test_door_is_shut_to_a_stranger(lab: Lab) -> None:
    name = f"\\0vipkeeper-lab/{os.geteuid()}/{lab.name}"
    knock = (
        "import os, socket; os.setgroups([]); os.setgid(65533); os.setuid(65533);"
        f"s = socket.socket(1, 5); s.connect('{name}');"
        ' s.send(b\'{"do": "down"}\'); print(s.recv(99))'
    )
    ended = subprocess.run(
        ["/usr/bin/python3", "-c", knock], capture_output=True, text=True, check=False
    )
    assert ended.stdout == "b''\n" or "Error" in ended.stderr
    lab.run("test01", ["true"], check=True)
