"""Addresses and links through rtnetlink(7): as much as the daemon needs, and nothing imported.

An address is added in about 20 us this way; a general library takes ten times that and more
memory than the rest of the daemon (measured).
"""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from vipkeeper.errors import KernelError
from vipkeeper.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    RECEIVE_SIZE,
    NetlinkSocket,
    attribute,
    attributes,
    messages,
)

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
IFLA_LINK = 5
IFA_ADDRESS = 1
IFA_LOCAL = 2
IFA_LABEL = 3
IFA_BROADCAST = 4
IFA_CACHEINFO = 6
IFA_FLAGS = 8

IFA_F_SECONDARY = 0x01  # of an IPv6 address the same bit is IFA_F_TEMPORARY
IFA_F_NODAD = 0x02
IFA_F_OPTIMISTIC = 0x04
IFA_F_DADFAILED = 0x08
IFA_F_TENTATIVE = 0x40

INFINITE_LIFETIME = 0xFFFFFFFF

IFF_UP = 0x1
IFF_RUNNING = 0x40

_IFADDRMSG = struct.Struct("=BBBBI")
LINK_HEADER = struct.Struct("=BxHiII")


class Scope(IntEnum):
    """How far an address is valid (rtnetlink(7), /etc/iproute2/rt_scopes)."""

    GLOBAL = 0
    SITE = 200
    LINK = 253
    HOST = 254
    NOWHERE = 255


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface.

    Attributes:
        usable: administratively up, and with a carrier.
        parent: index of the interface that it lies on (macvlan and the like), 0 if on none.
    """

    index: int
    name: str
    mac: bytes
    usable: bool
    parent: int = 0


@dataclass(frozen=True, slots=True)
class LinkGone:
    index: int


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address that an interface has.

    Attributes:
        usable: it may be sent from: duplicate address detection (RFC 4862 5.4) is over and found
            nobody else who has it.
        secondary: another IPv4 address of the same network came before it on this interface.
    """

    index: int
    address: IPv4Address | IPv6Address
    prefix_length: int
    usable: bool = True
    secondary: bool = False


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
        valid_seconds: after so long the kernel removes it, unless it is renewed; None for never.
    """

    index: int
    interface: IPv4Interface | IPv6Interface
    broadcast: IPv4Address | None = None
    scope: int = Scope.GLOBAL
    label: str | None = None
    preferred_seconds: int | None = None
    valid_seconds: int | None = None


Change = Link | LinkGone | InterfaceAddress | AddressGone


class RouteNetlink:
    """Requests to the kernel, each answered before the call returns."""

    def __init__(self) -> None:
        self._netlink = NetlinkSocket(socket.NETLINK_ROUTE)

    def close(self) -> None:
        self._netlink.close()

    def add_address(self, new: NewAddress) -> bool:
        """Add an address.

        Returns:
            True, or False if the interface has it already.

        Raises:
            KernelError: the kernel refused.
        """
        code = self._netlink.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, _new_address(new))
        if code not in (0, errno.EEXIST):
            raise KernelError(f"add address {new.interface} to interface {new.index}", code)
        return code == 0

    def renew_address(self, new: NewAddress) -> None:
        """Let the lifetimes of an address begin anew; one that is gone is added again.

        Raises:
            KernelError: the kernel refused.
        """
        flags = NLM_F_CREATE | NLM_F_REPLACE
        if code := self._netlink.request(RTM_NEWADDR, flags, _new_address(new)):
            raise KernelError(f"renew address {new.interface} on interface {new.index}", code)

    def delete_address(self, index: int, interface: IPv4Interface | IPv6Interface) -> bool:
        """Delete an address.

        Returns:
            True, or False if it was not there, or its interface is not.

        Raises:
            KernelError: the kernel refused.
        """
        body = _address_header(interface, Scope.GLOBAL, index)
        body += attribute(IFA_LOCAL, interface.ip.packed)
        body += attribute(IFA_ADDRESS, interface.ip.packed)
        code = self._netlink.request(RTM_DELADDR, 0, body)
        if code not in (0, errno.EADDRNOTAVAIL, errno.ENODEV):
            raise KernelError(f"delete address {interface} from interface {index}", code)
        return code == 0

    def set_link(self, index: int, name: str, *, up: bool) -> None:
        """Bring an interface up, or take it down.

        Raises:
            KernelError: the kernel refused.
        """
        body = LINK_HEADER.pack(socket.AF_UNSPEC, 0, index, IFF_UP if up else 0, IFF_UP)
        if code := self._netlink.request(RTM_NEWLINK, 0, body):
            raise KernelError(f"{'bring up' if up else 'take down'} interface {name}", code)

    def links(self) -> list[Link]:
        return [
            change
            for change in self._list(RTM_GETLINK, LINK_HEADER.pack(0, 0, 0, 0, 0))
            if isinstance(change, Link)
        ]

    def addresses(self) -> list[InterfaceAddress]:
        body = _IFADDRMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        changes = self._list(RTM_GETADDR, body)
        return [change for change in changes if isinstance(change, InterfaceAddress)]

    def _list(self, message_type: int, body: bytes) -> list[Change]:
        listed = self._netlink.dump(message_type, body, "links and addresses")
        changes = (_change(kind, payload) for kind, payload in listed)
        return [change for change in changes if change is not None]


MESSAGES_A_TURN = 1024
"""More than the socket's default buffer holds: what had come when it was asked is read."""


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
        """What has changed since the last call, or as much of it as is read in one turn.

        Returns:
            None if the kernel had more to say than the socket could hold: the caller must list
            links and addresses anew (netlink(7), ENOBUFS). What the socket still held is thrown
            away: it is older than such a list, and would undo what is newer.
        """
        changes: list[Change] = []
        for _ in range(MESSAGES_A_TURN):
            try:
                data = self._socket.recv(RECEIVE_SIZE)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    self._drain()
                    return None
                raise KernelError("read changes of links and addresses", error.errno or 0) from None
            for kind, _sequence, payload in messages(data):
                if (change := _change(kind, payload)) is not None:
                    changes.append(change)
        return changes

    def _drain(self) -> None:
        """It ends: after an overrun nothing is added until the socket is empty (af_netlink.c)."""
        while True:
            try:
                self._socket.recv(RECEIVE_SIZE)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise KernelError(
                        "read changes of links and addresses", error.errno or 0
                    ) from None


