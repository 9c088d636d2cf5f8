"""Sending and receiving IP protocol 112 over IPv4 on one interface."""

from __future__ import annotations

import ctypes
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from vipkeeper.errors import KernelError
from vipkeeper.vrrp.advertisement import (
    GROUPS,
    IPPROTO_VRRP,
    MULTICAST_TTL,
    internet_checksum,
)
from vipkeeper.vrrp.version import Family

GROUP = GROUPS[Family.IPV4]
TOS_NETWORK_CONTROL = 0xC0  # DSCP CS6, what every peer sends
RECEIVE_BUFFER_SIZE = 4 << 20
"""The default held 256 of 1,000 adverts that came at once (measured)."""

IP_MULTICAST_ALL = 49  # linux/in.h; the socket module has no name for it
SO_RCVBUFFORCE = 33
SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
_BPF_RETURN_CONSTANT = 0x06

_IPV4_HEADER = struct.Struct("!BBHHHBBH4s4s")
_RECEIVE_SIZE = 1 << 16


@dataclass(frozen=True, slots=True)
class Datagram:
    """An IPv4 packet, taken apart."""

    source: IPv4Address
    destination: IPv4Address
    ttl: int
    payload: bytes


def parse_ipv4(packet: bytes) -> Datagram | None:
    """Take the header off, with its options; None if it is cut short or is none.

    What follows the total length (padding of a short Ethernet frame) is no part of the payload.
    """
    if len(packet) < _IPV4_HEADER.size:
        return None
    first, _tos, total, _id, _fragment, ttl, _protocol, _sum, source, destination = (
        _IPV4_HEADER.unpack_from(packet)
    )
    header_size = (first & 0x0F) * 4
    if first >> 4 != 4 or header_size < _IPV4_HEADER.size or total < header_size:
        return None
    if len(packet) < total:
        return None
    return Datagram(IPv4Address(source), IPv4Address(destination), ttl, packet[header_size:total])


def ipv4_packet(
    source: IPv4Address, destination: IPv4Address, identification: int, payload: bytes
) -> bytes:
    """An IPv4 packet with an advert: TOS 0xc0, TTL 255, DF clear (RFC 9568 5.1.1)."""

    def header(checksum: int) -> bytes:
        return _IPV4_HEADER.pack(
            0x45,
            TOS_NETWORK_CONTROL,
            _IPV4_HEADER.size + len(payload),
            identification,
            0,
            MULTICAST_TTL,
            IPPROTO_VRRP,
            checksum,
            source.packed,
            destination.packed,
        )

    return header(internet_checksum(header(0))) + payload


class VrrpReceiver:
    """A raw socket that hears the adverts of one interface, and no others."""

    def __init__(self, interface: str, index: int) -> None:
        self.interface = interface
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self._socket = socket.socket(socket.AF_INET, kind, IPPROTO_VRRP)
        except OSError as error:
            raise KernelError(
                "open a raw socket for protocol 112",
                error.errno or 0,
                remedy="it takes root, or the capability CAP_NET_RAW",
            ) from None
        try:
            self._confine(interface, index)
        except OSError as error:
            self._socket.close()
            raise KernelError(f"listen to adverts on {interface}", error.errno or 0) from None

    def _confine(self, interface: str, index: int) -> None:
        # Until it is bound a raw socket hears every interface: keep everything out meanwhile.
        _reject_all(self._socket)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        _enlarge_receive_buffer(self._socket)
        membership = struct.pack("4s4si", GROUP.packed, b"\0" * 4, index)
        self._socket.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def receive(self) -> bytes | None:
        """The next packet with its IP header, None if there is none."""
        try:
            return self._socket.recv(_RECEIVE_SIZE)
        except (BlockingIOError, OSError):
            return None  # ENETDOWN and the like are told by the link's own event


class VrrpSender:
    """A raw socket that sends whole IPv4 packets out of one interface."""

    def __init__(self, interface: str, index: int) -> None:
        self.interface = interface
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self._socket = socket.socket(socket.AF_INET, kind, socket.IPPROTO_RAW)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            multicast_interface = struct.pack("4s4si", b"\0" * 4, b"\0" * 4, index)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, multicast_interface)
        except OSError as error:
            raise KernelError(f"open a sending socket on {interface}", error.errno or 0) from None

    def send(self, packet: bytes, destination: IPv4Address) -> None:
        """Raises KernelError if the packet did not leave."""
        try:
            self._socket.sendto(packet, (str(destination), 0))
        except OSError as error:
            raise KernelError(f"send an advert on {self.interface}", error.errno or 0) from None

    def close(self) -> None:
        self._socket.close()


def _reject_all(raw: socket.socket) -> None:
    program = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN_CONSTANT, 0, 0, 0))
    filter_program = struct.pack("HxxxxxxP", 1, ctypes.addressof(program))
    raw.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_program)


def _enlarge_receive_buffer(raw: socket.socket) -> None:
    try:
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_SIZE)
    except PermissionError:  # in a user namespace: as much as net.core.rmem_max lets us
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_SIZE)
