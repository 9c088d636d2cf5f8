"""Primary and secondary IPv4 addresses on the real kernel."""

from __future__ import annotations

import sys

import pytest

from tests.topology import Network, Node

SETTING = "net.ipv4.conf.eth0.promote_secondaries"
VIP, OWN, OTHER = "192.0.2.1", "192.0.2.10", "192.0.2.11"

DELETE = """
import socket
from ipaddress import ip_interface
from vipkeeper.linux.address_removal import delete_alone
from vipkeeper.linux.rtnetlink import RouteNetlink
print(delete_alone(RouteNetlink(), socket.if_nametoindex("eth0"), ip_interface("192.0.2.1/24")))
"""


@pytest.fixture
def node(network: Network) -> Node:
    """With a virtual address that came first, and with two others in its network."""
    node = network.add_node("node", f"{VIP}/24")
    node.run("sysctl", "-qw", "net.ipv4.conf.all.promote_secondaries=0", f"{SETTING}=0")
    for address in (OWN, OTHER):
        node.run("ip", "address", "add", f"{address}/24", "brd", "+", "dev", "eth0")
    node.run("ip", "route", "add", "default", "via", "192.0.2.254")
    return node


def test_the_kernel_would_delete_them_all(node: Node) -> None:
    node.run("ip", "address", "del", f"{VIP}/24", "dev", "eth0")
    assert not node.holds(OWN)


@pytest.mark.parametrize("value", ["0", "1"])
def test_the_others_stay_with_their_routes_and_so_does_the_setting(node: Node, value: str) -> None:
    node.run("sysctl", "-qw", f"{SETTING}={value}")
    assert node.run(sys.executable, "-c", DELETE) == "True\n"
    assert not node.holds(VIP)
    assert node.holds(OWN)
    assert node.holds(OTHER)
    assert "default via 192.0.2.254" in node.run("ip", "route")
    assert f"192.0.2.0/24 dev eth0 proto kernel scope link src {OWN}" in node.run("ip", "route")
    assert node.run("sysctl", "-n", SETTING).strip() == value


def test_what_is_not_there_is_not_deleted(node: Node) -> None:
    node.run("ip", "address", "flush", "dev", "eth0")
    assert node.run(sys.executable, "-c", DELETE) == "False\n"


def test_where_the_setting_cannot_be_written_they_are_put_back(node: Node) -> None:
    read_only = 'mount -t proc proc /proc && mount -o remount,ro,bind /proc && exec "$@"'
    assert node.run("unshare", "--mount", "sh", "-c", read_only, "sh", sys.executable, "-c", DELETE)
    assert not node.holds(VIP)
    shown = node.run("ip", "-4", "address", "show", "dev", "eth0")
    for address in (OWN, OTHER):
        assert f"inet {address}/24 brd 192.0.2.255" in shown
    assert node.run("sysctl", "-n", SETTING).strip() == "0"
