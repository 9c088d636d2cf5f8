"""Make before break, with real programs: the VIP is answered for by the one or the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.test_virtual_mac import pair as pair_with_virtual_mac
from tests.programs import TAKEOVER_SECONDS, VIP, Pair, Speaker
from tests.topology import Network, wait_until

VIPKEEPER = [sys.executable, "-c", "from vipkeeper.cli.main import main; main()"]


@pytest.fixture
def pair(network: Network, tmp_path: Path) -> Pair:
    pair = Pair(network, ("vipkeeperd", "vipkeeperd"), tmp_path)
    pair.test01.start()
    pair.test02.start()
    pair.wait_for_holder("test01")
    return pair


def vipkeeper(speaker: Speaker, *arguments: str) -> subprocess.CompletedProcess[str]:
    control = str(speaker.configuration.with_suffix(".sock"))
    return subprocess.run(
        speaker.node.command([*VIPKEEPER, *arguments, "--control", control]),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def state(speaker: Speaker) -> str:
    found = speaker.status()["instances"][0]["state"]
    assert isinstance(found, str)
    return found


def changes_of_state(speaker: Speaker) -> list[dict[str, Any]]:
    history = speaker.status()["instances"][0]["history"]
    return [entry for entry in history if entry["old"] != entry["new"]]


def test_an_order_moves_the_vip_and_it_stays_there(pair: Pair) -> None:
    ended = vipkeeper(pair.test01, "handover")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "vrrp_group_1: 192.168.100.67 has taken over\n"
    pair.wait_for_holder("test02")
    assert [entry["rule"] for entry in changes_of_state(pair.test01)[-2:]] == [
        "handover a",
        "handover d",
    ]

    again = vipkeeper(pair.test01, "handover", "vrrp_group_1")
    assert again.returncode == 0
    assert again.stdout == "vrrp_group_1: was not Active here, but Backup\n"

    # Its priority is higher, and it preempts by default; it takes back what nobody has.
    pair.test02.signal("KILL")
    pair.test02.signal("KILL", "_vrrp")
    wait_until(lambda: state(pair.test01) == "Active", seconds=TAKEOVER_SECONDS, what=pair.logs)


def test_nobody_there_to_take_over(pair: Pair) -> None:
    assert vipkeeper(pair.test02, "maintenance", "on").returncode == 0
    ended = vipkeeper(pair.test01, "handover")
    assert ended.returncode == 1
    assert "nobody took over" in ended.stderr
    assert "the VIP stays here" in ended.stderr
    pair.wait_for_holder("test01")
    assert "Entering FAULT" not in pair.test01.log()


def test_an_instance_that_is_not_there(pair: Pair) -> None:
    ended = vipkeeper(pair.test01, "handover", "vrrp_group_1", "vrrp_group_2")
    assert ended.returncode == 1
    assert ended.stderr == (
        "vipkeeper: there is no instance vrrp_group_2; there are: vrrp_group_1\n"
    )
    pair.wait_for_holder("test01")


def test_maintenance_lasts_until_it_is_over_whatever_is_restarted(pair: Pair) -> None:
    ended = vipkeeper(pair.test01, "maintenance", "on")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (
        "vrrp_group_1: 192.168.100.67 has taken over\n"
        "This node takes no part until: vipkeeper maintenance off\n"
    )
    pair.wait_for_holder("test02")
    assert vipkeeper(pair.test01, "maintenance", "on").stdout == "It was on already.\n"

    assert pair.test01.stop() == 0
    pair.test01.start()
    status = pair.test01.status()
    assert status["in_maintenance"] is True
    assert status["instances"][0]["because"] == "maintenance"
    assert "in maintenance: it takes no part" in pair.test01.log()
    pair.test01.signal("KILL", "_vrrp")
    wait_until(lambda: "died: Respawning" in pair.test01.log(), what=pair.logs)
    wait_until(
        lambda: "in maintenance: until" in vipkeeper(pair.test01, "status").stdout, what=pair.logs
    )
    assert pair.test01.status()["instances"][0]["because"] == "maintenance"

    assert vipkeeper(pair.test01, "maintenance", "off").stdout == "This node takes part again.\n"
    pair.wait_for_holder("test01")
    assert pair.test01.status()["in_maintenance"] is False


def test_maintenance_of_the_last_one_is_told(pair: Pair) -> None:
    assert vipkeeper(pair.test02, "maintenance", "on").returncode == 0
    ended = vipkeeper(pair.test01, "maintenance", "on")
    assert ended.returncode == 1
    assert "nobody took over; nobody here answers for the VIP now" in ended.stderr
    pair.wait_for_holder()


def test_who_says_stop_twice_does_not_wait(network: Network, tmp_path: Path) -> None:
    pair = Pair(network, ("vipkeeperd", "vipkeeperd"), tmp_path)
    slow = pair.test01.configuration.read_text().replace("priority 100", "advert_int 100")
    pair.test01.configuration.write_text(slow.replace("state MASTER", "priority 255\nstate MASTER"))
    pair.test01.start()
    pair.wait_for_holder("test01")
    pair.test01.signal("TERM")
    wait_until(lambda: "hands over" in pair.test01.log(), what=pair.logs)
    assert pair.test01.node.holds(VIP)
    assert pair.test01.stop() == 0
    pair.wait_for_holder()


def test_killed_while_it_hands_over_it_answers_no_more(pair: Pair) -> None:
    """It has said that it goes: the other one takes over soon, and this one cannot let go."""
    pair.test01.signal("TERM")
    wait_until(lambda: "hands over" in pair.test01.log(), what=pair.logs, poll_seconds=0.001)
    processes = [str(pair.test01.pid(which)) for which in ("", "_vrrp")]
    pair.test01.node.run("kill", "-KILL", *processes)
    said = pair.watcher.run(
        "arping", "-c", "3", "-w", "2", "-I", "eth0", VIP, check=False
    )  # fmt: skip
    assert pair.test01.node.holds(VIP), "nobody has taken it away"
    wait_until(lambda: pair.test02.node.holds(VIP), seconds=TAKEOVER_SECONDS, what=pair.logs)
    wait_until(lambda: pair.test01.node.mac() not in _answering(pair), what=f"fenced\n{said}")
    pair.test01.start()
    assert f"removed {VIP}/24 from eth0, left by a daemon that was killed" in pair.test01.log()
    pair.wait_for_holder("test01")


def _answering(pair: Pair) -> str:
    return pair.watcher.run("arping", "-c", "1", "-w", "1", "-I", "eth0", VIP, check=False)


def test_with_a_virtual_mac_the_successor_is_heard_below_it(
    network: Network, tmp_path: Path
) -> None:
    """Its announcement has the MAC address that is our own, too."""
    one, other = pair_with_virtual_mac(network, tmp_path)
    ended = vipkeeper(one, "handover")
    assert (ended.returncode, ended.stderr) == (0, "")
    going, gone = changes_of_state(one)[-2:]
    assert (going["rule"], gone["rule"]) == ("handover a", "handover d")
    patience_ns = 3_000_000_000
    assert gone["at_ns"] - going["at_ns"] < patience_ns, "it was told, and did not wait to the end"
    assert state(other) == "Active"
