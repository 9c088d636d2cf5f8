"""Whole Ethernet frames (packet(7)): sending gratuitous ARP, hearing that of others."""

from __future__ import annotations

import ctypes
import socket
import struct

from vipkeeper.errors import KernelError
from vipkeeper.vrrp.announcement import (
    ETHERTYPE_ARP,
    ETHERTYPE_IPV6,
    IPPROTO_ICMPV6,
    NEIGHBOR_ADVERTISEMENT,
)
from vipkeeper.vrrp.version import Family

_SO_ATTACH_FILTER = 26  # asm/socket.h
_PACKET_OUTGOING = 4  # linux/if_packet.h
_FRAME_SIZE = 2048

# Classic BPF (linux/filter.h) on the frame: the next header's number, then the ICMPv6 type.
_LOAD_BYTE, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x15, 0x06
_LOAD_HALF_WORD = 0x28
_NEIGHBOR_SOLICITATION = 135  # RFC 4861 4.3
_ETH_P_ALL = 3  # linux/if_ether.h
_NEIGHBOR_DISCOVERY = (  # ARP, solicitations and advertisements
    (_LOAD_HALF_WORD, 0, 0, 12),
    (_JUMP_IF_EQUAL, 6, 0, ETHERTYPE_ARP),
    (_JUMP_IF_EQUAL, 0, 6, ETHERTYPE_IPV6),
    (_LOAD_BYTE, 0, 0, 20),
    (_JUMP_IF_EQUAL, 0, 4, IPPROTO_ICMPV6),
    (_LOAD_BYTE, 0, 0, 54),
    (_JUMP_IF_EQUAL, 1, 0, _NEIGHBOR_SOLICITATION),
    (_JUMP_IF_EQUAL, 0, 1, NEIGHBOR_ADVERTISEMENT),
    (_RETURN, 0, 0, _FRAME_SIZE),
    (_RETURN, 0, 0, 0),
)
_NEIGHBOR_ADVERTISEMENTS = (
    (_LOAD_BYTE, 0, 0, 20),
    (_JUMP_IF_EQUAL, 0, 3, IPPROTO_ICMPV6),
    (_LOAD_BYTE, 0, 0, 54),
    (_JUMP_IF_EQUAL, 0, 1, NEIGHBOR_ADVERTISEMENT),
    (_RETURN, 0, 0, _FRAME_SIZE),
    (_RETURN, 0, 0, 0),
)


class FrameSender:
    """Sends frames out of any interface; receives nothing."""

    def __init__(self) -> None:
        try:
            # Protocol 0: no frame is ever delivered to this socket.
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 0
            )
        except OSError as error:
            raise KernelError(
                "open a packet socket",
                error.errno or 0,
                remedy="it takes root, or the capability CAP_NET_RAW",
            ) from None

    def send(self, interface: str, frame: bytes) -> None:
        """Raises KernelError if the frame did not leave."""
        try:
            self._socket.sendto(frame, (interface, 0))
        except OSError as error:
            raise KernelError(f"send a frame on {interface}", error.errno or 0) from None

    def close(self) -> None:
        self._socket.close()


class AnnouncementReceiver:
    """Hears which addresses other hosts on one interface say to have: ARP, or in IPv6 NAs.

    Frames that leave this host are not heard: the kernel shows those only to sockets that want
    every protocol.
    """

    def __init__(self, interface: str, family: Family) -> None:
        self.interface = interface
        ethertype = ETHERTYPE_ARP if family is Family.IPV4 else ETHERTYPE_IPV6
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self._socket = socket.socket(socket.AF_PACKET, kind, 0)
        except OSError as error:
            raise KernelError("open a packet socket", error.errno or 0) from None
        try:
            if family is Family.IPV6:
                _attach(self._socket, _NEIGHBOR_ADVERTISEMENTS)
            self._socket.bind((interface, ethertype))
        except OSError as error:
            self._socket.close()
            raise KernelError(f"listen to ARP on {interface}", error.errno or 0) from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """The next frame, None if there is none."""
        while True:
            try:
                frame, (_, _, packet_type, *_) = self._socket.recvfrom(_FRAME_SIZE)
            except OSError:  # none there, or ENETDOWN, which the link's own event tells
                return None
            if packet_type != _PACKET_OUTGOING:
                return frame

    def close(self) -> None:
        self._socket.close()


class BridgePortReceiver:
    """Hears ARP and neighbour discovery that come in at one port of a bridge.

    The bridge takes a frame before any socket of the frame's own protocol is asked: only who
    wants every protocol sees it, and it sees what leaves by the port as well.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self._socket = socket.socket(socket.AF_PACKET, kind, 0)
        except OSError as error:
            raise KernelError("open a packet socket", error.errno or 0) from None
        try:
            _attach(self._socket, _NEIGHBOR_DISCOVERY)
            self._socket.bind((interface, _ETH_P_ALL))
        except OSError as error:
            self._socket.close()
            raise KernelError(f"listen to ARP on {interface}", error.errno or 0) from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """The next frame that has come in, None if there is none.

        Raises:
            KernelError: the interface is down, or gone.
        """
        while True:
            try:
                frame, (_, _, packet_type, *_) = self._socket.recvfrom(_FRAME_SIZE)
            except BlockingIOError:
                return None
            except OSError as error:
                raise KernelError(f"listen to ARP on {self.interface}", error.errno or 0) from None
            if packet_type != _PACKET_OUTGOING:
                return frame

    def close(self) -> None:
        self._socket.close()


def _attach(listener: socket.socket, program: tuple[tuple[int, int, int, int], ...]) -> None:
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    described = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
