from __future__ import annotations

import sys

import pytest

from tests.topology import Network
from vipkeeper.errors import KernelError
from vipkeeper.linux import sysctl

CODE = """
from vipkeeper.linux import sysctl
path = sysctl.of_interface(4, "dot.ted", "arp_ignore")
print(sysctl.read(path))
sysctl.write(path, "1")
print(sysctl.read(path))
"""


def test_an_interface_is_found_whatever_its_name(network: Network) -> None:
    """sysctl(8) would take the dot of vrrp.51 for another level."""
    node = network.add_node("node", "192.168.100.1/24")
    node.run("ip", "link", "add", "dot.ted", "type", "veth", "peer", "name", "other")
    assert node.run(sys.executable, "-c", CODE).split() == ["0", "1"]
    assert node.run("cat", "/proc/sys/net/ipv4/conf/dot.ted/arp_ignore") == "1\n"


def test_what_is_not_there_is_none_and_cannot_be_set() -> None:
    path = sysctl.of_interface(4, "no-such-thing", "arp_ignore")
    assert sysctl.read(path) is None
    with pytest.raises(KernelError, match=f"cannot set {path} to 1: No such file") as raised:
        sysctl.write(path, "1")
    assert "set it from outside" in str(raised.value)
