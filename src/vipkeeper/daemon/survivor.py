"""What is done for a speaker that was killed: it can neither resign nor let go itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from vipkeeper.daemon.circumstances import source_address
from vipkeeper.daemon.fence import NoFence
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.kernel_effects import KernelEffects
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.errors import KernelError
from vipkeeper.linux.rtnetlink import RouteNetlink
from vipkeeper.vrrp.advertisement import PRIORITY_RESIGNING
from vipkeeper.vrrp.datagram import Address


def give_up(held: Collection[InstanceSettings], tell: Callable[[str], None]) -> None:
    """Resign for each of these instances, then take their addresses away, but an owner's own.

    Args:
        tell: is told in words what could not be done.
    """
    if not held:
        return
    netlink = RouteNetlink()
    interfaces = Interfaces()
    effects = KernelEffects(
        interfaces, netlink, NoFence(), lambda name, error: tell(f"({name}) {error.message}")
    )
    try:
        interfaces.replace_all(netlink.links(), netlink.addresses())
        virtual = {address.address for settings in held for address in settings.addresses}
        own = {one.identity: source_address(one, interfaces, virtual) for one in held}
        for action in (_resign, _remove_addresses):
            for settings in held:
                try:
                    action(settings, own[settings.identity], interfaces, effects)
                except KernelError as error:
                    tell(f"({settings.name}) {error.message}")
        effects.finish()
    finally:
        effects.close()
        netlink.close()


def _resign(
    settings: InstanceSettings,
    source: Address | None,
    interfaces: Interfaces,
    effects: KernelEffects,
) -> None:
    link = interfaces.link(settings.interface)
    if link is not None and source is not None:
        router = replace(settings.virtual_router(), primary_address=source)
        effects.open_sender(link.name, link.index, router.family)
        effects.send_advertisement(router, router.advertisement(PRIORITY_RESIGNING))


def _remove_addresses(
    settings: InstanceSettings,
    source: Address | None,
    interfaces: Interfaces,
    effects: KernelEffects,
) -> None:
    for address in settings.addresses:
        if address.address != source and interfaces.has_address(address.device, address.address):
            effects.remove_address(address)
    if settings.virtual_mac is not None:
        effects.set_virtual_interface(settings.virtual_mac.interface, up=False)
