"""Membership in the solicited-node groups of IPv6 addresses (RFC 4291 2.7.1), for as long as held.

The kernel joins the group of an address that is added and leaves it when that is removed, and
tells the routers on the link each time (MLDv2, RFC 3810). On an interface with a virtual MAC
address the latter comes from an address that has just moved to another router: the switch would
send there what is for that one. Whoever holds the group keeps the kernel from having anything
to tell.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv6Address

from vipkeeper.errors import KernelError

_PREFIX = IPv6Address("ff02::1:ff00:0").packed[:13]


def solicited_node_group(address: IPv6Address) -> IPv6Address:
    return IPv6Address(_PREFIX + address.packed[-3:])


class SolicitedNodeGroups:
    """The groups of these addresses on one interface, which may be down."""

    def __init__(self, index: int) -> None:
        self.index = index
        self._groups: set[IPv6Address] = set()
        try:
            self._socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        except OSError as error:
            raise KernelError("open a socket for IPv6", error.errno or 0) from None

    def hold(self, addresses: Iterable[IPv6Address]) -> None:
        """Those of these addresses and no others.

        Raises:
            KernelError: the kernel refused one of them.
        """
        wanted = {solicited_node_group(address) for address in addresses}
        for group in wanted - self._groups:
            self._change(socket.IPV6_JOIN_GROUP, group)
            self._groups.add(group)
        for group in self._groups - wanted:
            self._groups.discard(group)
            self._change(socket.IPV6_LEAVE_GROUP, group)

    def _change(self, option: int, group: IPv6Address) -> None:
        request = group.packed + struct.pack("=I", self.index)
        try:
            self._socket.setsockopt(socket.IPPROTO_IPV6, option, request)
        except OSError as error:
            raise KernelError(f"be a member of {group}", error.errno or 0) from None

    def close(self) -> None:
        self._socket.close()
