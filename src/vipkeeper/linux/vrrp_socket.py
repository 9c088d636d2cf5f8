"""Sending and receiving IP protocol 112 on one interface, over IPv4 and over IPv6."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv6Address

from vipkeeper.errors import KernelError
from vipkeeper.linux.ip_packet import parse_ipv4
from vipkeeper.vrrp.advertisement import IPPROTO_VRRP
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.version import Family

RECEIVE_BUFFER_SIZE = 4 << 20
"""The default held 256 of 1,000 adverts that came at once (measured)."""

# linux/in.h, linux/in6.h, asm/socket.h; the socket module has no names for these.
IP_MULTICAST_ALL = 49
IPV6_MULTICAST_ALL = 29
SO_RCVBUFFORCE = 33
SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
_BPF_RETURN_CONSTANT = 0x06

_RECEIVE_SIZE = 1 << 16
_NOWHERE = IPv6Address(0)
_PACKET_INFO = struct.Struct("=16sI")
_HOP_LIMIT = struct.Struct("=i")
_ANCILLARY_SIZE = socket.CMSG_SPACE(_PACKET_INFO.size) + socket.CMSG_SPACE(_HOP_LIMIT.size)

_SOCKET_FAMILY = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}


class VrrpReceiver:
    """A raw socket that hears the adverts of one interface and one family, and no others.

    It hears what is sent to the groups that it listens to, and what is sent to the host itself.
    """

    def __init__(self, interface: str, index: int, family: Family) -> None:
        self.interface = interface
        self.family = family
        self._index = index
        self._groups: set[Address] = set()
        self._buffer = memoryview(bytearray(_RECEIVE_SIZE))
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self._socket = socket.socket(_SOCKET_FAMILY[family], kind, IPPROTO_VRRP)
        except OSError as error:
            raise KernelError(
                "open a raw socket for protocol 112",
                error.errno or 0,
                remedy="it takes root, or the capability CAP_NET_RAW",
            ) from None
        try:
            self._confine()
        except OSError as error:
            self._socket.close()
            raise KernelError(f"listen to adverts on {interface}", error.errno or 0) from None

    def _confine(self) -> None:
        # Until it is bound a raw socket hears every interface: keep everything out meanwhile.
        _reject_all(self._socket)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
        _enlarge_receive_buffer(self._socket)
        if self.family is Family.IPV4:
            self._socket.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        else:
            self._socket.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)

    def listen_to(self, groups: Collection[Address]) -> None:
        """Be a member of these groups and no others.

        Raises:
            KernelError: the kernel refused one of them.
        """
        for group in set(groups) - self._groups:
            self._change_membership(group, join=True)
            self._groups.add(group)
        for group in self._groups - set(groups):
            self._groups.discard(group)
            self._change_membership(group, join=False)

    def join_again(self) -> None:
        """The kernel may have forgotten the groups, as it does of IPv6 with an MTU below 1280.

        Raises:
            KernelError: the kernel refused one of them.
        """
        groups, self._groups = self._groups, set()
        for group in groups:
            with suppress(KernelError):  # it has forgotten
                self._change_membership(group, join=False)
        self.listen_to(groups)

    def _change_membership(self, group: Address, *, join: bool) -> None:
        try:
            if isinstance(group, IPv6Address):
                request = group.packed + struct.pack("=I", self._index)
                name = socket.IPV6_JOIN_GROUP if join else socket.IPV6_LEAVE_GROUP
                self._socket.setsockopt(socket.IPPROTO_IPV6, name, request)
            else:
                request = struct.pack("=4s4si", group.packed, b"\0" * 4, self._index)
                name = socket.IP_ADD_MEMBERSHIP if join else socket.IP_DROP_MEMBERSHIP
                self._socket.setsockopt(socket.IPPROTO_IP, name, request)
        except OSError as error:
            verb = "join" if join else "leave"
            raise KernelError(f"{verb} {group} on {self.interface}", error.errno or 0) from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def receive(self) -> Datagram | None:
        """The next packet, None if there is none."""
        try:
            return self._receive_ipv4() if self.family is Family.IPV4 else self._receive_ipv6()
        except (BlockingIOError, OSError):
            return None  # ENETDOWN and the like are told by the link's own event

    def _receive_ipv4(self) -> Datagram:
        """The kernel has checked the header; one that it gave us all the same is passed over."""
        while True:
            size = self._socket.recv_into(self._buffer)
            if (datagram := parse_ipv4(bytes(self._buffer[:size]))) is not None:
                return datagram

    def _receive_ipv6(self) -> Datagram:
        """The header stays in the kernel; what is needed of it comes beside (RFC 3542 6)."""
        payload, ancillary, _, sender = self._socket.recvmsg(_RECEIVE_SIZE, _ANCILLARY_SIZE)
        destination, hop_limit = _NOWHERE, 0
        for level, kind, data in ancillary:
            if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
                destination = IPv6Address(_PACKET_INFO.unpack(data)[0])
            elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_HOPLIMIT:
                (hop_limit,) = _HOP_LIMIT.unpack(data)
        return Datagram(_ipv6_address(sender[0]), destination, hop_limit, payload)


class VrrpSender:
    """A raw socket that sends whole IP packets out of one interface, and hears nothing."""

    def __init__(self, interface: str, index: int, family: Family) -> None:
        self.interface = interface
        self._index = index
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            # IPPROTO_RAW: the caller writes the IP header (raw(7)), in IPv6 too.
            self._socket = socket.socket(_SOCKET_FAMILY[family], kind, socket.IPPROTO_RAW)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            # Our own adverts must not come back to us.
            if family is Family.IPV4:
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
                out = struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index)
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, out)
            else:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        except OSError as error:
            raise KernelError(f"open a sending socket on {interface}", error.errno or 0) from None

    def send(self, packet: bytes, destination: Address) -> None:
        """Raises KernelError if the packet did not leave."""
        where: tuple[str, int] | tuple[str, int, int, int] = (str(destination), 0)
        if isinstance(destination, IPv6Address):
            where = (str(destination), 0, 0, self._index if destination.is_link_local else 0)
        try:
            self._socket.sendto(packet, where)
        except OSError as error:
            raise KernelError(
                f"send an advert on {self.interface} to {destination}", error.errno or 0
            ) from None

    def close(self) -> None:
        self._socket.close()


@lru_cache(maxsize=256)
def _ipv6_address(text: str) -> IPv6Address:
    """Of a sender, as fe80::1%eth0. To read it takes longer than all else about a packet."""
    return IPv6Address(text.partition("%")[0])


def _reject_all(raw: socket.socket) -> None:
    program = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN_CONSTANT, 0, 0, 0))
    filter_program = struct.pack("HxxxxxxP", 1, ctypes.addressof(program))
    raw.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_program)


def _enlarge_receive_buffer(raw: socket.socket) -> None:
    try:
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_SIZE)
    except PermissionError:  # in a user namespace: as much as net.core.rmem_max lets us
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_SIZE)
