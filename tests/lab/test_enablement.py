"""``systemctl enable`` and its kin: what is started at the next boot, and what may be started."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.lab.clouds import LIGHTTPD, cloud_of
from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import Instance, Service

WANTS = "/etc/systemd/system/multi-user.target.wants"
SERVICES = (
    Service("first", ("/bin/sleep", "1000"), aliases=("premier",)),
    Service("second", ("/bin/sleep", "1000"), autostart=False),
    Service("third", ("/bin/sleep", "1000"), autostart=False),
    Service("premier-cru", ("/bin/sleep", "1000"), autostart=False, aliases=("third",)),
    LIGHTTPD,
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(cloud_of(Instance("one", (), services=SERVICES))) as lab:
        yield lab


def sh(lab: Lab, command: str) -> subprocess.CompletedProcess[str]:
    return lab.run("one", ["sh", "-c", command], timeout=20)


def said(lab: Lab, command: str) -> tuple[int, str]:
    ended = sh(lab, command)
    return ended.returncode, ended.stdout.strip()


def test_what_starts_by_itself_is_enabled_and_nothing_else(lab: Lab) -> None:
    assert said(lab, "systemctl is-enabled first") == (0, "enabled")
    assert said(lab, "systemctl is-enabled second") == (1, "disabled")
    assert said(lab, "systemctl is-enabled dhcp-eth0") == (0, "static")
    assert sh(lab, "systemctl is-enabled nothing").returncode == 1


def test_enabled_and_disabled_units_are_remembered_over_a_boot(lab: Lab) -> None:
    ended = sh(lab, "systemctl enable second.service")
    link = f"{WANTS}/second.service"
    assert ended.stderr == f"Created symlink {link} → /lib/systemd/system/second.service.\n"
    assert said(lab, "systemctl is-active second") == (3, "inactive")
    assert sh(lab, "systemctl disable premier").stderr == f"Removed {WANTS}/first.service.\n"
    assert said(lab, "systemctl is-active first") == (0, "active")
    lab.stop("one")
    lab.start("one")
    assert said(lab, "systemctl is-active second") == (0, "active")
    assert said(lab, "systemctl is-active first") == (3, "inactive")


def test_now_starts_and_stops_as_well(lab: Lab) -> None:
    assert sh(lab, "systemctl enable --now third").returncode == 0
    assert said(lab, "systemctl is-active third") == (0, "active")
    assert sh(lab, "systemctl disable --now --quiet third").stderr == ""
    assert said(lab, "systemctl is-active third") == (3, "inactive")
    assert said(lab, "systemctl is-enabled third") == (1, "disabled")


def test_a_unit_comes_before_anothers_alias(lab: Lab) -> None:
    assert "Id=third.service" in sh(lab, "systemctl show third").stdout


def test_a_masked_unit_cannot_be_started(lab: Lab) -> None:
    assert sh(lab, "systemctl mask --now third").returncode == 0
    assert said(lab, "systemctl is-enabled third") == (1, "masked")
    assert "is masked" in sh(lab, "systemctl start third").stderr
    assert sh(lab, "systemctl enable third").returncode == 1
    assert sh(lab, "systemctl unmask third; systemctl start third").returncode == 0
    assert sh(lab, "systemctl stop third").returncode == 0


def test_verbs_that_depend_on_the_state(lab: Lab) -> None:
    assert sh(lab, "systemctl try-restart third").returncode == 0
    assert said(lab, "systemctl is-active third") == (3, "inactive")
    assert sh(lab, "systemctl reload-or-restart third").returncode == 0
    assert said(lab, "systemctl is-active third") == (0, "active")
    assert said(lab, "systemctl is-failed third") == (1, "active")
    assert sh(lab, "service third stop").returncode == 0


def test_debians_web_server_starts_with_debians_configuration(lab: Lab) -> None:
    assert sh(lab, "systemctl start lighttpd").returncode == 0
    sh(lab, "echo hello >/var/www/html/index.html")
    for command in ("true", "service lighttpd restart"):
        assert sh(lab, command).returncode == 0
        wait_until(
            lambda: said(lab, "curl -sS http://localhost/") == (0, "hello"),
            what=lambda: f"an answer:\n{sh(lab, 'journalctl -u lighttpd').stdout}",
        )


@pytest.mark.parametrize(
    "command",
    [
        "/usr/bin/systemctl is-active first",
        "/bin/systemctl is-active first",
        "sudo systemctl is-active first",
        "sudo -n -u root -- systemctl is-active first",
        "sudo SOME=thing sh -c 'systemctl is-active first'",
    ],
)
def test_commands_may_be_written_as_on_a_real_machine(lab: Lab, command: str) -> None:
    assert sh(lab, "systemctl start first").returncode == 0
    assert said(lab, command) == (0, "active")


def test_a_link_to_systemctl_is_called_by_its_own_name(lab: Lab) -> None:
    def boots() -> int:
        return lab.console("one").count("Welcome to ")

    before = boots()
    sh(lab, "ln -s /usr/bin/systemctl /tmp/reboot; /tmp/reboot")  # as Debian has /usr/sbin/reboot
    wait_until(lambda: boots() == before + 1, what="another boot")
    wait_until(lambda: lab.status()["instances"][0]["state"] == "running", what="its end")
