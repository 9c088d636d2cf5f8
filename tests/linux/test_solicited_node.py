from __future__ import annotations

import sys
import textwrap
from ipaddress import IPv6Address

import pytest

from tests.topology import Network
from vipkeeper.linux.solicited_node import solicited_node_group

PREAMBLE = """
import socket, subprocess
from ipaddress import IPv6Address
from vipkeeper.errors import KernelError
from vipkeeper.linux.macvlan import Macvlans
from vipkeeper.linux.solicited_node import SolicitedNodeGroups
made = Macvlans().add("vrrp.51", socket.if_nametoindex("eth0"), bytes.fromhex("00005e000233"))
def ip(*what):
    subprocess.run(["ip", *what], check=True)
def members():
    lines = [line.split() for line in open("/proc/net/igmp6")]
    return {group[-6:]: int(users) for _, name, group, users, *_ in lines if name == "vrrp.51"}
one, other = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::200")
"""


def run(network: Network, code: str) -> list[str]:
    node = network.add_node("node", "192.168.100.1/24")
    return node.run(sys.executable, "-c", PREAMBLE + textwrap.dedent(code)).splitlines()


@pytest.mark.parametrize(
    ("address", "group"),
    [("fe80::2aa:ff:fe28:9c5a", "ff02::1:ff28:9c5a"), ("2001:db8::1:0", "ff02::1:ff01:0")],
)
def test_the_group_of_an_address(address: str, group: str) -> None:
    """The first is RFC 4291 2.7.1's own example."""
    assert str(solicited_node_group(IPv6Address(address))) == group


def test_a_group_that_is_held_stays_when_its_address_goes(network: Network) -> None:
    """The kernel tells of the first member and of the last."""
    assert run(
        network,
        """
        groups = SolicitedNodeGroups(made.index)
        groups.hold([one])  # the interface is down
        print(members()["000100"])
        ip("link", "set", "vrrp.51", "up")
        ip("address", "add", "2001:db8::100/64", "dev", "vrrp.51", "nodad")
        print(members()["000100"])
        ip("address", "del", "2001:db8::100/64", "dev", "vrrp.51")
        print(members()["000100"])
        groups.hold([other, other])
        print(members().get("000100"), members()["000200"])
        groups.close()
        print(members().get("000200"))
        """,
    ) == ["1", "2", "1", "None 1", "None"]


def test_an_interface_that_has_gone_is_said(network: Network) -> None:
    (said,) = run(
        network,
        """
        groups = SolicitedNodeGroups(99)
        try:
            groups.hold([one])
        except KernelError as error:
            print(error)
        """,
    )
    assert "be a member of ff02::1:ff00:100" in said
