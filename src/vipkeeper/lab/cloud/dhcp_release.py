"""Taking a lease back from dnsmasq: a DHCPRELEASE in the name of who had it.

dnsmasq gives an address to nobody else as long as it is leased, whatever its hosts file says.
Neutron's agent runs ``dhcp_release`` for a port that is gone or has another address
(neutron/agent/linux/dhcp.py, ``_release_lease``).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address

from vipkeeper.linux import namespaces

_SERVER_PORT = 67
_BOOTREQUEST, _ETHERNET = 1, 1
_COOKIE = b"\x63\x82\x53\x63"  # RFC 2131 3
_MESSAGE_TYPE, _SERVER_IDENTIFIER, _END = 53, 54, 255  # RFC 2132
_DHCPRELEASE = 7

Lease = tuple[IPv4Address, str]
"""Address, and the MAC address of who has it."""


def release(leases: Iterable[Lease], server: IPv4Address, *, device: str, network: int) -> None:
    """Send a release of each lease to dnsmasq, which listens on ``device`` there."""
    with (
        namespaces.inside_network(network),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection,
    ):
        # By way of the loopback, and still as if it came in by the device (route's oif).
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        for address, mac in leases:
            connection.sendto(message(address, mac, server), (str(server), _SERVER_PORT))


def message(address: IPv4Address, mac: str, server: IPv4Address) -> bytes:
    """RFC 2131 4.4.6: the lease by ciaddr and chaddr, the server by its identifier."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    head = struct.pack("!BBBBIHH", _BOOTREQUEST, _ETHERNET, len(hardware), 0, 0, 0, 0)
    addresses = address.packed + bytes(12)  # ciaddr; yiaddr, siaddr, giaddr
    options = bytes((_MESSAGE_TYPE, 1, _DHCPRELEASE, _SERVER_IDENTIFIER, 4)) + server.packed
    return (
        head
        + addresses
        + hardware.ljust(16, b"\0")
        + bytes(64 + 128)
        + _COOKIE
        + options
        + bytes((_END,))
    )
