"""``vipkeeper check``, as it is run."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.keepalived.corpus import CORPUS

VIPKEEPER = str(Path(sys.executable).with_name("vipkeeper"))
NO_COLOUR_SET = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}


def check(*arguments: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VIPKEEPER, "check", *arguments],
        cwd=CORPUS,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        **keywords,
    )


def on_a_terminal(*arguments: str, **variables: str) -> str:
    """What the command writes to a terminal."""
    outer, inner = pty.openpty()
    environment = NO_COLOUR_SET | {"TERM": "xterm"} | variables
    process = subprocess.Popen(
        [VIPKEEPER, "check", *arguments], cwd=CORPUS, stdout=inner, env=environment
    )
    os.close(inner)
    written = b""
    try:
        while part := os.read(outer, 4096):
            written += part
    except OSError:  # Linux: the other end is closed
        pass
    os.close(outer)
    process.wait(timeout=30)
    return written.decode()


def test_nothing_wrong() -> None:
    result = check("walkthrough-test01.conf")
    assert result.stdout == (
        "walkthrough-test01.conf: 1 instance: vrrp_group_1"
        " (eth0, VRID 1, priority 100, 1 address); nothing wrong\n"
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_something_wrong() -> None:
    result = check("duplicates.conf")
    *_, last = result.stdout.splitlines()
    assert "VI_1 and VI_2 both use VRID 2 with IPv4 on interface eth0" in result.stdout
    assert last == (
        "duplicates.conf: 2 instances: VI_1 (eth0, VRID 2, priority 100, 1 address),"
        " VI_3 (eth1, VRID 2, priority 100, 1 address); not run: VI_2; 2 errors, 2 warnings"
    )
    assert result.returncode == 5


def test_a_file_that_cannot_be_read() -> None:
    result = check("absent.conf")
    assert result.stderr == (
        "vipkeeper: cannot read absent.conf: No such file or directory\n"
        "  name another file, or make this one readable\n"
    )
    assert (result.returncode, result.stdout) == (4, "")


def test_notes_are_a_fault_with_strict_only(tmp_path: Path) -> None:
    file = tmp_path / "k.conf"
    text = (CORPUS / "walkthrough-test01.conf").read_text()
    file.write_text(f"global_defs {{ smtp_alert\n}}\n{text}")
    assert check(str(file)).returncode == 0
    assert check("--strict", str(file)).returncode == 5


def test_json_is_one_object() -> None:
    result = check("--json", "misspelt.conf")
    data = json.loads(result.stdout)
    assert (result.returncode, data["ok"]) == (5, False)
    assert data["files"] == ["misspelt.conf"]
    assert [instance["name"] for instance in data["instances"]] == ["VI_1"]
    finding = next(f for f in data["findings"] if "virtual_router'" in f["message"])
    assert finding == {
        "severity": "warning",
        "code": "unknown-keyword",
        "message": "Unknown keyword 'virtual_router'",
        "instance": "VI_1",
        "file": "misspelt.conf",
        "line": 11,
        "column": 5,
        "length": 14,
        "source_line": "    virtual_router 51",
        "suggestion": "did you mean 'virtual_router_id'?",
    }
    assert json.loads(check("--json", "walkthrough-test01.conf").stdout)["ok"] is True


def test_interfaces_of_this_machine_are_looked_at_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "k.conf"
    text = (CORPUS / "walkthrough-test01.conf").read_text()
    file.write_text(text.replace("eth0", "no-such-nic"))
    assert check(str(file)).returncode == 0
    result = check("--host", str(file))
    assert "interface no-such-nic doesn't exist" in result.stdout
    assert result.returncode == 5


def test_the_configuration_id_chooses_lines() -> None:
    arguments = ("one-file-for-two-hosts.conf", "--config-id")
    assert "priority 200" in check(*arguments, "alpha").stdout
    assert "priority 100" in check(*arguments, "beta").stdout
    assert check(*arguments, "gamma").returncode == 5


def test_colour_is_for_terminals_and_can_be_refused() -> None:
    assert "\x1b[" in on_a_terminal("misspelt.conf")
    assert "\x1b[" not in on_a_terminal("misspelt.conf", NO_COLOR="1")
    assert "\x1b[" not in check("misspelt.conf", env=NO_COLOUR_SET).stdout


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_bytes_are_shown_in_any_locale(tmp_path: Path, locale: str) -> None:
    file = tmp_path / "k.conf"
    file.write_bytes(b"vrrp_instance \xff\x1b[31m {\n interface \xc3\xa4\n pri\xe2\x80\xa8o 1\n}\n")
    result = check(str(file), env=NO_COLOUR_SET | {"LC_ALL": locale})
    assert (result.returncode, result.stderr) == (5, "")
    assert "\x1b" not in result.stdout
