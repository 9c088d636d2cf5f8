"""Deletion of known connections, held against what conntrack(8) lists."""

from __future__ import annotations

import sys

import pytest

from tests.topology import Network, Node, program

RULES = (
    "table inet t {"
    " chain raw { type filter hook output priority raw; udp dport 9 ct zone set 5; }"
    "; chain known { type filter hook output priority 0; ct state new accept; }"
    "; chain nat { type nat hook postrouting priority srcnat; udp dport 7 snat ip to 192.0.2.77; }"
    "; }"
)
CALL = """
import socket, sys
for address, port in (("192.0.2.9", 7), ("192.0.2.8", 8), ("192.0.2.8", 9), ("2001:db8::8", 8)):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.sendto(b"", (address, port))
"""
DELETE = """
import sys
from ipaddress import ip_address
from vipkeeper.linux.conntrack import Selection, delete
side, address, *numbers = sys.argv[1:]
print(delete([Selection(side, ip_address(address), *map(int, numbers))]))
"""


@pytest.fixture
def node(network: Network) -> Node:
    """It knows of four calls: a translated one, two (one of them in a zone), and one by IPv6."""
    node = network.add_node("node", "192.0.2.1/24")
    node.run("ip", "address", "add", "2001:db8::1/64", "dev", "eth0", "nodad")
    node.run(program("nft"), RULES)
    node.run(sys.executable, "-c", CALL)
    assert len(known(node)) == 4
    return node


def known(node: Node) -> list[str]:
    conntrack = program("conntrack")
    listed = [node.run(conntrack, "-L", "-p", "udp", "-f", family) for family in ("ipv4", "ipv6")]
    return [line for text in listed for line in text.splitlines()]


@pytest.mark.parametrize(
    ("selection", "port"),
    [
        (("destination", "192.0.2.8"), "8"),
        (("destination", "192.0.2.8", "5"), "9"),
        (("destination", "192.0.2.8", "0", "17"), "8"),
        (("reply destination", "192.0.2.77"), "7"),
        (("source", "2001:db8::1"), "8"),
    ],
)
def test_what_is_selected_is_known_no_longer(
    node: Node, selection: tuple[str, ...], port: str
) -> None:
    before = known(node)
    assert node.run(sys.executable, "-c", DELETE, *selection) == "1\n"
    (gone,) = set(map(_stable, before)) - set(map(_stable, known(node)))
    assert f"dport={port} " in gone
    assert node.run(sys.executable, "-c", DELETE, *selection) == "0\n"


@pytest.mark.parametrize(
    "selection",
    [
        ("destination", "192.0.2.8", "6"),
        ("destination", "192.0.2.8", "0", "6"),
        ("source", "192.0.2.8"),
        ("reply destination", "192.0.2.9"),
    ],
)
def test_nothing_else_goes(node: Node, selection: tuple[str, ...]) -> None:
    assert node.run(sys.executable, "-c", DELETE, *selection) == "0\n"
    assert len(known(node)) == 4


def _stable(line: str) -> str:
    """Without the seconds that are left."""
    return " ".join(word for word in line.split() if not word.isdigit())
