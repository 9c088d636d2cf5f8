"""An instance is a small machine: services, journal, disk, processes."""

from __future__ import annotations

import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec, Service

SERVICES = (
    Service("loud", ("/bin/sh", "-c", "echo to-stdout; echo to-stderr >&2; exec sleep 1000")),
    Service("stubborn", ("/bin/sh", "-c", "trap '' TERM; sleep 4444 & wait; sleep 4444")),
    Service("phoenix", ("/bin/sleep", "1000"), restart="on-failure"),
    Service("off", ("/bin/sleep", "1000"), autostart=False),
    Service("missing", ("/nonexistent/program",), autostart=False),
)


@pytest.fixture(scope="module")
def spec() -> CloudSpec:
    spec = spec_file.walkthrough()
    machine = replace(spec.instance("test01"), services=SERVICES, vrrp="none")
    others = tuple(one for one in spec.instances if one.name == "client")
    return replace(spec, instances=(machine, *others))


@pytest.fixture(scope="module")
def lab(spec: CloudSpec) -> Iterator[Lab]:
    with running(spec) as lab:
        yield lab


def sh(lab: Lab, command: str) -> subprocess.CompletedProcess[str]:
    return lab.run("test01", ["sh", "-c", command])


def main_pid(lab: Lab, service: str) -> int:
    shown = sh(lab, f"systemctl show {service}").stdout
    return int(shown.partition("MainPID=")[2].split()[0])


def runs(lab: Lab, command: str) -> bool:
    return lab.run("test01", ["pgrep", "-f", command]).returncode == 0


def test_exit_code_output_and_input_are_the_programs(lab: Lab) -> None:
    ended = lab.run("test01", ["sh", "-c", "cat; echo error >&2; exit 7"], input="text")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "text", "error\n")


def test_end_by_signal_is_passed_on(lab: Lab) -> None:
    assert sh(lab, "kill -SEGV $$").returncode == -11


def test_missing_program_is_127_as_in_a_shell(lab: Lab) -> None:
    ended = lab.run("test01", ["no-such-program"])
    assert ended.returncode == 127
    assert "no-such-program: No such file or directory" in ended.stderr


def test_a_killed_stand_in_takes_the_program_along(lab: Lab) -> None:
    process = lab.popen("test01", ["sleep", "4242"])
    wait_until(lambda: runs(lab, "sleep 4242"), what="the program to run")
    process.kill()
    process.wait()
    wait_until(lambda: not runs(lab, "sleep 4242"), what="its end")


def test_signals_are_passed_on(lab: Lab) -> None:
    command = [
        "sh",
        "-c",
        "trap 'echo told; exit 3' TERM; echo ready; while :; do sleep 0.05; done",
    ]
    process = lab.popen("test01", command, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(timeout=5) == 3
        assert process.stdout.read() == "told\n"


def test_a_run_that_takes_too_long_is_killed(lab: Lab) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        lab.run("test01", ["sleep", "4343"], timeout=0.3)
    wait_until(lambda: not runs(lab, "sleep 4343"), what="its end")


def test_host_name_and_environment(lab: Lab) -> None:
    assert sh(lab, "hostname; cat /etc/hostname; echo $HOME; pwd").stdout.split() == [
        "test01",
        "test01",
        "/root",
        "/root",
    ]


def test_orphans_are_reaped(lab: Lab) -> None:
    sh(lab, "(sleep 0.01 &) ; (sh -c 'sleep 0.01 & sleep 0.01 &' &)")
    wait_until(
        lambda: "Z" not in sh(lab, "ps -eo stat=").stdout,
        what=lambda: f"no zombie:\n{sh(lab, 'ps -ef').stdout}",
    )


def test_output_of_a_service_is_in_the_journal(lab: Lab) -> None:
    shown = wait_until(lambda: sh(lab, "journalctl -u loud -o cat").stdout, what="a journal")
    assert {"Started loud.service.", "to-stdout", "to-stderr"} <= set(shown.splitlines())


def test_syslog_is_in_the_journal_under_its_service(lab: Lab) -> None:
    sh(lab, "logger -t hello 'from nobody'")
    shown = wait_until(lambda: sh(lab, "journalctl -t hello").stdout, what="a journal")
    assert "test01 hello: from nobody" in shown or "test01 hello[" in shown
    assert sh(lab, "journalctl -u off").stdout == "-- No entries --\n"


def test_journal_follows(lab: Lab) -> None:
    process = lab.popen(
        "test01", ["journalctl", "-f", "-n", "0", "-o", "cat"], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        output = process.stdout

        def appears() -> bool:
            sh(lab, "logger something new")  # again, in case nobody followed yet
            return bool(select.select([output], [], [], 0.2)[0])

        try:
            wait_until(appears, what="what was logged appears")
            assert output.readline() == "something new\n"
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        ("systemctl start off", "systemctl stop off.service"),
        ("service off start", "service off stop"),
    ],
)
def test_start_and_stop(lab: Lab, start: str, stop: str) -> None:
    assert sh(lab, "systemctl is-active off").stdout == "inactive\n"
    shown = sh(lab, "systemctl show off")
    assert (shown.returncode, "LoadState=loaded\n" in shown.stdout) == (0, True)
    assert sh(lab, start).returncode == 0
    assert sh(lab, "systemctl is-active off").stdout == "active\n"
    status = sh(lab, "service off status")
    assert status.returncode == 0
    assert "Active: active (running) since" in status.stdout
    assert sh(lab, stop).returncode == 0
    assert sh(lab, "systemctl status off").returncode == 3


