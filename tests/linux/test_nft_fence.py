"""The fence against the real kernel: what a host answers, and what nft(8) makes of its rules."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.topology import Network, Node, wait_until

VIP, OTHER_VIP, OWN = "192.0.2.254", "192.0.2.253", "192.0.2.1"
VIP6 = "2001:db8::254"

# A process that does with a fence what it is told, line by line, and says when it has done it.
KEEPER = """
import json, sys
from ipaddress import ip_address
from vipkeeper.errors import KernelError
from vipkeeper.linux.nft_fence import NftFence

fences = {}
for line in sys.stdin:
    table, what, argument = json.loads(line)
    fence = fences.setdefault(table, NftFence(table))
    if what in ("fit", "make"):
        argument = {ip_address(address): key for address, key in argument.items()}
    try:
        getattr(fence, what)(*([argument] if argument is not None else []))
    except KernelError as error:
        print(error.errno, flush=True)
    else:
        print(0, flush=True)
"""


class Keeper:
    """Fences on a node, by the name of their tables."""

    def __init__(self, node: Node) -> None:
        self._process = node.start(
            sys.executable, "-c", KEEPER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def do(self, what: str, argument: object = None, table: str = "fence") -> int:
        """Returns the error number, 0 if it was done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([table, what, argument]).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def host(network: Network) -> Node:
    node = network.add_node("host", f"{OWN}/24")
    for address in (f"{VIP}/32", f"{OTHER_VIP}/32", f"{VIP6}/64"):
        node.run("ip", "address", "add", address, "dev", "eth0", *_nodad(address))
    return node


def _nodad(address: str) -> tuple[str, ...]:
    return ("nodad",) if ":" in address else ()


@pytest.fixture
def watcher(network: Network) -> Node:
    node = network.add_node("watcher", "192.0.2.5/24")
    node.run("ip", "address", "add", "2001:db8::5/64", "dev", "eth0", "nodad")
    return node


@pytest.fixture
def keeper(host: Node) -> Iterator[Keeper]:
    keeper = Keeper(host)
    yield keeper
    keeper.end()


def arp_is_answered(watcher: Node, address: str) -> bool:
    said = watcher.run("arping", "-c", "1", "-w", "1", "-I", "eth0", address, check=False)
    return "bytes from" in said


def ping_is_answered(watcher: Node, address: str) -> bool:
    """With a neighbour entry from before, as a client has it: only the answer itself can fail."""
    return "1 received" in watcher.run("ping", "-c", "1", "-W", "1", address, check=False)


def forget_neighbours(watcher: Node) -> None:
    watcher.run("ip", "neigh", "flush", "all")


def test_nothing_of_a_guarded_address_is_answered_until_it_is_alive_and_when_it_is_over(
    host: Node, watcher: Node, keeper: Keeper
) -> None:
    assert ping_is_answered(watcher, VIP)
    assert ping_is_answered(watcher, VIP6)
    assert keeper.do("fit", {VIP: "eth0", VIP6: "eth0"}) == 0
    assert not arp_is_answered(watcher, VIP)
    assert not ping_is_answered(watcher, VIP)
    assert not ping_is_answered(watcher, VIP6)
    forget_neighbours(watcher)
    assert not ping_is_answered(watcher, VIP6), "no Neighbor Advertisement either"
    for address in (OWN, OTHER_VIP):
        assert arp_is_answered(watcher, address)
        assert ping_is_answered(watcher, address)

    assert keeper.do("renew", {"eth0": 600_000}) == 0
    assert arp_is_answered(watcher, VIP)
    wait_until(lambda: ping_is_answered(watcher, VIP), what="the VIP answers")
    wait_until(lambda: ping_is_answered(watcher, VIP6), what="the IPv6 VIP answers")

    assert keeper.do("renew", {"eth0": 100}) == 0
    wait_until(lambda: not arp_is_answered(watcher, VIP), what="it is over without a word")
    assert not ping_is_answered(watcher, VIP)
    assert not ping_is_answered(watcher, VIP6)
    assert arp_is_answered(watcher, OWN)


def test_it_holds_without_the_process_that_made_it(
    host: Node, watcher: Node, keeper: Keeper
) -> None:
    keeper.do("fit", {VIP: "eth0"})
    keeper.do("renew", {"eth0": 2_000})
    keeper.end()
    assert arp_is_answered(watcher, VIP)
    wait_until(lambda: not arp_is_answered(watcher, VIP), what="it is over without a word")


