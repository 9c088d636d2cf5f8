"""What the speaker does to the world: adverts, addresses and announcements, for real."""

from __future__ import annotations

from ipaddress import IPv4Address

from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.settings import VirtualAddress
from vipkeeper.errors import KernelError
from vipkeeper.linux.packet_socket import FrameSender
from vipkeeper.linux.rtnetlink import NewAddress, RouteNetlink
from vipkeeper.linux.vrrp_socket import GROUP, VrrpSender, ipv4_packet
from vipkeeper.vrrp.advertisement import Address, Advertisement, encode
from vipkeeper.vrrp.announcement import gratuitous_arp

ENODEV = 19
_IDENTIFICATIONS = 0xFFFF


class KernelEffects:
    """Carries out actions through raw sockets and rtnetlink."""

    def __init__(self, interfaces: Interfaces, netlink: RouteNetlink) -> None:
        self._interfaces = interfaces
        self._netlink = netlink
        self._frames = FrameSender()
        self._senders: dict[str, VrrpSender] = {}
        # The IP identification of the last advert, by interface and VRID: it rises by one with
        # each, as keepalived's does, so that a capture shows what was lost.
        self._identifications: dict[tuple[str, int], int] = {}
        # Where each address was put: its interface may get another name meanwhile.
        self._holding: dict[VirtualAddress, int] = {}

    def open_sender(self, interface: str, index: int) -> None:
        self.close_sender(interface)
        self._senders[interface] = VrrpSender(interface, index)

    def close_sender(self, interface: str) -> None:
        if sender := self._senders.pop(interface, None):
            sender.close()

    def send_advertisement(
        self, interface: str, source: Address, advertisement: Advertisement
    ) -> None:
        sender = self._senders.get(interface)
        if sender is None:
            raise KernelError(f"send an advert on {interface}", ENODEV)
        assert isinstance(source, IPv4Address)
        assert isinstance(GROUP, IPv4Address)
        key = (interface, advertisement.vrid)
        identification = self._identifications.get(key, 0) % _IDENTIFICATIONS + 1
        payload = encode(advertisement, source, GROUP)
        sender.send(ipv4_packet(source, GROUP, identification, payload), GROUP)
        self._identifications[key] = identification

    def add_address(self, address: VirtualAddress) -> bool:
        link = self._interfaces.link(address.device)
        if link is None:
            raise KernelError(f"add address {address}", ENODEV)
        added = self._netlink.add_address(
            NewAddress(
                link.index, address.interface, address.broadcast, address.scope, address.label
            )
        )
        self._holding[address] = link.index
        return added

    def remove_address(self, address: VirtualAddress) -> bool:
        link = self._interfaces.link(address.device)
        index = self._holding.pop(address, None if link is None else link.index)
        if index is None:
            return False  # it went with its interface
        return self._netlink.delete_address(index, address.interface)

    def announce(self, interface: str, address: Address) -> None:
        link = self._interfaces.link(interface)
        if link is None:
            raise KernelError(f"announce {address} on {interface}", ENODEV)
        assert isinstance(address, IPv4Address)
        self._frames.send(interface, gratuitous_arp(link.mac, address))

    def close(self) -> None:
        for interface in list(self._senders):
            self.close_sender(interface)
        self._frames.close()
