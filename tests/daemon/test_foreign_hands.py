"""The whole daemon on the real kernel, while somebody else changes the addresses it holds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.daemon.test_adversity import wait_for_vip
from tests.daemon.test_protocol import IPV6, VIP6
from tests.daemon.test_protocol import instance as quick
from tests.daemon.test_vipkeeperd import daemon, instance
from tests.programs import ADDRESSES, TAKEOVER_SECONDS, VIP, Speaker
from tests.topology import Network, Node, wait_until

OWN = ADDRESSES["test01"]
PROMOTES = "net.ipv4.conf.eth0.promote_secondaries"


def because(speaker: Speaker) -> str:
    return str(speaker.status()["instances"][0]["because"])


def active(network: Network, directory: Path, configuration: str = "") -> Speaker:
    speaker = daemon(network, directory, configuration or quick())
    speaker.node.run("sysctl", "-qw", f"{PROMOTES}=0", "net.ipv4.conf.all.promote_secondaries=0")
    speaker.start()
    wait_for_vip(speaker)
    return speaker


def transitions(speaker: Speaker) -> int:
    return int(speaker.status()["instances"][0]["statistics"]["master-transitions"])


def make_primary(speaker: Speaker) -> None:
    """The host's own address goes and comes back behind the virtual one."""
    speaker.node.run("ip", "address", "add", "10.9.9.9/24", "dev", "eth0")  # it stays in office
    speaker.node.run("ip", "address", "del", f"{OWN}/24", "dev", "eth0")
    wait_for_vip(speaker)  # the kernel had taken it along, with promote_secondaries=0
    speaker.node.run("ip", "address", "add", f"{OWN}/24", "brd", "+", "dev", "eth0")
    shown = speaker.node.run("ip", "-4", "address", "show", "dev", "eth0")
    assert f"inet {OWN}/24 brd 192.168.100.255 scope global secondary" in shown


def is_sent_from(speaker: Speaker, address: str) -> bool:
    return bool(speaker.status()["instances"][0]["primary_address"] == address)


# -- the address --------------------------------------------------------------------------------


def test_a_loop_that_deletes_it_floods_neither_the_log_nor_the_network(
    network: Network, tmp_path: Path
) -> None:
    speaker = active(network, tmp_path)
    before = transitions(speaker)
    speaker.node.run("sh", "-c", f"for i in $(seq 300); do ip address del {VIP}/24 dev eth0; done"
                     " 2>/dev/null; true")  # fmt: skip
    wait_for_vip(speaker)
    assert transitions(speaker) == before
    wait_until(lambda: "times since this was last said" in speaker.log(), what=speaker.log)
    assert speaker.log().count(f"IP {VIP} removed from eth0") < 30


class Flusher:
    """Like a network daemon that manages foreign addresses: at each event all others go."""

    CODE = f"""
import socket, select
from ipaddress import ip_interface
from vipkeeper.linux.rtnetlink import RouteMonitor, RouteNetlink
monitor, netlink = RouteMonitor(), RouteNetlink()
index = socket.if_nametoindex("eth0")
for _ in range(200):
    netlink.delete_address(index, ip_interface("{VIP}/24"))
    select.select([monitor], [], [], 1)
    monitor.read()
"""


def test_who_deletes_whatever_is_foreign_at_each_event_does_not_win(
    network: Network, tmp_path: Path
) -> None:
    speaker = active(network, tmp_path)
    before = transitions(speaker)
    speaker.node.run(sys.executable, "-c", Flusher.CODE)
    wait_for_vip(speaker)
    assert transitions(speaker) == before
    assert "Traceback" not in speaker.log()


@pytest.mark.parametrize("promotes", ["0", "1"])
def test_the_own_address_goes_another_stays_and_the_vip_is_put_back(
    network: Network, tmp_path: Path, promotes: str
) -> None:
    """It is a secondary of the host's own address, and goes with it or takes its place."""
    speaker = active(network, tmp_path)
    speaker.node.run("sysctl", "-qw", f"{PROMOTES}={promotes}")
    before = transitions(speaker)
    speaker.node.run("ip", "address", "add", "10.9.9.9/24", "dev", "eth0")
    speaker.node.run("ip", "address", "del", f"{OWN}/24", "dev", "eth0")
    wait_for_vip(speaker)
    wait_until(lambda: is_sent_from(speaker, "10.9.9.9"), what=speaker.log)
    assert transitions(speaker) == before
    speaker.node.run("ip", "address", "add", f"{OWN}/24", "dev", "eth0")
    assert speaker.stop() == 0
    assert speaker.node.holds(OWN)
    assert not speaker.node.holds(VIP)


def test_without_an_own_address_it_waits_and_is_back_with_it(
    network: Network, tmp_path: Path
) -> None:
    speaker = active(network, tmp_path)
    speaker.node.run("ip", "address", "flush", "dev", "eth0")
    wait_until(lambda: because(speaker) == "no primary address", what=speaker.log)
    assert not speaker.node.holds(VIP)
    assert "no IPv4 address for interface" in speaker.log()
    speaker.node.run("ip", "address", "add", f"{OWN}/24", "dev", "eth0")
    wait_for_vip(speaker)


def test_a_vip_that_has_become_the_primary_address_takes_no_other_along(
    network: Network, tmp_path: Path
) -> None:
    speaker = active(network, tmp_path)
    make_primary(speaker)
    speaker.node.run("ip", "address", "del", "10.9.9.9/24", "dev", "eth0")
    # Never from the virtual address, first in the list as it is.
    wait_until(lambda: is_sent_from(speaker, OWN), what=speaker.log)
    assert speaker.stop() == 0
    assert not speaker.node.holds(VIP)
    assert speaker.node.holds(OWN)
    assert speaker.node.run("sysctl", "-n", PROMOTES) == "0\n"


