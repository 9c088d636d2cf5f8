"""What passes the taps of a running lab, seen from its switch, where no instance can look."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from vipkeeper.lab import messages
from vipkeeper.lab.client import Lab

ARP, IPV4 = 0x0806, 0x0800
TCP, VRRP = 6, 112
SYN_ACK = 0x12

_OPEN = """
import json, os, socket, sys
from vipkeeper.linux import namespaces
cloud = os.pidfd_open(int(sys.argv[1]))
namespaces.enter(cloud, namespaces.NEW_USER | namespaces.NEW_NETWORK)
namespaces.become_root()
taps = [name for _, name in socket.if_nameindex() if name.startswith("tap")]
wires = []
for tap in taps:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
    wire.bind((tap, 0))
    wires.append(wire)
descriptors = [wire.fileno() for wire in wires]
socket.send_fds(socket.socket(fileno=0), [json.dumps(taps).encode()], descriptors)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame at a tap.

    ``leaving``: it comes from the machine, before any check. Otherwise it has passed all of
    them and goes to the machine. ``at`` is an instant of the monotonic clock in seconds.
    """

    at: float
    tap: str
    leaving: bool
    frame: bytes

    @property
    def source_mac(self) -> str:
        return self.frame[6:12].hex(":")

    @property
    def ethertype(self) -> int:
        return int.from_bytes(self.frame[12:14])

    def is_advert_of(self, address: str) -> bool:
        return self._is_ipv4(VRRP) and self.frame[26:30] == IPv4Address(address).packed

    def is_arp_for(self, sender: str) -> bool:
        """ARP with that sender address: an announcement, an answer, or a request."""
        return self.ethertype == ARP and self.frame[28:32] == IPv4Address(sender).packed

    def is_syn_ack_of(self, address: str) -> bool:
        if not self._is_ipv4(TCP) or self.frame[26:30] != IPv4Address(address).packed:
            return False
        transport = 14 + (self.frame[14] & 0x0F) * 4
        (flags,) = struct.unpack_from("!B", self.frame, transport + 13)
        return bool(flags & SYN_ACK == SYN_ACK)

    def is_to(self, address: str) -> bool:
        return self.ethertype == IPV4 and self.frame[30:34] == IPv4Address(address).packed

    def _is_ipv4(self, protocol: int) -> bool:
        return self.ethertype == IPV4 and self.frame[23] == protocol


class Taps:
    """Listens at every tap of a lab from when it is made until it is closed."""

    def __init__(self, lab: Lab) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            subprocess.run(
                [sys.executable, "-c", _OPEN, str(_cloud_pid(lab))],
                stdin=theirs.fileno(),
                check=True,
                timeout=30,
            )
            names, descriptors, _, _ = socket.recv_fds(ours, 65536, 64)
        taps = json.loads(names)
        self._wires = {
            descriptor: (tap, socket.socket(fileno=descriptor))
            for tap, descriptor in zip(taps, descriptors, strict=True)
        }
        self._seen: list[Seen] = []
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def seen(self, at: str, *, leaving: bool) -> Iterator[Seen]:
        """What has passed a tap so far, in one direction."""
        return (one for one in tuple(self._seen) if one.leaving == leaving and one.tap == at)

    def close(self) -> None:
        self._stop.close()
        self._thread.join()
        self._stopped.close()
        for _, wire in self._wires.values():
            wire.close()

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._stopped, select.POLLIN)
        for descriptor in self._wires:
            poll.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self._stopped.fileno():
                    return
                tap, wire = self._wires[descriptor]
                try:
                    frame, (_, _, kind, _, _) = wire.recvfrom(65536)
                except OSError:  # the tap is gone with its instance
                    poll.unregister(descriptor)
                    continue
                self._seen.append(
                    Seen(time.monotonic(), tap, kind != socket.PACKET_OUTGOING, frame)
                )


def _cloud_pid(lab: Lab) -> int:
    """The lab's cloud process is the child of who answers at its door."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.connect(messages.socket_name(os.geteuid(), lab.name))
        raw = door.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    doorkeeper = int.from_bytes(raw[:4], sys.byteorder)
    children = Path(f"/proc/{doorkeeper}/task/{doorkeeper}/children").read_text()
    return int(children.split()[0])
