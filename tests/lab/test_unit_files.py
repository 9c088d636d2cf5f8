"""Unit files of a user's own: what is read of them, and that they run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.lab.clouds import LIGHTTPD, cloud_of
from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.errors import LabError
from vipkeeper.lab.client import Lab
from vipkeeper.lab.instance import unit_files
from vipkeeper.lab.spec import Instance

CHECK = """\
[Unit]
Description=What user data often brings
After=network-online.target

[Service]
# a comment
Environment=GREETING=hello "OTHER=two words"
EnvironmentFile=-/etc/default/no-such-file
WorkingDirectory=/var/tmp
ExecStartPre=/bin/sh -c 'echo before >>/var/tmp/log'
ExecStart=/bin/sh -c 'echo "$GREETING, $OTHER from $$(pwd)" >>log; \\
  exec sleep 1000'
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""

ONCE = """\
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo one >>/var/tmp/once'
ExecStart=/bin/sh -c 'echo two >>/var/tmp/once; test ! -e /var/tmp/fail'
"""

USER = "[Service]\nUser=nobody\nExecStart=/bin/sleep 2222\n"
OVERRIDE = "[Service]\nExecStart=/bin/sleep 3333\n[Install]\nWantedBy=multi-user.target\n"
FILES = {
    f"/etc/systemd/system/{name}.service": text
    for name, text in {
        "check": CHECK,
        "once": ONCE,
        "as-user": USER,
        "lighttpd": OVERRIDE,
        "forking": "[Service]\nType=forking\nExecStart=/bin/true\n",
    }.items()
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(cloud_of(Instance("one", (), services=(LIGHTTPD,), files=FILES))) as lab:
        yield lab


def sh(lab: Lab, command: str) -> subprocess.CompletedProcess[str]:
    return lab.run("one", ["sh", "-c", command], timeout=20)


def test_a_unit_runs_as_its_file_says_and_at_the_next_boot_too(lab: Lab) -> None:
    assert sh(lab, "systemctl is-active check").stdout == "inactive\n"
    assert sh(lab, "systemctl daemon-reload && systemctl enable --now check").stderr == (
        "Created symlink /etc/systemd/system/multi-user.target.wants/check.service"
        " → /etc/systemd/system/check.service.\n"
    )

    def log() -> str:
        return sh(lab, "cat /var/tmp/log").stdout

    once = "before\nhello, two words from /var/tmp\n"
    wait_until(lambda: log() == once, what=lambda: f"its log; it is {log()!r}")
    assert "Active: active (running)" in sh(lab, "systemctl status check").stdout
    lab.stop("one")
    lab.start("one")
    wait_until(lambda: log() == 2 * once, what=lambda: f"its log; it is {log()!r}")


def test_a_changed_file_counts_at_the_next_start(lab: Lab) -> None:
    sh(lab, "printf '[Service]\\nExecStart=/bin/sleep 1111\\n' >/etc/systemd/system/new.service")
    assert sh(lab, "systemctl start new && pgrep -f '^/bin/sleep 1111'").returncode == 0
    sh(lab, "sed -i s/1111/1112/ /etc/systemd/system/new.service")
    assert sh(lab, "systemctl restart new && pgrep -f '^/bin/sleep 1112'").returncode == 0
    assert sh(lab, "systemctl stop new").returncode == 0


def test_who_starts_a_oneshot_unit_waits_for_its_end(lab: Lab) -> None:
    assert sh(lab, "systemctl start once; cat /var/tmp/once").stdout == "one\ntwo\n"
    assert "Active: active (exited)" in sh(lab, "systemctl status once").stdout
    ended = sh(lab, "touch /var/tmp/fail; systemctl restart once")
    assert ended.returncode == 1
    assert "Job for once.service failed: exit code 1" in ended.stderr


def test_a_unit_may_have_another_user(lab: Lab) -> None:
    assert sh(lab, "systemctl start as-user").returncode == 0

    def user() -> str:
        return sh(lab, "ps -o user= -p $(pgrep -xf '/bin/sleep 2222')").stdout

    wait_until(lambda: user() == "nobody\n", what=lambda: f"nobody's process; it is {user()!r}'s")


def test_a_file_comes_before_what_the_cloud_ordered(lab: Lab) -> None:
    assert sh(lab, "systemctl start lighttpd").returncode == 0
    assert "/bin/sleep 3333" in sh(lab, "systemctl status lighttpd").stdout


def test_what_is_not_possible_is_said(lab: Lab) -> None:
    ended = sh(lab, "systemctl start forking")
    assert ended.returncode == 1
    assert "Type=forking is not possible here" in ended.stderr
    assert sh(lab, "systemctl start ../../../var/tmp/log").returncode == 5


@pytest.mark.parametrize("text", ["", "[Service]\nType=simple\n", "[Service]\nExecStart=/bin/a 'b"])
def test_a_file_without_a_command_is_refused(text: str) -> None:
    with pytest.raises(LabError, match=r"x\.service"):
        unit_files.parse("x", text)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a  'b c'", "a\nb c\n"),
        ("$VARIABLE ${VARIABLE}x", "value\nvaluex\n"),
        ("$$VARIABLE", "$VARIABLE\n"),
        ("$(id) `id` ;id", "$(id)\n`id`\n;id\n"),
        ("%n 100%%", "x.service\n100%\n"),
    ],
)
def test_a_command_line_is_systemds_and_not_a_shells(written: str, said: str) -> None:
    text = f"[Service]\nEnvironment=VARIABLE=value\nExecStart=/usr/bin/printf '%%s\\n' {written}\n"
    ended = subprocess.run(
        unit_files.parse("x", text).argv, capture_output=True, text=True, check=True
    )
    assert ended.stdout == said
