from __future__ import annotations

import sys
import textwrap

from tests.topology import Network

PREAMBLE = """
from ipaddress import ip_interface, IPv4Address
from vipkeeper.errors import KernelError
from vipkeeper.linux.rtnetlink import *
netlink, monitor = RouteNetlink(), RouteMonitor()
eth0 = next(link for link in netlink.links() if link.name == "eth0")
vip = ip_interface("192.0.2.1/24")
"""


def run(network: Network, code: str) -> list[str]:
    """Run code on a node's own interfaces; what it printed, by line."""
    node = network.add_node("node", "192.168.100.1/24")
    return node.run(sys.executable, "-c", PREAMBLE + textwrap.dedent(code)).splitlines()


def test_an_address_is_added_once_and_deleted_once(network: Network) -> None:
    assert run(
        network,
        """
        new = NewAddress(eth0.index, vip, IPv4Address("192.0.2.255"), Scope.LINK, "eth0:vip")
        print(netlink.add_address(new), netlink.add_address(new))
        import subprocess
        shown = subprocess.run(["ip", "-4", "-o", "address", "show", "to", "192.0.2.1"],
                               capture_output=True, text=True).stdout
        print("brd 192.0.2.255 scope link eth0:vip" in shown)
        print(netlink.delete_address(eth0.index, vip), netlink.delete_address(eth0.index, vip))
        """,
    ) == ["True False", "True", "True False"]


def test_what_the_kernel_refuses_is_told_with_the_address(network: Network) -> None:
    assert run(
        network,
        """
        try:
            netlink.add_address(NewAddress(9999, vip))
        except KernelError as error:
            print(error)
        print(netlink.delete_address(9999, vip))
        """,
    ) == ["cannot add address 192.0.2.1/24 to interface 9999: No such device", "False"]


def test_changes_are_told_as_they_happen(network: Network) -> None:
    assert run(
        network,
        """
        import select
        def changes():
            select.select([monitor], [], [], 5)
            return [change for change in monitor.read() if not isinstance(change, Link)]
        netlink.add_address(NewAddress(eth0.index, vip))
        print(changes() == [InterfaceAddress(eth0.index, vip.ip, 24)])
        netlink.delete_address(eth0.index, vip)
        print(changes() == [AddressGone(eth0.index, vip.ip, 24)])
        print(monitor.read())
        """,
    ) == ["True", "True", "[]"]


def test_a_list_is_whole_however_long_it_is(network: Network) -> None:
    assert run(
        network,
        """
        for number in range(2000):
            new = ip_interface(f"10.9.{number // 250}.{number % 250 + 1}/32")
            netlink.add_address(NewAddress(eth0.index, new))
        print(sum(str(address.address).startswith("10.9.") for address in netlink.addresses()))
        """,
    ) == ["2000"]


def test_a_link_is_usable_only_with_a_carrier(network: Network) -> None:
    assert run(
        network,
        """
        import subprocess
        usable = lambda: next(link for link in netlink.links() if link.name == "eth0").usable
        before = usable()
        subprocess.run(["ip", "link", "set", "eth0", "down"], check=True)
        print(before, usable())
        """,
    ) == ["True False"]


def test_an_address_goes_when_nobody_renews_it(network: Network) -> None:
    assert run(
        network,
        """
        import time
        left, kept = ip_interface("192.0.2.1/24"), ip_interface("2001:db8::1/64")
        netlink.add_address(NewAddress(eth0.index, left, valid_seconds=2))
        netlink.add_address(NewAddress(eth0.index, kept, valid_seconds=2))
        held = lambda: {address.address for address in netlink.addresses()}
        deadline = time.monotonic() + 20
        while left.ip in held() and time.monotonic() < deadline:
            netlink.renew_address(NewAddress(eth0.index, kept, valid_seconds=60))
        print(left.ip in held(), kept.ip in held())
        """,
    ) == ["False True"]


def test_after_an_overrun_nothing_older_than_the_next_list_is_told(network: Network) -> None:
    """Else an address that was added before it, and deleted in it, would stay for good."""
    assert run(
        network,
        """
        for number in range(2000):
            address = ip_interface(f"10.1.{number // 250}.{number % 250}/32")
            netlink.add_address(NewAddress(eth0.index, address))
            netlink.delete_address(eth0.index, address)
        print(monitor.read(), monitor.read())
        netlink.add_address(NewAddress(eth0.index, vip))
        print(len(monitor.read()))
        """,
    ) == ["None []", "1"]
