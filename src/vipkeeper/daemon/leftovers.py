"""What a speaker that was killed has left behind."""

from __future__ import annotations

from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.errors import KernelError
from vipkeeper.linux.rtnetlink import RouteNetlink


def remove_addresses(held: list[InstanceSettings]) -> list[str]:
    """Take the virtual addresses of these instances off their interfaces.

    Returns:
        what could not be removed, in words.
    """
    if not held:
        return []
    failures = []
    netlink = RouteNetlink()
    try:
        indexes = {link.name: link.index for link in netlink.links()}
        for settings in held:
            for address in settings.addresses:
                if address.device not in indexes:
                    continue
                try:
                    netlink.delete_address(indexes[address.device], address.interface)
                except KernelError as error:
                    failures.append(f"({settings.name}) {error.message}")
    finally:
        netlink.close()
    return failures
