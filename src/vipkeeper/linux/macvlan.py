"""macvlan interfaces: one more MAC address on an interface that is there (RFC 9568 7.3, 7.4).

In bridge mode, and adverts are received on the parent: the only pair that hears another router's
adverts, whose Ethernet source is our own virtual MAC, whatever the macvlan's state and rp_filter
(measured on Linux 6.18; in private mode the parent hears nothing while the macvlan is up).
"""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass

from vipkeeper.errors import KernelError
from vipkeeper.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NetlinkSocket,
    attribute,
    attributes,
    nested,
)
from vipkeeper.linux.rtnetlink import (
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_LINK,
    LINK_HEADER,
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_NEWLINK,
)

IFLA_LINKINFO = 18
IFLA_AF_SPEC = 26
IFLA_INFO_KIND = 1
IFLA_INFO_DATA = 2
IFLA_MACVLAN_MODE = 1
MACVLAN_MODE_BRIDGE = 4
IFLA_INET6_ADDR_GEN_MODE = 8
IN6_ADDR_GEN_MODE_NONE = 1
KIND = b"macvlan"


@dataclass(frozen=True, slots=True)
class Macvlan:
    """One that there is.

    Attributes:
        parent: index of the interface that it lies on.
    """

    index: int
    name: str
    parent: int
    mac: bytes


class Macvlans:
    """Makes, finds and deletes them."""

    def __init__(self) -> None:
        self._netlink = NetlinkSocket(socket.NETLINK_ROUTE)

    def close(self) -> None:
        self._netlink.close()

    def all(self) -> list[Macvlan]:
        found = []
        body = LINK_HEADER.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        for _, payload in self._netlink.dump(RTM_GETLINK, body, "interfaces"):
            _family, _type, index, _flags, _change = LINK_HEADER.unpack_from(payload)
            link = attributes(payload[LINK_HEADER.size :])
            info = attributes(link.get(IFLA_LINKINFO, b""))
            if info.get(IFLA_INFO_KIND, b"").rstrip(b"\0") != KIND or IFLA_LINK not in link:
                continue
            (parent,) = struct.unpack("=I", link[IFLA_LINK])
            name = link[IFLA_IFNAME].rstrip(b"\0").decode(errors="replace")
            found.append(Macvlan(index, name, parent, link[IFLA_ADDRESS]))
        return found

    def add(self, name: str, parent: int, mac: bytes) -> Macvlan:
        """Make one, down, and never with an address of the kernel's own making (RFC 9568 7.4).

        Raises:
            KernelError: the kernel refused; EEXIST where the name is taken.
        """
        body = LINK_HEADER.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        body += attribute(IFLA_IFNAME, name.encode() + b"\0")
        body += attribute(IFLA_LINK, struct.pack("=I", parent))
        body += attribute(IFLA_ADDRESS, mac)
        mode = attribute(IFLA_MACVLAN_MODE, struct.pack("=I", MACVLAN_MODE_BRIDGE))
        body += nested(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, KIND), nested(IFLA_INFO_DATA, mode))
        self._do(f"make interface {name}", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)
        made = next(macvlan for macvlan in self.all() if macvlan.name == name)
        # IPv6 makes a link-local address when an interface goes up; this one is still down.
        generation = attribute(IFLA_INET6_ADDR_GEN_MODE, bytes([IN6_ADDR_GEN_MODE_NONE]))
        body = LINK_HEADER.pack(socket.AF_UNSPEC, 0, made.index, 0, 0)
        body += nested(IFLA_AF_SPEC, nested(socket.AF_INET6, generation))
        try:
            self._do(f"keep IPv6 from giving {name} an address", RTM_NEWLINK, 0, body)
        except KernelError as error:
            if error.errno != errno.EAFNOSUPPORT:  # a kernel without IPv6 gives none
                raise
        return made

    def delete(self, index: int) -> bool:
        """Delete one; False if it is not there any more."""
        body = LINK_HEADER.pack(socket.AF_UNSPEC, 0, index, 0, 0)
        code = self._netlink.request(RTM_DELLINK, 0, body)
        if code not in (0, errno.ENODEV):
            raise KernelError(f"delete interface {index}", code)
        return code == 0

    def _do(self, what: str, message_type: int, flags: int, body: bytes) -> None:
        code = self._netlink.request(message_type, flags, body)
        if code:
            raise KernelError(what, code)
