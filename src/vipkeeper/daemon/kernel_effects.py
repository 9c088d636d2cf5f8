"""What the speaker does to the world: adverts, addresses and announcements, for real."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path

from vipkeeper.daemon.fence import Fence
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.leases import Leases
from vipkeeper.daemon.link_closer import LinkCloser
from vipkeeper.daemon.settings import InstanceSettings, VirtualAddress
from vipkeeper.errors import KernelError
from vipkeeper.linux.address_removal import delete_alone
from vipkeeper.linux.ip_packet import ip_packet, with_identification
from vipkeeper.linux.packet_socket import FrameSender
from vipkeeper.linux.rtnetlink import NewAddress, RouteNetlink
from vipkeeper.linux.vrrp_socket import VrrpSender
from vipkeeper.vrrp import announcement
from vipkeeper.vrrp.advertisement import Advertisement, encode
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import Family

ENODEV = 19
_IDENTIFICATIONS = 0xFFFF


class _Packets:
    """The packets of one advert, as long as it says the same (RFC 9568 7.2: the current values).

    A router is replaced by another object whenever anything about it changes.
    """

    def __init__(
        self, router: VirtualRouter, advertisement: Advertisement, source: Address
    ) -> None:
        self._router = router
        self._advertisement = advertisement
        self.packets = [
            (
                destination,
                ip_packet(
                    source,
                    destination,
                    0,
                    encode(advertisement, source, destination, router.checksum_form),
                    router.ttl,
                ),
            )
            for destination in router.destinations
        ]

    def say(self, router: VirtualRouter, advertisement: Advertisement) -> bool:
        return self._router is router and self._advertisement == advertisement


class KernelEffects:
    """Carries out actions through raw sockets and rtnetlink.

    Args:
        tell: is told of what went wrong and stops nothing: an interface's name, and why.
    """

    def __init__(
        self,
        interfaces: Interfaces,
        netlink: RouteNetlink,
        fence: Fence,
        tell: Callable[[str, KernelError], None],
    ) -> None:
        self._interfaces = interfaces
        self._fence = fence
        self._tell = tell
        self._leases = Leases(self._grant)
        self._fence_is_broken = False
        self._netlink = netlink
        self._frames = FrameSender()
        self._closer = LinkCloser(_take_down)
        self._senders: dict[tuple[str, Family], VrrpSender] = {}
        # The IP identification of the last advert of each virtual router: it rises by one with
        # each, as keepalived's does, so that a capture shows what was lost.
        self._identifications: dict[tuple[str, Family, int], int] = {}
        self._packets: dict[tuple[str, Family, int], _Packets] = {}
        # Where each address was put: its interface may get another name meanwhile.
        self._holding: dict[VirtualAddress, int] = {}

    def open_sender(self, interface: str, index: int, family: Family) -> None:
        self.close_sender(interface, family)
        self._senders[interface, family] = VrrpSender(interface, index, family)

    def close_sender(self, interface: str, family: Family) -> None:
        if sender := self._senders.pop((interface, family), None):
            sender.close()

    def send_advertisement(self, router: VirtualRouter, advertisement: Advertisement) -> None:
        """One packet to each destination, each with a checksum of its own.

        A peer that cannot be reached does not keep the advert from the others.

        Raises:
            KernelError: it left for none of them.
        """
        source = router.primary_address
        send = self._way_out(router)
        if send is None or source is None:
            raise KernelError(f"send an advert on {router.interface}", ENODEV)
        key = (router.interface, router.family, router.vrid)
        identification = self._identifications.get(key, 0) % _IDENTIFICATIONS + 1
        known = self._packets.get(key)
        if known is None or not known.say(router, advertisement):
            known = self._packets[key] = _Packets(router, advertisement, source)
        failure: KernelError | None = None
        left = 0
        for destination, packet in known.packets:
            try:
                send(with_identification(packet, identification), destination)
                left += 1
            except KernelError as error:
                failure = error
        try:
            if failure is not None and not left:
                raise failure
        finally:
            del failure  # its traceback holds this frame, and nobody collects cycles here
        self._identifications[key] = identification

    def _way_out(self, router: VirtualRouter) -> Callable[[bytes, Address], None] | None:
        """How a packet of this router leaves.

        With its virtual MAC (RFC 9568 7.2) it is a whole frame, for the interface that has this
        MAC has no address of the host. Where that interface has gone, as on the way out, the
        other one still carries the word.
        """
        if router.transmit_interface is not None and not router.peers:
            link = self._interfaces.link(router.transmit_interface)
            if link is not None:
                return partial(self._send_frame, link.name, link.mac)
        sender = self._senders.get((router.interface, router.family))
        return None if sender is None else sender.send

    def _send_frame(self, interface: str, mac: bytes, packet: bytes, group: Address) -> None:
        self._frames.send(interface, announcement.ethernet(mac, packet, group))

    def set_virtual_interface(self, name: str, *, up: bool) -> None:
        link = self._interfaces.link(name)
        if link is None:
            if up:
                raise KernelError(f"bring up interface {name}", ENODEV)
        elif up:
            self._closer.keep_open(link.index)
            self._netlink.set_link(link.index, name, up=True)
        else:
            self._closer.close_later(link.index, name)

    def failures(self) -> list[tuple[str, KernelError]]:
        """What was to be done later, and could not be: an interface's name, and why."""
        return self._closer.failures()

    def remove_fence(self) -> None:
        """The addresses have gone."""
        try:
            self._fence.remove()
        except KernelError as error:
            self._tell("fence", error)

    def finish(self) -> None:
        """Wait until what was to be done later is done."""
        self._closer.finish()

    def add_address(self, address: VirtualAddress) -> bool:
        link = self._interfaces.link(address.device)
        if link is None:
            raise KernelError(f"add address {address}", ENODEV)
        valid_seconds = self._fence.valid_seconds(address)
        added = self._netlink.add_address(_new_address(link.index, address, valid_seconds))
        self._holding[address] = link.index
        return added

    def remove_address(self, address: VirtualAddress) -> bool:
        link = self._interfaces.link(address.device)
        index = self._holding.pop(address, None if link is None else link.index)
        if index is None:
            return False  # it went with its interface
        removed = self._remove(index, address.interface)
        # Somebody may have added it with another prefix length, beside ours or (IPv6) before it.
        for form in list(self._interfaces.forms(index, address.address)):
            if form.prefix_length != address.interface.network.prefixlen:
                other = ip_interface((address.address.packed, form.prefix_length))
                removed = self._remove(index, other) or removed
        return removed

    def _remove(self, index: int, interface: IPv4Interface | IPv6Interface) -> bool:
        """Alone: a secondary address takes no other along, and there is less to do."""
        for form in self._interfaces.forms(index, interface.ip):
            if form.secondary and form.prefix_length == interface.network.prefixlen:
                return self._netlink.delete_address(index, interface)
        self._interfaces.doubt_secondaries(index)
        return delete_alone(self._netlink, index, interface)

    def extend_lease(self, settings: InstanceSettings, until: int) -> None:
        devices = {item.device for item in settings.addresses}
        self._leases.extend(settings.identity, devices, until, time.monotonic_ns())

    def end_lease(self, settings: InstanceSettings) -> None:
        self._leases.end(settings.identity)

    def _grant(self, device: str, until: int | None) -> None:
        """Unguarded is better than not at all: what goes wrong is told, once."""
        try:
            for address in self._fence.grant(device, until):
                if address in self._holding:
                    index, seconds = self._holding[address], self._fence.valid_seconds(address)
                    self._netlink.renew_address(_new_address(index, address, seconds))
        except KernelError as error:
            if not self._fence_is_broken:
                self._tell(device, error)
            self._fence_is_broken = True
        else:
            self._fence_is_broken = False

    def announce(self, interface: str, address: Address) -> None:
        link = self._interfaces.link(interface)
        if link is None:
            raise KernelError(f"announce {address} on {interface}", ENODEV)
        router = address.version == 6 and _forwards_ipv6(interface)
        frame = announcement.frame(link.mac, address, router=router)
        self._frames.send(interface, frame)

    def close(self) -> None:
        for interface, family in list(self._senders):
            self.close_sender(interface, family)
        self._frames.close()


def _new_address(index: int, address: VirtualAddress, valid_seconds: int | None) -> NewAddress:
    return NewAddress(
        index,
        address.interface,
        address.broadcast,
        address.scope,
        address.label,
        address.preferred_seconds,
        valid_seconds,
    )


def _take_down(index: int, name: str) -> None:
    netlink = RouteNetlink()  # of its own: it is called beside the loop
    try:
        netlink.set_link(index, name, up=False)
    except KernelError as error:
        if error.errno != ENODEV:  # gone is down
            raise
    finally:
        netlink.close()


def _forwards_ipv6(interface: str) -> bool:
    """What the kernel puts into the Router flag when it is asked for an address itself."""
    try:
        return Path("/proc/sys/net/ipv6/conf", interface, "forwarding").read_text() != "0\n"
    except OSError:  # no IPv6 in this kernel, or the interface has just gone
        return False
