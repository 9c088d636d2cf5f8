"""no_accept: the rules as text, and on the real kernel."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest

from tests.daemon.recording import SETTINGS
from tests.daemon.test_protocol import (
    IPV6,
    LINK_LOCAL_VIP,
    VIP,
    VIP6,
    daemon,
    instance,
    node,
    wait_for_holder,
)
from tests.topology import Network, Node, program, wait_until
from vipkeeper.daemon.accept_mode import ruleset
from vipkeeper.daemon.settings import InstanceSettings, VirtualAddress


def settings(*addresses: str, accept: bool = False, priority: int = 100) -> InstanceSettings:
    virtual = tuple(VirtualAddress(ip_interface(item), "eth0") for item in addresses)
    return replace(SETTINGS, addresses=virtual, accept=accept, priority=priority)


def test_only_the_addresses_of_those_who_do_not_accept_are_dropped() -> None:
    text = ruleset(
        "t",
        [
            settings("192.0.2.1/24", "192.0.2.2/24", "fe80::1/64"),
            settings("192.0.2.3/24", accept=True),
            settings("2001:db8::1/64", "192.0.2.1/24"),
        ],
    )
    assert "ip daddr { 192.0.2.1, 192.0.2.2 } counter drop" in text
    assert "ip6 daddr { 2001:db8::1 } counter drop" in text
    assert 'iifname "eth0" ip6 daddr fe80::1 counter drop' in text
    assert "192.0.2.3" not in text


@pytest.mark.parametrize("instances", [[], [settings("192.0.2.1/24", accept=True)]])
def test_where_all_is_accepted_there_is_no_table(instances: list[InstanceSettings]) -> None:
    assert ruleset("t", instances) == ""


def test_an_owner_accepts_whatever_the_file_says() -> None:
    """RFC 9568 6.4.3: "is the address owner or has Accept_Mode"."""
    assert ruleset("t", [settings("192.0.2.1/24", priority=255)]) == ""


@pytest.fixture
def watcher(network: Network) -> Node:
    return node(network, "watcher", 5)


def answers(watcher: Node, address: str) -> bool:
    return "1 received" in watcher.run("ping", "-c", "1", "-W", "1", address, check=False)


def is_resolved(watcher: Node, address: str) -> bool:
    return "lladdr" in watcher.run("ip", "neigh", "show", address)


@pytest.mark.parametrize("use_vmac", ["", "use_vmac"])
def test_nobody_reaches_the_address_and_everybody_finds_it(
    network: Network, watcher: Node, tmp_path: Path, use_vmac: str
) -> None:
    """RFC 9568 6.1: Neighbor Solicitations and Advertisements must not be dropped."""
    body = f"version 3\n no_accept\n {use_vmac}"
    text = instance("FOUR", body=body) + instance("SIX", addresses=IPV6, body=body)
    speaker = daemon(node(network, "test01", 131), tmp_path, text)
    speaker.start()
    wait_until(
        lambda: {item["state"] for item in speaker.status()["instances"]} == {"Active"},
        what=speaker.log,
    )
    for address in (VIP, VIP6, f"{LINK_LOCAL_VIP}%eth0"):
        assert not answers(watcher, address)
        assert is_resolved(watcher, address.partition("%")[0])
    for own in ("192.168.100.131", "2001:db8::131"):
        assert answers(watcher, own)
    assert answers(speaker.node, VIP), "the host may talk to itself"

    speaker.configuration.write_text(text.replace("no_accept", "accept"))
    speaker.signal("HUP")
    wait_until(lambda: answers(watcher, VIP) and answers(watcher, VIP6), what=speaker.log)


def test_without_nft_it_says_what_does_not_work_and_runs(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = daemon(node(network, "test01", 131), tmp_path, instance(body="version 3\n no_accept"))
    # Its own programs only: sbin, where nft lies, is not among them.
    monkeypatch.setenv("PATH", str(Path(program("env")).parent))
    speaker.start()
    wait_for_holder(VIP, speaker)
    assert "no_accept has no effect" in speaker.log()
    assert "nft is not installed" in speaker.log()