def test_nor_do_several_one_after_the_other(network: Network, tmp_path: Path) -> None:
    """Each makes the next one the primary address when it goes."""
    several = "\n".join(f"192.168.100.{host}/24" for host in (201, 202, 203))
    speaker = active(network, tmp_path, quick(addresses=f"{VIP}/24\n{several}"))
    make_primary(speaker)
    assert speaker.stop() == 0
    assert speaker.node.holds(OWN)
    for address in (VIP, "192.168.100.201", "192.168.100.203"):
        assert not speaker.node.holds(address)


def test_nor_does_it_when_its_speaker_has_been_killed(network: Network, tmp_path: Path) -> None:
    speaker = active(network, tmp_path, instance())
    make_primary(speaker)
    speaker.signal("KILL", "_vrrp")
    wait_until(lambda: not speaker.node.holds(VIP), what=speaker.log)
    assert speaker.node.holds(OWN)


def test_promote_secondaries_may_flip(network: Network, tmp_path: Path) -> None:
    speaker = active(network, tmp_path)
    make_primary(speaker)
    for value in "1010":
        speaker.node.run("sysctl", "-qw", f"{PROMOTES}={value}")
        speaker.node.run("ip", "link", "set", "eth0", "down")
        wait_until(lambda: not speaker.node.holds(VIP), what=speaker.log)
        assert speaker.node.holds(OWN)
        assert speaker.node.run("sysctl", "-n", PROMOTES).strip() == value
        speaker.node.run("ip", "link", "set", "eth0", "up")
        wait_for_vip(speaker)


@pytest.mark.parametrize("prefix_length", [24, 32])
def test_a_vip_added_by_hand_is_taken_over_and_released_like_ours(
    network: Network, tmp_path: Path, prefix_length: int
) -> None:
    """Also with another prefix length: it is not answered for after the release."""
    speaker = daemon(network, tmp_path, quick())
    other = daemon(network, tmp_path, quick(priority=200), "test02")
    other.start()
    wait_for_vip(other)
    speaker.start()
    speaker.node.run("ip", "address", "add", f"{VIP}/{prefix_length}", "dev", "eth0")
    assert other.stop() == 0
    wait_until(
        lambda: speaker.status()["instances"][0]["state"] == "Active",
        seconds=TAKEOVER_SECONDS,
        what=speaker.log,
    )
    other.start()
    wait_for_vip(other)
    wait_until(lambda: not speaker.node.holds(VIP), what=speaker.log)


def test_an_ipv6_vip_with_another_prefix_length_goes_too(network: Network, tmp_path: Path) -> None:
    """In IPv6 an address is there once, with whatever prefix length came first."""
    slow = quick(addresses=IPV6, body="").replace("advert_int 0.1", "advert_int 3")
    speaker = daemon(network, tmp_path, slow)
    speaker.start()
    wait_until(lambda: "Entering BACKUP STATE" in speaker.log(), what=speaker.log)
    speaker.node.run("ip", "address", "add", f"{VIP6}/128", "dev", "eth0", "nodad")
    wait_until(
        lambda: speaker.status()["instances"][0]["state"] == "Active",
        seconds=3 * TAKEOVER_SECONDS,
        what=speaker.log,
    )
    assert f" {VIP6}/128" in speaker.node.addresses()
    assert speaker.stop() == 0
    assert not speaker.node.holds(VIP6)


def test_a_vip_deleted_while_the_interface_is_down_is_there_again_with_it(
    network: Network, tmp_path: Path
) -> None:
    speaker = active(network, tmp_path, quick(body="version 3\n dont_track_primary"))
    before = transitions(speaker)
    speaker.node.run("ip", "link", "set", "eth0", "down")
    speaker.node.run("ip", "address", "del", f"{VIP}/24", "dev", "eth0", check=False)
    speaker.node.run("ip", "link", "set", "eth0", "up")
    wait_for_vip(speaker)
    assert before <= transitions(speaker)
    assert "Traceback" not in speaker.log()


# -- IPv6 switched off --------------------------------------------------------------------------


def ipv6(node: Node, *, disabled: bool) -> None:
    node.run("sysctl", "-qw", f"net.ipv6.conf.eth0.disable_ipv6={int(disabled)}")


def test_ipv6_disabled_and_enabled_again(network: Network, tmp_path: Path) -> None:
    speaker = daemon(network, tmp_path, quick(addresses=IPV6, body=""))
    speaker.start()
    wait_for_vip(speaker, VIP6)
    ipv6(speaker.node, disabled=True)
    wait_until(lambda: because(speaker) == "no primary address", what=speaker.log)
    ipv6(speaker.node, disabled=False)
    wait_for_vip(speaker, VIP6)
    assert "Traceback" not in speaker.log()


def test_an_address_that_cannot_be_put_back_ends_it_and_its_return_starts_it(
    network: Network, tmp_path: Path
) -> None:
    """An IPv6 address beside the virtual IPv4 one, and IPv6 is switched off."""
    excluded = f"version 3\n virtual_ipaddress_excluded {{ {VIP6}/64 }}"
    speaker = active(network, tmp_path, quick(body=excluded))
    ipv6(speaker.node, disabled=True)
    wait_until(lambda: "an action failed" in speaker.log(), what=speaker.log)
    ipv6(speaker.node, disabled=False)
    wait_for_vip(speaker, VIP6)
    wait_for_vip(speaker)
