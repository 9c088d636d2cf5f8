"""What keeps a host from answering when its daemon cannot: with the kernel, and reckoned."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import ip_interface
from pathlib import Path

import pytest

from tests.daemon.test_vipkeeperd import daemon
from tests.programs import CONFIGURATIONS, TAKEOVER_SECONDS, VIP, Speaker
from tests.topology import Network, Node, wait_until
from vipkeeper.daemon.fence import LifetimeFence
from vipkeeper.daemon.settings import VirtualAddress

SECOND = 1_000_000_000
ADDRESS = VirtualAddress(ip_interface("192.0.2.254/24"), "eth0")
OTHER = VirtualAddress(ip_interface("192.0.2.253/24"), "eth1")


@pytest.fixture
def watcher(network: Network) -> Node:
    return network.add_node("watcher", "192.168.100.5/24")


def is_answered(watcher: Node) -> bool:
    said = watcher.run("arping", "-c", "1", "-w", "1", "-I", "eth0", VIP, check=False)
    return "bytes from" in said


def active(network: Network, tmp_path: Path, *options: str) -> Speaker:
    speaker = daemon(network, tmp_path, CONFIGURATIONS["test01"])
    speaker.options = options
    speaker.start()
    wait_until(lambda: speaker.node.holds(VIP), seconds=TAKEOVER_SECONDS, what=speaker.log)
    return speaker


def kill(speaker: Speaker) -> None:
    """Both at once, so that neither sees the other's end."""
    speaker.node.run("kill", "-KILL", *(str(speaker.pid(which)) for which in ("", "_vrrp")))


def test_a_killed_daemons_host_answers_no_more_although_it_has_the_address(
    network: Network, tmp_path: Path, watcher: Node
) -> None:
    speaker = active(network, tmp_path)
    assert is_answered(watcher)
    kill(speaker)
    wait_until(lambda: not is_answered(watcher), what="the kernel has stopped answering")
    assert speaker.node.holds(VIP)
    speaker.start()
    assert f"removed {VIP}/24 from eth0, left by a daemon that was killed" in speaker.log()
    wait_until(lambda: is_answered(watcher), seconds=TAKEOVER_SECONDS, what=speaker.log)
    assert speaker.stop() == 0
    assert speaker.node.run("nft", "list", "tables") == ""


def test_by_lifetimes_the_address_itself_goes(
    network: Network, tmp_path: Path, watcher: Node
) -> None:
    speaker = active(network, tmp_path, "--fence", "lifetimes")
    assert "dynamic" in speaker.node.run("ip", "address", "show", "to", VIP)
    assert speaker.node.run("nft", "list", "tables") == ""
    # Longer than a lifetime: it is renewed.
    sent = speaker.counters()["advertisement-sent"]
    wait_until(lambda: speaker.counters()["advertisement-sent"] >= sent + 4, what=speaker.log)
    assert speaker.node.holds(VIP)
    assert speaker.status()["instances"][0]["state"] == "Active"
    kill(speaker)
    wait_until(lambda: not speaker.node.holds(VIP), what="its lifetime is over")


def test_without_a_fence_it_stays_as_with_keepalived(
    network: Network, tmp_path: Path, watcher: Node
) -> None:
    speaker = active(network, tmp_path, "--fence", "none")
    address = speaker.node.run("ip", "address", "show", "to", VIP)
    assert "valid_lft forever" in address
    assert speaker.node.run("nft", "list", "tables") == ""


def test_an_administrators_flush_opens_the_fence_only_until_the_next_advert(
    network: Network, tmp_path: Path, watcher: Node
) -> None:
    speaker = active(network, tmp_path)
    speaker.node.run("nft", "flush", "ruleset")
    wait_until(lambda: "alive_eth0" in speaker.node.run("nft", "list", "ruleset"), what=speaker.log)
    assert is_answered(watcher)
    assert speaker.status()["instances"][0]["state"] == "Active"
    kill(speaker)
    wait_until(lambda: not is_answered(watcher), what="the kernel has stopped answering")


def test_an_owners_own_address_is_the_hosts(
    network: Network, tmp_path: Path, watcher: Node
) -> None:
    owner = CONFIGURATIONS["test01"].replace("priority 100", "priority 255")
    speaker = daemon(network, tmp_path, owner)
    speaker.node.run("ip", "address", "flush", "dev", "eth0", "scope", "global")
    speaker.node.run("ip", "address", "add", f"{VIP}/24", "dev", "eth0")
    speaker.start()
    wait_until(
        lambda: speaker.status()["instances"][0]["state"] == "Active",
        seconds=TAKEOVER_SECONDS,
        what=speaker.log,
    )
    assert VIP not in speaker.node.run("nft", "list", "ruleset")
    kill(speaker)
    speaker.start()
    assert speaker.node.holds(VIP)
    assert is_answered(watcher)


def test_where_there_is_no_nf_tables_lifetimes_are_taken_and_it_is_told_why() -> None:
    code = (
        "from vipkeeper.daemon.fence import choose\n"
        "fence, why = choose('nftables', 'fence_test')\n"
        "print(type(fence).__name__, '|', why)"
    )
    ended = subprocess.run(
        ["unshare", "--user", "--", sys.executable, "-c", code],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    kind, _, why = ended.stdout.partition(" | ")
    assert kind == "LifetimeFence"
    assert "nftables tables fence_test" in why


class Clock:
    now = 100 * SECOND

    def __call__(self) -> int:
        return self.now


def test_a_lifetime_is_in_whole_seconds_and_ends_before_the_lease_however_late_it_is() -> None:
    """A lifetime of 3 s was seen to last 3.36 s."""
    clock = Clock()
    fence = LifetimeFence(clock)
    fence.fit({ADDRESS: 3 * SECOND, OTHER: SECOND})
    assert fence.grant("eth0", clock.now + 3 * SECOND) == [ADDRESS]
    assert fence.valid_seconds(ADDRESS) == 2
    fence.grant("eth0", clock.now + 3_400_000_000)
    assert fence.valid_seconds(ADDRESS) == 3


def test_a_lease_that_is_too_short_for_seconds_is_left_alone() -> None:
    clock = Clock()
    fence = LifetimeFence(clock)
    fence.fit({ADDRESS: 3 * SECOND, OTHER: 1_399_999_999})
    assert fence.grant("eth1", clock.now + SECOND) == []
    assert fence.valid_seconds(OTHER) is None


def test_who_hands_over_has_a_second_at_a_time() -> None:
    clock = Clock()
    fence = LifetimeFence(clock)
    fence.fit({ADDRESS: 3 * SECOND})
    fence.grant("eth0", clock.now + 50_000_000)
    assert fence.valid_seconds(ADDRESS) == 1
