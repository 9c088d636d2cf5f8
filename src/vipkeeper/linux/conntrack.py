"""Connection tracking over netlink: connections that the kernel is to know no longer.

Written for what conntrack(8) is too slow for: it lists the whole table for each deletion, and
the table, which all network namespaces share, takes the kernel 14 ms to go through.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from vipkeeper.errors import KernelError
from vipkeeper.linux.netlink import NLA_F_NESTED, NetlinkSocket, attribute, attributes

Address = IPv4Address | IPv6Address
Side = Literal["source", "destination", "reply destination"]

_NETLINK_NETFILTER = 12

# linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h
_SUBSYSTEM = 1 << 8  # NFNL_SUBSYS_CTNETLINK
_GET, _DELETE = _SUBSYSTEM | 1, _SUBSYSTEM | 2
_TUPLE_ORIGINAL, _TUPLE_REPLY, _ID, _ZONE = 1, 2, 12, 18
_TUPLE_IP, _TUPLE_PROTOCOL = 1, 2
_IP_SOURCE = {socket.AF_INET: 1, socket.AF_INET6: 3}
_PROTOCOL_NUMBER = 1
_NFGENMSG = struct.Struct("!BBH")  # family, version 0, resource 0
_ENOENT = 2


@dataclass(frozen=True, slots=True)
class Selection:
    """Connections that have an address at one side.

    Attributes:
        zone: connection tracking zone; 0 is where none was set.
        protocol: number of the IP protocol, None for any.
    """

    side: Side
    address: Address
    zone: int = 0
    protocol: int | None = None


def delete(selections: Collection[Selection]) -> int:
    """Delete what is selected by any, in this network namespace; how many there were.

    Raises:
        KernelError: the kernel does not let us.
    """
    netlink = NetlinkSocket(_NETLINK_NETFILTER)
    try:
        return sum(
            _delete(netlink, family, found)
            for family, version in ((socket.AF_INET, 4), (socket.AF_INET6, 6))
            if (wanted := {one for one in selections if one.address.version == version})
            for _, found in netlink.dump(_GET, _head(family), "known connections")
            if not wanted.isdisjoint(_selections(family, attributes(found[_NFGENMSG.size :])))
        )
    finally:
        netlink.close()


def _selections(family: int, connection: dict[int, bytes]) -> Iterable[Selection]:
    """All that would select a connection."""
    original = attributes(connection[_TUPLE_ORIGINAL])
    reply = attributes(connection[_TUPLE_REPLY])
    protocol = attributes(original[_TUPLE_PROTOCOL])[_PROTOCOL_NUMBER][0]
    zone = int.from_bytes(connection.get(_ZONE, b""))
    first = _IP_SOURCE[socket.AddressFamily(family)]
    sides: tuple[tuple[Side, bytes], ...] = (
        ("source", attributes(original[_TUPLE_IP])[first]),
        ("destination", attributes(original[_TUPLE_IP])[first + 1]),
        ("reply destination", attributes(reply[_TUPLE_IP])[first + 1]),
    )
    for side, address in sides:
        for number in (protocol, None):
            yield Selection(side, ip_address(address), zone, number)


def _delete(netlink: NetlinkSocket, family: int, found: bytes) -> int:
    connection = attributes(found[_NFGENMSG.size :])
    same = [_TUPLE_ORIGINAL, *(kind for kind in (_ZONE, _ID) if kind in connection)]
    body = b"".join(
        attribute(kind | (NLA_F_NESTED if kind == _TUPLE_ORIGINAL else 0), connection[kind])
        for kind in same
    )
    errno = netlink.request(_DELETE, 0, _head(family) + body)
    if errno not in (0, _ENOENT):  # it may have ended meanwhile
        raise KernelError("delete a known connection", errno)
    return 1


def _head(family: int) -> bytes:
    return _NFGENMSG.pack(family, 0, 0)
