"""IPv6: a node's link-local address has to be the one that port security knows.

Neutron admits one link-local address of a port, the one made of its MAC address (EUI-64). What
comes from another is dropped: adverts by multicast, and neighbour discovery.
"""

from __future__ import annotations

from vipkeeper.openstack.deployment import Deployment

_NAME = "60-vipkeeper-eui64.conf"
SYSCTL = f"/etc/sysctl.d/{_NAME}"
NETWORK_MANAGER = f"/etc/NetworkManager/conf.d/{_NAME}"

_WHY = """\
# Port security knows one link-local address of a port, the one made of its MAC address (EUI-64):
# what comes from another is dropped, VRRP's adverts and neighbour discovery among it.
"""


def is_needed(deployment: Deployment) -> bool:
    return any(address.family == 6 for address in deployment.addresses)


def files(interface: str) -> dict[str, str]:
    """Paths and contents.

    networkd and ifupdown leave the address to the kernel, whose default EUI-64 is unless a secret
    is set; NetworkManager makes one of its own (stable-privacy).
    """
    names = dict.fromkeys(("default", interface))
    kernel = "".join(f"net.ipv6.conf.{one}.addr_gen_mode = 0\n" for one in names)
    return {
        SYSCTL: _WHY + kernel,
        NETWORK_MANAGER: f"{_WHY}[connection]\nipv6.addr-gen-mode=eui64\n",
    }


def commands(interface: str) -> tuple[tuple[str, ...], ...]:
    """What puts the files in force; NetworkManager first, which keeps the kernel from it."""
    reread = 'nmcli general reload conf && nmcli device reapply "$0"'
    return (
        ("sh", "-c", f"! command -v nmcli >/dev/null || {{ {reread}; }}", interface),
        ("sysctl", "-q", "-p", SYSCTL),
    )
