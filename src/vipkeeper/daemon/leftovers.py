"""What a speaker that was killed has left behind."""

from __future__ import annotations

from vipkeeper.daemon.circumstances import source_address
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.errors import KernelError
from vipkeeper.linux.address_removal import delete_alone
from vipkeeper.linux.rtnetlink import RouteNetlink


def remove_addresses(held: list[InstanceSettings]) -> list[str]:
    """Take the virtual addresses of these instances off their interfaces, but an owner's own.

    Returns:
        what could not be removed, in words.
    """
    if not held:
        return []
    failures = []
    netlink = RouteNetlink()
    interfaces = Interfaces()
    virtual = {address.address for settings in held for address in settings.addresses}
    try:
        interfaces.replace_all(netlink.links(), netlink.addresses())
        for settings in held:
            own = source_address(settings, interfaces, virtual)
            for address in settings.addresses:
                link = interfaces.link(address.device)
                if link is None or address.address == own:
                    continue
                try:
                    delete_alone(netlink, link.index, address.interface)
                except KernelError as error:
                    failures.append(f"({settings.name}) {error.message}")
            if settings.virtual_mac and (link := interfaces.link(settings.virtual_mac.interface)):
                try:
                    netlink.set_link(link.index, link.name, up=False)
                except KernelError as error:
                    failures.append(f"({settings.name}) {error.message}")
    finally:
        netlink.close()
    return failures
