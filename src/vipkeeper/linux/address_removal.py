"""Deleting one IPv4 address and no other.

The first address of a network on an interface is its primary one, the later ones are its
secondaries, and with the primary one the kernel deletes them all, unless promote_secondaries lets
the next one take its place (Linux, Documentation/networking/ip-sysctl.rst). A virtual address
becomes the primary one where everything was flushed, it was put back, and the host's own address
came last. systemd sets promote_secondaries on most hosts; where nobody did, it is set for the
moment of the deletion, on the interface as it is called at that moment: a setting for as long as
the daemon runs would miss interfaces that are made anew, and be left behind by a daemon that is
killed.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

from vipkeeper.errors import KernelError
from vipkeeper.linux import sysctl
from vipkeeper.linux.rtnetlink import InterfaceAddress, NewAddress, RouteNetlink


def delete_alone(
    netlink: RouteNetlink, index: int, interface: IPv4Interface | IPv6Interface
) -> bool:
    """Delete an address, and let those stay that would go along.

    Returns:
        True, or False if it was not there, or its interface is not.

    Raises:
        KernelError: the kernel refused.
    """
    if not isinstance(interface, IPv4Interface) or interface.network.prefixlen == 32:
        return netlink.delete_address(index, interface)
    setting = _setting(index)
    if setting is None:
        return netlink.delete_address(index, interface)
    try:
        with _promoting(setting):
            return netlink.delete_address(index, interface)
    except _CannotPromoteError:
        return _delete_and_put_others_back(netlink, index, interface)


class _CannotPromoteError(Exception):
    pass


def _setting(index: int) -> Path | None:
    """Where it is set, None where it need not be or there is no such interface."""
    if sysctl.read(sysctl.of_interface(4, "all", "promote_secondaries")) != "0":
        return None  # it holds for each interface, whatever its own says
    try:
        path = sysctl.of_interface(4, socket.if_indextoname(index), "promote_secondaries")
    except OSError:
        return None
    return path if sysctl.read(path) == "0" else None


@contextmanager
def _promoting(setting: Path) -> Iterator[None]:
    try:
        sysctl.write(setting, "1")
    except KernelError:
        raise _CannotPromoteError from None  # in a container /proc/sys is often read-only
    try:
        yield
    finally:
        with suppress(KernelError):  # its interface has gone meanwhile
            sysctl.write(setting, "0")


def _delete_and_put_others_back(
    netlink: RouteNetlink, index: int, interface: IPv4Interface
) -> bool:
    """The second best: they are away for a moment, and the routes by them for good."""
    before = _in_network(netlink, index, interface)
    deleted = netlink.delete_address(index, interface)
    after = {item.address for item in _in_network(netlink, index, interface)}
    for item in before:
        if item.address not in after and item.address != interface.ip:
            other = IPv4Interface((int(item.address), item.prefix_length))
            broadcast = other.network.broadcast_address if item.prefix_length < 31 else None
            netlink.add_address(NewAddress(index, other, broadcast))
    return deleted


def _in_network(
    netlink: RouteNetlink, index: int, interface: IPv4Interface
) -> list[InterfaceAddress]:
    """The addresses whose fate may hang on this one: of one network, with one prefix length."""
    return [
        item
        for item in netlink.addresses()
        if item.index == index
        and item.prefix_length == interface.network.prefixlen
        and item.address in interface.network
    ]
