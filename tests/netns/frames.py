"""Frames by hand, put on the wire and taken from it inside the nodes of a test network."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from ipaddress import ip_address

from tests.topology import Node

BROADCAST = "ff:ff:ff:ff:ff:ff"
ARP, RARP, IPV4, IPV6, VLAN = 0x0806, 0x8035, 0x0800, 0x86DD, 0x8100
TCP, UDP, ICMP, ICMPV6, VRRP = 6, 17, 1, 58, 112
ARP_REQUEST, ARP_REPLY = 1, 2

_OPEN = """
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
wire.bind(("eth0", 0))
socket.send_fds(socket.socket(fileno=0), [b"!"], [wire.fileno()])
"""


class Wire:
    """The eth0 of a node, as whoever has root there can use it."""

    def __init__(self, node: Node) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # A packet socket belongs to the namespace it was made in, whoever holds it.
            subprocess.run(
                node.command([sys.executable, "-c", _OPEN]),
                stdin=theirs.fileno(),
                check=True,
                timeout=10,
            )
            _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
        self._socket = socket.socket(fileno=descriptor)
        self.mac = node.mac()

    def send(self, frame: bytes) -> None:
        self._socket.setblocking(True)
        self._socket.send(frame)

    def forget(self) -> None:
        """Throw away what has come in so far."""
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(65536)

    def until(self, last: bytes, *, seconds: float = 5.0) -> list[bytes]:
        """What came in up to and with the frame ``last``; our own frames are not among it."""
        deadline = time.monotonic() + seconds
        came: list[bytes] = []
        while True:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            frame, (_, _, kind, _, _) = self._socket.recvfrom(65536)
            if kind != socket.PACKET_OUTGOING:
                came.append(frame)
                if frame == last:
                    return came

    def close(self) -> None:
        self._socket.close()


def ethernet(source: str, destination: str, ethertype: int, payload: bytes) -> bytes:
    """Without padding, which a veth does not need and br_netfilter would cut off."""
    macs = bytes.fromhex(destination.replace(":", "") + source.replace(":", ""))
    return macs + struct.pack("!H", ethertype) + payload


def arp(source_mac: str, sender: str, target: str, operation: int = ARP_REQUEST) -> bytes:
    """An ARP packet to everybody; with sender = target a gratuitous one."""
    head = struct.pack("!HHBBH", 1, IPV4, 6, 4, operation)
    mac = bytes.fromhex(source_mac.replace(":", ""))
    body = mac + ip_address(sender).packed + bytes(6) + ip_address(target).packed
    return ethernet(source_mac, BROADCAST, ARP, head + body)


def udp(source_port: int, destination_port: int, data: bytes = b"") -> bytes:
    """A datagram without checksum, which IPv4 allows; for IPv6 see :func:`packet`."""
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(data), 0) + data


def tcp(source_port: int, destination_port: int, flags: int) -> bytes:
    return struct.pack("!HHIIBBHHH", source_port, destination_port, 1, 0, 5 << 4, flags, 512, 0, 0)


def icmp(kind: int, code: int = 0, rest: bytes = bytes(4)) -> bytes:
    return struct.pack("!BBH", kind, code, 0) + rest


_CHECKSUM_OFFSET = {TCP: 16, UDP: 6, ICMP: 2, ICMPV6: 2}


def packet(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    """An IP packet of the addresses' family, TTL or hop limit 255, checksums filled in."""
    from_, to = ip_address(source).packed, ip_address(destination).packed
    offset = _CHECKSUM_OFFSET.get(protocol)
    if offset is not None:
        pseudo = from_ + to + struct.pack("!II", len(payload), protocol)
        filled = checksum((b"" if protocol == ICMP else pseudo) + payload)
        payload = payload[:offset] + struct.pack("!H", filled) + payload[offset + 2 :]
    if len(from_) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255) + from_ + to + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 255, protocol, 0) + from_ + to
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(padded[at : at + 2]) for at in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_frame(
    source_mac: str, destination_mac: str, source: str, destination: str, protocol: int, data: bytes
) -> bytes:
    ethertype = IPV4 if ip_address(source).version == 4 else IPV6
    return ethernet(
        source_mac, destination_mac, ethertype, packet(source, destination, protocol, data)
    )
