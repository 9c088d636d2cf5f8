"""What the interfaces mean for a virtual router: may it take part, from where, how strongly."""

from __future__ import annotations

from collections.abc import Collection

from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.version import Family

_MIN_PRIORITY, _MAX_PRIORITY = 1, 254


def source_address(
    settings: InstanceSettings, interfaces: Interfaces, virtual: Collection[Address]
) -> Address | None:
    """What its adverts are sent from, None while there is nothing.

    Args:
        virtual: addresses that come and go with the state of a virtual router. Those of an owner
            are its own at once (RFC 9568 1.6).
    """
    if settings.source is not None:
        return settings.source
    own = _primary_address(settings, interfaces, virtual)
    return _primary_address(settings, interfaces, ()) if own is None and settings.is_owner else own


def _primary_address(
    settings: InstanceSettings, interfaces: Interfaces, virtual: Collection[Address]
) -> Address | None:
    """The first of the interface's addresses that its adverts may come from (RFC 9568 5.1.2.1).

    In IPv6 that is a link-local one, unless all peers are farther away than the link.
    """
    family = Family(settings.family)
    far_away = bool(settings.peers) and not any(
        peer.address.is_link_local for peer in settings.peers
    )
    for address in interfaces.own_addresses(settings.interface, family, virtual):
        if family is Family.IPV4 or address.is_link_local != far_away:
            return address
    return None


def obstacle(
    settings: InstanceSettings, interfaces: Interfaces, source: Address | None
) -> ShutdownCause | None:
    """Why it can take no part, None if it can."""
    if interfaces.link(settings.interface) is None:
        return ShutdownCause.NO_INTERFACE
    if not settings.ignore_own_interface and not interfaces.is_usable(settings.interface):
        return ShutdownCause.INTERFACE_DOWN
    if lacks_virtual_interface(settings, interfaces):
        return ShutdownCause.NO_VIRTUAL_INTERFACE
    if source is None:
        return ShutdownCause.NO_PRIMARY_ADDRESS
    if settings.track_source and not interfaces.host_has(source):
        return ShutdownCause.NO_SOURCE_ADDRESS
    if not settings.advertised:
        return ShutdownCause.NO_VIRTUAL_ADDRESS
    for tracked in settings.tracked:
        if tracked.weight == 0 and interfaces.is_usable(tracked.name) == tracked.reverse:
            return ShutdownCause.TRACKED_INTERFACE_DOWN
    return None


def lacks_virtual_interface(settings: InstanceSettings, interfaces: Interfaces) -> bool:
    """It needs an interface with the virtual MAC, and there is none, or only somebody else's."""
    if settings.virtual_mac is None:
        return False
    link, parent = (
        interfaces.link(settings.virtual_mac.interface),
        interfaces.link(settings.interface),
    )
    if link is None or parent is None:
        return True
    return (link.mac, link.parent) != (settings.virtual_mac.packed, parent.index)


def effective_priority(settings: InstanceSettings, interfaces: Interfaces) -> int:
    """Keepalived's weights: added while up if positive, taken off while down if negative.

    In reverse, as it has it: taken off while up if positive, added while down if negative.
    """
    if settings.is_owner:
        return settings.priority  # the owner stays the owner
    priority = settings.priority
    for tracked in settings.tracked:
        if interfaces.is_usable(tracked.name) == (tracked.weight > 0):
            priority += -tracked.weight if tracked.reverse else tracked.weight
    return min(max(priority, _MIN_PRIORITY), _MAX_PRIORITY)
