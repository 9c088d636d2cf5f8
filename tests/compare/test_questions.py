"""The questions, asked of the kernel, and what vipkeeperd announces, read by the same eyes."""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from benchmarks.compare.questions import Heard, Question, Solicitation, WhoHas
from tests.topology import Network
from vipkeeper.vrrp import announcement

MAC, OWN_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000005")
VIP, VIP6 = IPv4Address("192.0.2.9"), IPv6Address("2001:db8::9")
ADDRESSES = {4: ("192.0.2.5/24", "192.0.2.9/24"), 6: ("2001:db8::5/64", "2001:db8::9/64")}

QUESTIONS: list[tuple[Question, IPv4Address | IPv6Address]] = [
    (WhoHas(VIP, IPv4Address("192.0.2.5"), OWN_MAC), VIP),
    (Solicitation(VIP6, IPv6Address("2001:db8::5"), OWN_MAC), VIP6),
]


@pytest.mark.parametrize(("question", "vip"), QUESTIONS)
def test_an_announcement_is_no_answer(question: Question, vip: IPv4Address | IPv6Address) -> None:
    frame = announcement.frame(MAC, vip, router=False)
    assert question.read(frame) == Heard(MAC, unasked=True)


@pytest.mark.parametrize(("question", "vip"), QUESTIONS)
def test_what_is_about_another_address_is_not_heard(
    question: Question, vip: IPv4Address | IPv6Address
) -> None:
    assert question.read(announcement.frame(MAC, vip + 1, router=False)) is None
    assert question.read(b"short") is None


@pytest.mark.parametrize("family", [4, 6])
def test_the_kernel_answers_the_witness_for_an_address_that_it_has(
    network: Network, family: int
) -> None:
    """Of two nodes, one has the address: that one is seen to hold it, and it alone."""
    own, vip = ADDRESSES[family]
    watcher, one, other = (
        network.add_node(name, address)
        for name, address in (
            ("watcher", "198.51.100.5/24"),
            ("one", "198.51.100.1/24"),
            ("other", "198.51.100.2/24"),
        )
    )
    for node, address in ((watcher, own), (one, vip)):
        flags = ("nodad",) if family == 6 else ()
        node.run("ip", "address", "add", address, "dev", "eth0", *flags)
    plain = [address.partition("/")[0] for address in (vip, own)]
    witness = watcher.start(
        *("env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable),
        *("-m", "benchmarks.compare.witness", *plain),
        *(f"{node.name}={node.mac()}" for node in (one, other)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert witness.stdout is not None
    assert witness.stdout.readline() == b"ready\n"
    # When this answers, the witness has asked for many of its periods.
    watcher.run("ping", "-c", "3", "-i", "0.3", plain[0])
    seen = json.loads(witness.communicate(timeout=30)[0])
    assert seen["held"]["one"]
    assert not seen["held"]["other"]
