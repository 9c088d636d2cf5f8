"""Addresses and links through rtnetlink(7): as much as the daemon needs, and nothing imported.

An address is added in about 20 us this way; a general library takes ten times that and more
memory than the rest of the daemon (measured).
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from vipkeeper.errors import KernelError

NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400

RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18
RTM_NEWADDR = 20
RTM_DELADDR = 21
RTM_GETADDR = 22

RTMGRP_LINK = 0x1
RTMGRP_IPV4_IFADDR = 0x10
RTMGRP_IPV6_IFADDR = 0x100

IFLA_ADDRESS = 1
IFLA_IFNAME = 3
IFA_ADDRESS = 1
IFA_LOCAL = 2
IFA_LABEL = 3
IFA_BROADCAST = 4
IFA_CACHEINFO = 6
IFA_FLAGS = 8

IFA_F_NODAD = 0x02
IFA_F_OPTIMISTIC = 0x04
IFA_F_DADFAILED = 0x08
IFA_F_TENTATIVE = 0x40

INFINITE_LIFETIME = 0xFFFFFFFF

IFF_UP = 0x1
IFF_RUNNING = 0x40

_NLMSGHDR = struct.Struct("=IHHII")
_RTATTR = struct.Struct("=HH")
_IFADDRMSG = struct.Struct("=BBBBI")
_IFINFOMSG = struct.Struct("=BxHiII")
_RECEIVE_SIZE = 1 << 16


class Scope(IntEnum):
    """How far an address is valid (rtnetlink(7), /etc/iproute2/rt_scopes)."""

    GLOBAL = 0
    SITE = 200
    LINK = 253
    HOST = 254
    NOWHERE = 255


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface. ``usable``: administratively up, and with a carrier."""

    index: int
    name: str
    mac: bytes
    usable: bool


@dataclass(frozen=True, slots=True)
class LinkGone:
    index: int


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address that an interface has.

    Attributes:
        usable: it may be sent from: duplicate address detection (RFC 4862 5.4) is over and found
            nobody else who has it.
    """

    index: int
    address: IPv4Address | IPv6Address
    prefix_length: int
    usable: bool = True


@dataclass(frozen=True, slots=True)
class AddressGone:
    index: int
    address: IPv4Address | IPv6Address
    prefix_length: int


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address to be added, as ``ip address add`` takes it.

    An IPv6 address is used at once, without duplicate address detection (RFC 9568 8.2.2): a
    Backup may defend what the Active router has.

    Attributes:
        preferred_seconds: for so long it is chosen as a source (RFC 4862 5.5.4); None for ever.
    """

    index: int
    interface: IPv4Interface | IPv6Interface
    broadcast: IPv4Address | None = None
    scope: int = Scope.GLOBAL
    label: str | None = None
    preferred_seconds: int | None = None


Change = Link | LinkGone | InterfaceAddress | AddressGone