def _address_header(interface: IPv4Interface | IPv6Interface, scope: int, index: int) -> bytes:
    family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    return _IFADDRMSG.pack(family, interface.network.prefixlen, 0, scope, index)


def _new_address(new: NewAddress) -> bytes:
    body = _address_header(new.interface, new.scope, new.index)
    body += attribute(IFA_LOCAL, new.interface.ip.packed)
    body += attribute(IFA_ADDRESS, new.interface.ip.packed)
    if new.broadcast is not None:
        body += attribute(IFA_BROADCAST, new.broadcast.packed)
    if new.label is not None:
        body += attribute(IFA_LABEL, new.label.encode() + b"\0")
    if new.interface.version == 6:
        body += attribute(IFA_FLAGS, struct.pack("=I", IFA_F_NODAD))
    if new.preferred_seconds is not None or new.valid_seconds is not None:
        valid = INFINITE_LIFETIME if new.valid_seconds is None else new.valid_seconds
        preferred = valid if new.preferred_seconds is None else min(new.preferred_seconds, valid)
        body += attribute(IFA_CACHEINFO, struct.pack("=IIII", preferred, valid, 0, 0))
    return body


def _change(kind: int, payload: bytes) -> Change | None:
    if kind in (RTM_NEWLINK, RTM_DELLINK):
        return _link(kind, payload)
    if kind in (RTM_NEWADDR, RTM_DELADDR):
        return _address(kind, payload)
    return None


def _link(kind: int, payload: bytes) -> Link | LinkGone | None:
    family, _type, index, flags, _change_mask = LINK_HEADER.unpack_from(payload)
    if family != socket.AF_UNSPEC:  # a bridge's report on its port: the link itself has not gone
        return None
    if kind == RTM_DELLINK:
        return LinkGone(index)
    found = attributes(payload[LINK_HEADER.size :])
    name = found.get(IFLA_IFNAME, b"").rstrip(b"\0").decode(errors="replace")
    usable = flags & (IFF_UP | IFF_RUNNING) == IFF_UP | IFF_RUNNING
    (parent,) = struct.unpack("=I", found.get(IFLA_LINK, bytes(4)))
    return Link(index, name, found.get(IFLA_ADDRESS, b""), usable, parent)


def _address(kind: int, payload: bytes) -> InterfaceAddress | AddressGone | None:
    family, prefix_length, flags, _scope, index = _IFADDRMSG.unpack_from(payload)
    found = attributes(payload[_IFADDRMSG.size :])
    packed = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS)
    if packed is None:
        return None
    address = IPv4Address(packed) if family == socket.AF_INET else IPv6Address(packed)
    if kind == RTM_DELADDR:
        return AddressGone(index, address, prefix_length)
    if IFA_FLAGS in found:
        (flags,) = struct.unpack("=I", found[IFA_FLAGS])
    waits = flags & IFA_F_TENTATIVE and not flags & IFA_F_OPTIMISTIC
    usable = not waits and not flags & IFA_F_DADFAILED
    secondary = family == socket.AF_INET and bool(flags & IFA_F_SECONDARY)
    return InterfaceAddress(index, address, prefix_length, usable, secondary)