def test_a_renewal_extends_and_shortens(host: Node, keeper: Keeper) -> None:
    def expires_ms() -> int:
        listed = json.loads(host.run("nft", "-j", "list", "set", "arp", "fence", "alive_eth0"))
        (found,) = (item["set"] for item in listed["nftables"] if "set" in item)
        return min(1000 * int(element["elem"]["expires"]) for element in found["elem"])

    keeper.do("fit", {VIP: "eth0"})
    for lifetime_ms in (600_000, 60_000, 900_000):
        assert keeper.do("renew", {"eth0": lifetime_ms}) == 0
        assert lifetime_ms - 30_000 < expires_ms() <= lifetime_ms


def test_what_is_sent_from_it_goes_nowhere_but_to_the_host_itself(
    host: Node, watcher: Node, keeper: Keeper
) -> None:
    assert "1 received" in host.run("ping", "-c1", "-W1", "-I", VIP, "192.0.2.5", check=False)
    keeper.do("fit", {VIP: "eth0"})
    assert "0 received" in host.run("ping", "-c1", "-W1", "-I", VIP, "192.0.2.5", check=False)
    assert "1 received" in host.run("ping", "-c1", "-W1", "-I", VIP, VIP, check=False)
    assert "1 received" in host.run("ping", "-c1", "-W1", "-I", OWN, "192.0.2.5", check=False)


def test_another_fit_changes_what_differs_and_interrupts_nothing(
    host: Node, watcher: Node, keeper: Keeper
) -> None:
    keeper.do("fit", {VIP: "eth0"})
    keeper.do("renew", {"eth0": 600_000})
    assert keeper.do("fit", {VIP: "eth0", OTHER_VIP: "eth1", VIP6: "eth0"}) == 0
    assert arp_is_answered(watcher, VIP)
    assert not arp_is_answered(watcher, OTHER_VIP)
    assert keeper.do("fit", {OTHER_VIP: "eth0"}) == 0
    assert arp_is_answered(watcher, VIP)
    assert arp_is_answered(watcher, OTHER_VIP)
    assert "eth1" not in host.run("nft", "list", "ruleset")
    assert keeper.do("expire", ["eth0"]) == keeper.do("expire", ["eth0"]) == 0
    assert arp_is_answered(watcher, VIP)
    assert not arp_is_answered(watcher, OTHER_VIP)


def test_two_daemons_have_fences_of_their_own(host: Node, watcher: Node, keeper: Keeper) -> None:
    keeper.do("fit", {VIP: "eth0"}, table="one")
    keeper.do("fit", {OTHER_VIP: "eth0"}, table="two")
    keeper.do("renew", {"eth0": 600_000}, table="two")
    assert not arp_is_answered(watcher, VIP)
    assert arp_is_answered(watcher, OTHER_VIP)
    assert keeper.do("remove", table="one") == keeper.do("remove", table="one") == 0
    assert arp_is_answered(watcher, VIP)
    assert "table inet two" in host.run("nft", "list", "ruleset")


def test_an_administrators_flush_is_noticed(host: Node, keeper: Keeper) -> None:
    keeper.do("fit", {VIP: "eth0"})
    host.run("nft", "flush", "ruleset")
    assert keeper.do("renew", {"eth0": 1_000}) == 2, "ENOENT"
    assert keeper.do("make", {VIP: "eth0"}) == 0
    assert keeper.do("renew", {"eth0": 1_000}) == 0


def test_nft_reads_what_it_prints(host: Node, keeper: Keeper) -> None:
    """Whoever keeps a host's rules in a file lists them, and loads them at the next boot."""
    odd = "br lan/0:1@x"
    keeper.do("fit", {VIP: "eth0", VIP6: "eth0.100", OTHER_VIP: odd})
    assert keeper.do("renew", {"eth0": 600_000, odd: 600_000}) == 0
    said = host.run("nft", "list", "ruleset")
    assert "alive_eth0.100" in said
    assert "invalid" not in said
    host.run("sh", "-ec", "nft list ruleset > /run/rules; nft flush ruleset; nft -f /run/rules")


def test_who_may_not_is_told_what_it_takes() -> None:
    code = "from vipkeeper.linux.nft_fence import NftFence; NftFence('x').fit({})"
    ended = subprocess.run(
        ["unshare", "--user", "--", sys.executable, "-c", code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "CAP_NET_ADMIN" in ended.stderr
