"""``vipkeeper lab`` as a person types it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.lab.labs import gone, unused_name
from tests.topology import program
from vipkeeper.cli.lab import lab as command
from vipkeeper.lab.client import Lab

VIPKEEPER = [sys.executable, "-c", "from vipkeeper.cli.main import main; main()"]


def vipkeeper(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VIPKEEPER, "lab", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    name = unused_name("cli")
    try:
        said = vipkeeper("up", "--name", name)
        assert said.returncode == 0, said.stderr
        assert re.search(
            r"^test01 +running +192\.168\.100\.131 +99\.88\.128\.203", said.stdout, re.M
        )
        vip = "Virtual IP 192.168.100.196 (floating IP 99.88.128.171)"
        assert f"{vip}: held by test01" in said.stdout
        assert f"vipkeeper lab exec --name {name} client -- curl -s http://99" in said.stdout
        yield name
    finally:
        if not gone(name):
            Lab.connect(name).down()


def test_exec_runs_a_command_in_an_instance(name: str) -> None:
    url = "http://99.88.128.171/index.html"
    ended = vipkeeper("exec", "--name", name, "client", "--", "curl", "-s", url)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "test01\n", "")


def test_exec_passes_options_and_exit_code(name: str) -> None:
    ended = vipkeeper("exec", "--name", name, "test01", "sh", "-c", "exit 7", "--name", "x")
    assert ended.returncode == 7


def test_exec_passes_standard_input(name: str) -> None:
    ended = subprocess.run(
        [*VIPKEEPER, "lab", "exec", "--name", name, "test01", "cat"],
        input=b"\x00\xffbytes",
        capture_output=True,
        check=True,
    )
    assert ended.stdout == b"\x00\xffbytes"


def test_status_as_json(name: str) -> None:
    status = json.loads(vipkeeper("status", "--name", name, "--drops", "--json").stdout)
    assert status["virtual_ips"] == ["192.168.100.196"]
    held = {one["name"]: one["virtual_ips"] for one in status["instances"]}
    assert held == {"test01": ["192.168.100.196"], "test02": [], "client": []}
    drop = status["drops"][0]
    assert set(drop) == {"port", "instance", "reason", "packets", "bytes"}


def test_status_without_a_name_lists_all(name: str) -> None:
    assert f"Lab {name}\n" in vipkeeper("status").stdout
    labs = json.loads(vipkeeper("status", "--json").stdout)["labs"]
    assert name in [lab["name"] for lab in labs]


def test_drops_say_why(name: str) -> None:
    spoof = "import socket; s = socket.socket(17, 3); s.bind(('eth0', 0x0800));"
    spoof += "s.send(b'\\xff' * 6 + b'\\x02' * 6 + b'\\x08\\x00' + b'\\0' * 60)"
    vipkeeper("exec", "--name", name, "test01", "python", "-c", spoof)
    shown = vipkeeper("status", "--name", name, "--drops").stdout
    assert re.search(r"^test01 +test01 +mac-spoofing +1 ", shown, re.M), shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exec", "test09", "true"], "vipkeeper: there is no instance 'test09'\n  there are: "),
        (["stop", "test09"], "vipkeeper: there is no instance 'test09'"),
        (["start", "test01"], "vipkeeper: test01 is running already"),
        (["up"], "is running already\n  end it with `vipkeeper lab down --name"),
    ],
)
def test_errors_are_one_line_and_a_remedy(name: str, arguments: list[str], message: str) -> None:
    ended = vipkeeper(arguments[0], "--name", name, *arguments[1:])
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_lab_that_does_not_run() -> None:
    ended = vipkeeper("exec", "--name", "no-such-lab", "test01", "true")
    assert ended.returncode == 1
    assert ended.stderr.startswith("vipkeeper: no lab named 'no-such-lab' is running\n  ")


@pytest.mark.parametrize("bad", ["", "a/b", "x" * 40, "-x", "a b"])
def test_a_name_that_cannot_be(bad: str) -> None:
    ended = vipkeeper("up", f"--name={bad}")
    assert ended.returncode == 2
    assert "is not a valid name of a lab" in ended.stderr


def test_a_file_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "cloud.yaml"
    path.write_text("networks: {n: {cidr: 10.0.0.0/33}}\nports: {}\ninstances: {}\n")
    ended = vipkeeper("up", str(path), "--name", unused_name("wrong"))
    assert ended.returncode == 5
    assert ended.stderr == (
        f"vipkeeper: {path}: networks.n.cidr: is '10.0.0.0/33',"
        " an IPv4 network as 192.168.100.0/24 is wanted\n"
    )


@pytest.mark.parametrize(
    ("obstacle", "message"),
    [
        (
            "echo 0 > /proc/sys/user/max_user_namespaces",
            "vipkeeper: cannot make new namespaces: No space left on device\n"
            "  allow some: sysctl user.max_user_namespaces=10000\n",
        ),
        (
            "mount --bind /dev/null /usr/sbin/dnsmasq",
            "vipkeeper: dnsmasq is not installed\n  install it: apt-get install dnsmasq-base\n",
        ),
    ],
)
def test_what_the_machine_lacks_is_said_with_its_remedy(obstacle: str, message: str) -> None:
    """Inside namespaces of the test's own, where these can be taken away for real."""
    inside = [program("unshare"), "--user", "--map-root-user", "--mount"]
    script = ["sh", "-c", f'{obstacle} && exec "$@"', "sh"]
    ended = subprocess.run(
        [*inside, *script, *VIPKEEPER, "lab", "up", "--name", unused_name("obstacle")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode != 0
    assert ended.stderr == message


class Terminal:
    """A person at a terminal of 100 columns, with a shell command in front."""

    def __init__(self, *command: str) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str, *, seconds: float = 10.0) -> str:
        shown = b""
        deadline = time.monotonic() + seconds
        while text.encode() not in shown:
            if not select.select([self._terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                pytest.fail(f"{text!r} was not shown, but {shown!r}")
            shown += os.read(self._terminal, 4096)
        return shown.decode(errors="replace")

    def end(self) -> int:
        while True:
            try:
                if not os.read(self._terminal, 4096):
                    break
            except OSError:
                break
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_shell_is_a_terminal_of_the_instances_own(name: str) -> None:
    person = Terminal(*VIPKEEPER, "lab", "shell", "--name", name, "test01")
    person.wait_for("test01:")
    person.type("stty size; tty; echo $((6 * 7))done\n")
    shown = person.wait_for("42done")
    assert "/dev/pts/" in shown
    assert "job control" not in shown
    person.type("sleep 1000\n")
    time.sleep(0.3)
    person.type("\x03")  # Ctrl-C ends sleep, not the shell
    person.type("echo still$((1 + 1))here\n")
    person.wait_for("still2here")
    person.type("exit 5\n")
    assert person.end() == 5


def test_exec_from_a_terminal_has_one_of_the_instances_own(name: str) -> None:
    """What it might leave as input (TIOCSTI) is never typed at the terminal of who entered."""
    person = Terminal(*VIPKEEPER, "lab", "exec", "--name", name, "test01", "tty")
    assert "/dev/pts/0" in person.wait_for("\n")
    assert person.end() == 0


@pytest.mark.parametrize("seconds", [0.3, 0.6, 2.5])
def test_ctrl_c_while_it_starts_leaves_nothing(seconds: float) -> None:
    name = unused_name("ctrl-c")
    person = Terminal(*VIPKEEPER, "lab", "up", "--name", name)
    time.sleep(seconds)
    person.type("\x03")
    assert person.end() in (130, -signal.SIGINT)
    assert gone(name)


def test_a_lab_that_ends_before_it_is_asked_hides_no_other(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lab, "names", staticmethod(lambda: ["just-gone", name]))
    said = CliRunner().invoke(command, ["status"])
    assert said.exit_code == 0
    assert f"Lab {name}\n" in said.output


def test_down_leaves_no_lab(name: str) -> None:
    assert vipkeeper("down", "--name", name).returncode == 0
    assert gone(name)