class RouteNetlink:
    """Requests to the kernel, each answered before the call returns."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def add_address(self, new: NewAddress) -> bool:
        """Add an address.

        Returns:
            True, or False if the interface has it already.

        Raises:
            KernelError: the kernel refused.
        """
        attributes = _attribute(IFA_LOCAL, new.interface.ip.packed)
        attributes += _attribute(IFA_ADDRESS, new.interface.ip.packed)
        if new.broadcast is not None:
            attributes += _attribute(IFA_BROADCAST, new.broadcast.packed)
        if new.label is not None:
            attributes += _attribute(IFA_LABEL, new.label.encode() + b"\0")
        if new.interface.version == 6:
            attributes += _attribute(IFA_FLAGS, struct.pack("=I", IFA_F_NODAD))
        if new.preferred_seconds is not None:
            lifetimes = struct.pack("=IIII", new.preferred_seconds, INFINITE_LIFETIME, 0, 0)
            attributes += _attribute(IFA_CACHEINFO, lifetimes)
        body = _address_header(new.interface, new.scope, new.index) + attributes
        code = self._request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body)
        if code not in (0, errno.EEXIST):
            raise KernelError(f"add address {new.interface} to interface {new.index}", code)
        return code == 0

    def delete_address(self, index: int, interface: IPv4Interface | IPv6Interface) -> bool:
        """Delete an address.

        Returns:
            True, or False if it was not there, or its interface is not.

        Raises:
            KernelError: the kernel refused.
        """
        body = _address_header(interface, Scope.GLOBAL, index)
        body += _attribute(IFA_LOCAL, interface.ip.packed)
        body += _attribute(IFA_ADDRESS, interface.ip.packed)
        code = self._request(RTM_DELADDR, NLM_F_ACK, body)
        if code not in (0, errno.EADDRNOTAVAIL, errno.ENODEV):
            raise KernelError(f"delete address {interface} from interface {index}", code)
        return code == 0

    def links(self) -> list[Link]:
        body = _IFINFOMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        return [change for change in self._dump(RTM_GETLINK, body) if isinstance(change, Link)]

    def addresses(self) -> list[InterfaceAddress]:
        body = _IFADDRMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        changes = self._dump(RTM_GETADDR, body)
        return [change for change in changes if isinstance(change, InterfaceAddress)]

    def _send(self, message_type: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        length = _NLMSGHDR.size + len(body)
        header = _NLMSGHDR.pack(length, message_type, flags | NLM_F_REQUEST, self._sequence, 0)
        self._socket.send(header + body)

    def _request(self, message_type: int, flags: int, body: bytes) -> int:
        """Send one request and return the error number of its acknowledgement (0: done)."""
        self._send(message_type, flags, body)
        while True:
            for kind, sequence, payload in _messages(self._socket.recv(_RECEIVE_SIZE)):
                if kind == NLMSG_ERROR and sequence == self._sequence:
                    return _error_number(payload)

    def _dump(self, message_type: int, body: bytes) -> list[Change]:
        self._send(message_type, NLM_F_DUMP, body)
        changes: list[Change] = []
        while True:
            for kind, sequence, payload in _messages(self._socket.recv(_RECEIVE_SIZE)):
                if sequence != self._sequence:
                    continue
                if kind == NLMSG_DONE:
                    return changes
                if kind == NLMSG_ERROR:
                    raise KernelError("list links and addresses", _error_number(payload))
                if (change := _change(kind, payload)) is not None:
                    changes.append(change)


class RouteMonitor:
    """What changes on links and addresses, as it happens; non-blocking."""

    def __init__(self) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._socket.bind((0, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR))

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def read(self) -> list[Change] | None:
        """What has changed since the last call.

        Returns:
            None if the kernel had more to say than the socket could hold: the caller must list
            links and addresses anew (netlink(7), ENOBUFS).
        """
        changes: list[Change] = []
        while True:
            try:
                data = self._socket.recv(_RECEIVE_SIZE)
            except BlockingIOError:
                return changes
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    return None
                raise KernelError("read changes of links and addresses", error.errno or 0) from None
            for kind, _, payload in _messages(data):
                if (change := _change(kind, payload)) is not None:
                    changes.append(change)


def _address_header(interface: IPv4Interface | IPv6Interface, scope: int, index: int) -> bytes:
    family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    return _IFADDRMSG.pack(family, interface.network.prefixlen, 0, scope, index)


def _attribute(kind: int, value: bytes) -> bytes:
    length = _RTATTR.size + len(value)
    return _RTATTR.pack(length, kind) + value + b"\0" * (-length % 4)


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    offset = 0
    while offset + _RTATTR.size <= len(data):
        length, kind = _RTATTR.unpack_from(data, offset)
        if length < _RTATTR.size:
            break
        found[kind & 0x3FFF] = data[offset + _RTATTR.size : offset + length]
        offset += (length + 3) & ~3
    return found


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, sequence number and payload of each netlink message in a datagram."""
    offset = 0
    while offset + _NLMSGHDR.size <= len(data):
        length, kind, _flags, sequence, _port = _NLMSGHDR.unpack_from(data, offset)
        if length < _NLMSGHDR.size:
            return
        yield kind, sequence, data[offset + _NLMSGHDR.size : offset + length]
        offset += (length + 3) & ~3


def _error_number(payload: bytes) -> int:
    code: int
    (code,) = struct.unpack_from("=i", payload)
    return -code


def _change(kind: int, payload: bytes) -> Change | None:
    if kind in (RTM_NEWLINK, RTM_DELLINK):
        return _link(kind, payload)
    if kind in (RTM_NEWADDR, RTM_DELADDR):
        return _address(kind, payload)
    return None


def _link(kind: int, payload: bytes) -> Link | LinkGone | None:
    family, _type, index, flags, _change_mask = _IFINFOMSG.unpack_from(payload)
    if family != socket.AF_UNSPEC:  # a bridge's report on its port: the link itself has not gone
        return None
    if kind == RTM_DELLINK:
        return LinkGone(index)
    attributes = _attributes(payload[_IFINFOMSG.size :])
    name = attributes.get(IFLA_IFNAME, b"").rstrip(b"\0").decode(errors="replace")
    usable = flags & (IFF_UP | IFF_RUNNING) == IFF_UP | IFF_RUNNING
    return Link(index, name, attributes.get(IFLA_ADDRESS, b""), usable)


def _address(kind: int, payload: bytes) -> InterfaceAddress | AddressGone | None:
    family, prefix_length, flags, _scope, index = _IFADDRMSG.unpack_from(payload)
    attributes = _attributes(payload[_IFADDRMSG.size :])
    packed = attributes.get(IFA_LOCAL) or attributes.get(IFA_ADDRESS)
    if packed is None:
        return None
    address = IPv4Address(packed) if family == socket.AF_INET else IPv6Address(packed)
    if kind == RTM_DELADDR:
        return AddressGone(index, address, prefix_length)
    if IFA_FLAGS in attributes:
        (flags,) = struct.unpack("=I", attributes[IFA_FLAGS])
    waits = flags & IFA_F_TENTATIVE and not flags & IFA_F_OPTIMISTIC
    usable = not waits and not flags & IFA_F_DADFAILED
    return InterfaceAddress(index, address, prefix_length, usable)
