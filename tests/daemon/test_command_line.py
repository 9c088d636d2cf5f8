"""Every option that keepalived takes, with the argument that it takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.topology import program
from vipkeeper.daemon.command_line import SIGNALS, Options, parse

NOT_OURS = {"genhash", "help", "version", "signum", "config-test", "namespace"}
"""Another program in the same file; and what ends at once, which has tests of its own."""

EXAMPLES = {"log-facility": "local3", "umask": "077"}


def options() -> list[tuple[str | None, str, bool]]:
    """Short form, long form, whether it takes an argument: as ``keepalived --help`` lists them."""
    text = subprocess.run(
        [program("keepalived"), "--help"], capture_output=True, text=True, check=False
    )
    listed = re.findall(
        r"^  (?:-(\w), |    )--([\w-]+)(=| id)?", text.stderr + text.stdout, re.MULTILINE
    )
    return [(short or None, long, bool(has)) for short, long, has in listed if long not in NOT_OURS]


def parsed(*arguments: str) -> Options:
    return parse(list(arguments), host_name="test01.example.org")


def test_keepalived_lists_its_options_as_this_test_reads_them() -> None:
    assert ("f", "use-file", True) in options()
    assert ("i", "config-id", True) in options()
    assert (None, "all", False) in options()
    assert len(options()) >= 27


@pytest.mark.parametrize("option", options(), ids=lambda option: option[1])
def test_an_option_of_keepalived_s_is_taken_in_both_forms(
    option: tuple[str | None, str, bool],
) -> None:
    short, long, takes_argument = option
    value = [EXAMPLES.get(long, "7")] if takes_argument else []
    # What follows it is still read as what it is: the argument is neither missed nor invented.
    follows = ["-f", "other.conf"]
    forms = [[f"--{long}", *value], [f"--{long}={value[0]}"] if value else [f"--{long}"]]
    if short:
        forms += [[f"-{short}", *value], [f"-{short}{''.join(value)}"]]
    for form in forms:
        chosen = parsed(*form, *follows).configuration
        assert chosen == Path("other.conf").absolute()


def test_another_network_than_was_asked_for_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed("-s", "blue")
    assert ended.value.code == 2
    assert "enter the namespace first: ip netns exec blue vipkeeperd ..." in capsys.readouterr().err


def test_signals_have_keepalived_s_numbers() -> None:
    for name, number in SIGNALS.items():
        answer = subprocess.run(
            [program("keepalived"), f"--signum={name}"], capture_output=True, text=True, check=True
        )
        assert int(answer.stdout) == number


def test_a_pattern_for_core_dumps_may_be_left_out() -> None:
    assert parsed("-M", "-D").log_detail
    assert parsed("--core-dump-pattern", "-D").log_detail


def test_command_lines_of_unit_files_and_of_neutron() -> None:
    debian = parsed("--dont-fork")
    assert debian.foreground
    assert debian.log_syslog
    neutron = parsed("-P", "-f", "/v/k.conf", "-p", "/v/k.pid", "-r", "/v/k.pid-vrrp", "-D")
    assert not neutron.foreground
    assert neutron.log_detail
    assert neutron.pid_file == Path("/v/k.pid")
    assert neutron.vrrp_pid_file == Path("/v/k.pid-vrrp")
    assert parsed("--log-det", "--dont-f").foreground  # getopt_long(3) lets them be shortened


def test_what_it_does_not_know_is_said_with_its_name() -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "vipkeeper.daemon.main", "--colour"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 2
    assert "--colour" in completed.stderr