def test_restart_makes_a_new_process(lab: Lab) -> None:
    before = main_pid(lab, "loud")
    assert sh(lab, "systemctl restart loud").returncode == 0
    assert main_pid(lab, "loud") not in (0, before)


def test_service_that_is_killed_comes_back_if_it_shall(lab: Lab) -> None:
    before = main_pid(lab, "phoenix")
    sh(lab, f"kill -KILL {before}")
    wait_until(lambda: main_pid(lab, "phoenix") not in (0, before), what="a restart")


def test_service_that_is_killed_stays_away_if_it_shall(lab: Lab) -> None:
    sh(lab, "systemctl start off")
    sh(lab, f"kill -KILL {main_pid(lab, 'off')}")
    wait_until(lambda: sh(lab, "systemctl is-active off").stdout == "failed\n", what="failure")
    assert "signal SIGKILL" in sh(lab, "systemctl status off").stdout


def test_stubborn_service_is_killed_with_all_its_processes(lab: Lab) -> None:
    begun = time.monotonic()
    assert lab.run("test01", ["systemctl", "stop", "stubborn"], timeout=15).returncode == 0
    assert time.monotonic() - begun > 4.0  # it was given the time to end by itself
    assert not runs(lab, "sleep 4444")


def test_program_that_is_not_there_fails_to_start(lab: Lab) -> None:
    ended = sh(lab, "systemctl start missing")
    assert ended.returncode == 1
    assert "cannot run /nonexistent/program: No such file or directory" in ended.stderr


def test_unknown_unit_has_the_exit_code_of_systemd(lab: Lab) -> None:
    ended = sh(lab, "systemctl start nonsense")
    assert (ended.returncode, ended.stderr) == (5, "Unit nonsense.service not found.\n")
    assert sh(lab, "systemctl status nonsense").returncode == 4


def test_host_programs_are_read_only(lab: Lab) -> None:
    assert sh(lab, "touch /usr/bin/x").returncode != 0
    assert "Read-only file system" in sh(lab, "touch /opt/vipkeeper/lib/vipkeeper/x").stderr


def test_machine_survives_garbage_on_its_sockets(lab: Lab) -> None:
    garbage = (
        "import socket\n"
        "for data in (b'', b'{', b'[]', b'{}', b'{\"do\": []}', b'\\xff' * 70000):\n"
        "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "    s.connect('/run/init.sock'); s.send(data); s.close()\n"
        "log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "log.connect('/dev/log')\n"
        "for data in (b'', b'<', b'<999>', b'\\xff\\xfe', b'<3>' + b'x' * 20000):\n"
        "    log.send(data)\n"
    )
    lab.run("test01", ["python", "-c", garbage], check=True)
    assert sh(lab, "systemctl is-active loud").stdout == "active\n"


def test_disk_survives_and_memory_does_not(spec: CloudSpec) -> None:
    with running(spec) as lab:
        sh(lab, "echo kept > /etc/kept; echo kept > /var/lib/kept; echo gone > /root/gone")
        mac = sh(lab, "cat /sys/class/net/eth0/address").stdout
        lab.stop("test01")
        state = {one["name"]: one["state"] for one in lab.status()["instances"]}
        assert state["test01"] == "stopped"
        with pytest.raises(LabError, match="test01 is stopped"):
            lab.run("test01", ["true"])
        lab.start("test01")
        assert sh(lab, "cat /etc/kept /var/lib/kept; ls /root").stdout == "kept\nkept\n"
        assert sh(lab, "cat /sys/class/net/eth0/address").stdout == mac
        assert "Started loud.service." in sh(lab, "journalctl").stdout
        with pytest.raises(LabError, match="already"):
            lab.start("test01")


def test_reboot_from_within(spec: CloudSpec) -> None:
    with running(spec) as lab:
        sh(lab, "touch /run/this-boot")
        assert sh(lab, "reboot").returncode == 0

        def back() -> bool:
            states = {one["name"]: one["state"] for one in lab.status()["instances"]}
            return states["test01"] == "running" and sh(lab, "ls /run/this-boot").returncode == 2

        wait_until(back, what="the instance to be back")
