"""A port as the instance sees it: a link with an address by DHCP, or given at boot."""

from __future__ import annotations

from vipkeeper.lab.instance.order import Interface
from vipkeeper.lab.plane import Plane, Port


def interface(plane: Plane, port: Port, device: str) -> Interface:
    """What an instance's init has to know of a link."""
    network = plane.network(port.network)
    static, gateway, dhcp = [], "", False
    for address in port.fixed_ips:
        subnet = network.subnet_of(address)
        if subnet is None:
            continue
        if address.version == 4 and subnet.enable_dhcp:
            dhcp = True
            continue
        static.append(f"{address}/{subnet.cidr.prefixlen}")
        gateway = gateway or str(subnet.gateway or "")
    return Interface(device, network.mtu, tuple(static), gateway, dhcp)
