from __future__ import annotations

import sys
import textwrap

from tests.topology import Network

PREAMBLE = """
import socket, subprocess
from vipkeeper.errors import KernelError
from vipkeeper.linux.macvlan import Macvlans
macvlans = Macvlans()
eth0 = socket.if_nametoindex("eth0")
mac = bytes.fromhex("00005e000133")
def show(name, *what):
    shown = subprocess.run(["ip", "-d", *what, "show", "dev", name], capture_output=True, text=True)
    return shown.stdout
"""


def run(network: Network, code: str) -> list[str]:
    """Run code on a node's own interfaces; what it printed, by line."""
    node = network.add_node("node", "192.168.100.1/24")
    return node.run(sys.executable, "-c", PREAMBLE + textwrap.dedent(code)).splitlines()


def test_one_is_made_down_in_bridge_mode_and_deleted_once(network: Network) -> None:
    assert run(
        network,
        """
        made = macvlans.add("vrrp.51", eth0, mac)
        print(made.name, made.parent == eth0, made.mac == mac, macvlans.all() == [made])
        shown = show("vrrp.51", "link")
        print("macvlan mode bridge" in shown, "<BROADCAST,MULTICAST>" in shown)
        print(macvlans.delete(made.index), macvlans.delete(made.index), macvlans.all())
        """,
    ) == ["vrrp.51 True True True", "True True", "True False []"]


def test_ipv6_gives_it_no_address_of_its_own(network: Network) -> None:
    """RFC 9568 7.4: the virtual MAC makes no interface identifier."""
    assert run(
        network,
        """
        macvlans.add("vrrp.51", eth0, mac)
        subprocess.run(["ip", "link", "set", "vrrp.51", "up"], check=True)
        print(repr(show("vrrp.51", "-6", "address")))
        """,
    ) == ["''"]


def test_a_name_that_is_taken_is_told(network: Network) -> None:
    assert run(
        network,
        """
        try:
            macvlans.add("eth0", eth0, mac)
        except KernelError as error:
            print(error)
        print(macvlans.all())
        """,
    ) == ["cannot make interface eth0: File exists", "[]"]
