"""Addresses, and the fence around them, that a daemon which was killed has left behind.

Which they may be is noted before any is added; they are removed by the next start, the fence last.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_interface

from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.errors import KernelError
from vipkeeper.linux.address_removal import delete_alone
from vipkeeper.linux.nft_fence import NftFence
from vipkeeper.linux.rtnetlink import RouteNetlink


def addresses_of(instances: Iterable[InstanceSettings]) -> list[tuple[str, str]]:
    """What these instances may add: interface and address.

    An owner's are the host's own (RFC 9568 1.6): they were there before us, and stay.
    """
    return [
        (item.device, str(item.interface))
        for settings in instances
        if not settings.is_owner
        for item in settings.addresses
    ]


def remove_addresses(left: Iterable[tuple[str, str]], tell: Callable[[str], None]) -> None:
    """Take these off their interfaces, where they are there.

    Args:
        tell: is told in words what was removed, and what could not be.
    """
    netlink = RouteNetlink()
    try:
        for device, address in left:
            try:
                if delete_alone(netlink, socket.if_nametoindex(device), ip_interface(address)):
                    tell(f"removed {address} from {device}, left by a daemon that was killed")
            except KernelError as error:
                tell(str(error))
            except OSError:
                continue  # the interface has gone, and the address with it
    finally:
        netlink.close()


def remove_fences(left: Iterable[str], tell: Callable[[str], None]) -> None:
    """Remove the fences of these names, where they are there."""
    for table in left:
        try:
            fence = NftFence(table)
            fence.remove()
            fence.close()
        except KernelError as error:
            tell(str(error))
