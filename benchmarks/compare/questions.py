"""Who has this address? ARP (RFC 826) and Neighbor Discovery (RFC 4861), as frames. Pure.

These are a reading of their own, apart from what vipkeeperd announces with.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

ARP, IPV6 = 0x0806, 0x86DD


@dataclass(frozen=True, slots=True)
class Heard:
    """``mac`` says it has the address: to the one who asked, or (``unasked``) to everybody."""

    mac: bytes
    unasked: bool


class Question(Protocol):
    """About one address, from one machine."""

    ethertype: int

    def to(self, mac: bytes) -> bytes:
        """The frame that asks the machine with this MAC address alone."""
        ...

    def read(self, frame: bytes) -> Heard | None:
        """Of a frame that came in; None where it is about something else."""
        ...


class WhoHas:
    """ARP."""

    ethertype = ARP
    _frame = struct.Struct("!6s6sHHHBBH6s4s6s4s")
    _request = 1

    def __init__(self, vip: IPv4Address, own: IPv4Address, own_mac: bytes) -> None:
        self._vip, self._own, self._own_mac = vip.packed, own.packed, own_mac

    def to(self, mac: bytes) -> bytes:
        ethernet = (mac, self._own_mac, ARP, 1, 0x0800, 6, 4, self._request)
        return self._frame.pack(*ethernet, self._own_mac, self._own, bytes(6), self._vip)

    def read(self, frame: bytes) -> Heard | None:
        if len(frame) < self._frame.size:
            return None
        destination, *_, mac, sender, _, target = self._frame.unpack(frame[: self._frame.size])
        if sender != self._vip:
            return None
        if target == self._vip:
            return Heard(mac, unasked=True)
        return Heard(mac, unasked=False) if destination == self._own_mac else None


class Solicitation:
    """Neighbor Solicitation (135), and Advertisement (136)."""

    ethertype = IPV6
    _head = struct.Struct("!6s6sHIHBB16s16s")  # Ethernet, IPv6
    _solicited = 0x40

    def __init__(self, vip: IPv6Address, own: IPv6Address, own_mac: bytes) -> None:
        self._vip, self._own, self._own_mac = vip.packed, own.packed, own_mac
        body = struct.pack("!BBHI16sBB6s", 135, 0, 0, 0, self._vip, 1, 1, own_mac)
        pseudo = self._own + self._vip + struct.pack("!II", len(body), 58)
        checksum = struct.pack("!H", _checksum(pseudo + body))
        self._body = body[:2] + checksum + body[4:]

    def to(self, mac: bytes) -> bytes:
        ethernet = (mac, self._own_mac, IPV6)
        ipv6 = (6 << 28, len(self._body), 58, 255, self._own, self._vip)
        return self._head.pack(*ethernet, *ipv6) + self._body

    def read(self, frame: bytes) -> Heard | None:
        message = frame[self._head.size :]
        if len(message) < 24 or frame[20] != 58 or message[0] != 136 or message[8:24] != self._vip:
            return None
        return Heard(frame[6:12], unasked=not message[4] & self._solicited)


def _checksum(data: bytes) -> int:
    """RFC 1071; of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
