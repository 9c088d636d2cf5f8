"""The witness: ``python -m benchmarks.compare.witness VIP OWN_ADDRESS NAME=MAC NAME=MAC``.

On the third machine, every :data:`PERIOD_NS`, it asks each node, at the node's own MAC address, who
has the VIP (ARP), and keeps who answers: a node holds the VIP while it does. It hears the adverts
and the announcements, too. When its standard input is closed it prints what it saw: a JSON object,
the fields of :class:`benchmarks.compare.sightings.Sightings`. Instants are the kernel's, of each
packet's arrival (nanoseconds of CLOCK_REALTIME): a witness that is run late sees no other times.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import struct
import sys
import time

PERIOD_NS = 4_000_000
HOLE_NS = 30_000_000
"""A node that is silent for longer held nothing meanwhile; shorter, an answer came late."""
VRRP = 112
GROUP = "224.0.0.18"

_ARP_FRAME = struct.Struct("!6s6sHHHBBH6s4s6s4s")
_REQUEST, _REPLY = 1, 2
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module does not name it
_TIMESPEC = struct.Struct("@qq")


def _stamped(receiver: socket.socket) -> socket.socket:
    receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    receiver.setblocking(False)
    return receiver


def _receive(receiver: socket.socket) -> tuple[bytes, int] | None:
    """A packet and the instant of its arrival, or None where there is no more."""
    try:
        packet, control, _, _ = receiver.recvmsg(2048, socket.CMSG_SPACE(_TIMESPEC.size))
    except BlockingIOError:
        return None
    for _, _, data in control:
        seconds, nanoseconds = _TIMESPEC.unpack(data[: _TIMESPEC.size])
        return packet, seconds * 1_000_000_000 + nanoseconds
    return packet, time.time_ns()


class Witness:
    """Asks, hears, and keeps what it saw; :meth:`seen` says it."""

    def __init__(self, vip: str, own_address: str, macs: dict[str, str]) -> None:
        self._vip = socket.inet_aton(vip)
        self._names = {bytes.fromhex(mac.replace(":", "")): name for name, mac in macs.items()}
        self._arp = _stamped(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)))
        self._arp.bind(("eth0", 0x0806))
        self._adverts = _stamped(socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP))
        membership = socket.inet_aton(GROUP) + socket.inet_aton(own_address)
        self._adverts.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self._own_mac = self._arp.getsockname()[4]
        own = (self._own_mac, socket.inet_aton(own_address))
        self._questions = [
            _ARP_FRAME.pack(
                *(mac, self._own_mac, 0x0806, 1, 0x0800, 6, 4),
                *(_REQUEST, *own, bytes(6), self._vip),
            )
            for mac in self._names
        ]
        self._held: dict[str, list[list[int]]] = {name: [] for name in macs}
        self._heard: list[tuple[int, str, int]] = []
        self._announced: list[tuple[int, str]] = []
        self._stall_ns = 0

    def run(self, stop_fd: int) -> None:
        """Until `stop_fd` reads as closed. What slots were missed is not made up for."""
        due_ns = asked_ns = time.monotonic_ns()
        watched = [self._arp.fileno(), self._adverts.fileno(), stop_fd]
        while True:
            now_ns = time.monotonic_ns()
            if now_ns >= due_ns:
                self._ask()
                self._stall_ns = max(self._stall_ns, now_ns - asked_ns)
                asked_ns = now_ns
                due_ns += ((now_ns - due_ns) // PERIOD_NS + 1) * PERIOD_NS
            readable, _, _ = select.select(watched, [], [], max(0, due_ns - now_ns) / 1e9)
            if self._arp.fileno() in readable:
                self._hear_arp()
            if self._adverts.fileno() in readable:
                self._hear_adverts()
            if stop_fd in readable:
                return

    def _ask(self) -> None:
        for question in self._questions:
            self._arp.send(question)

    def _hear_arp(self) -> None:
        while received := _receive(self._arp):
            frame, instant_ns = received
            if len(frame) < _ARP_FRAME.size:
                continue
            destination, _, _, _, _, _, _, operation, mac, sender, _, target = _ARP_FRAME.unpack(
                frame[: _ARP_FRAME.size]
            )
            name = self._names.get(mac)
            if name is None or sender != self._vip:
                continue
            if target == self._vip:
                self._announced.append((instant_ns, name))
            elif operation == _REPLY and destination == self._own_mac:
                self._note_holding(self._held[name], instant_ns)

    @staticmethod
    def _note_holding(times: list[list[int]], instant_ns: int) -> None:
        if times and instant_ns - times[-1][1] <= HOLE_NS:
            times[-1][1] = instant_ns
        else:
            times.append([instant_ns, instant_ns])

    def _hear_adverts(self) -> None:
        while received := _receive(self._adverts):
            packet, instant_ns = received
            advert = packet[(packet[0] & 15) * 4 :]
            if len(advert) >= 3 and advert[1] == 1:  # the VRID that is compared
                self._heard.append((instant_ns, socket.inet_ntoa(packet[12:16]), advert[2]))

    def seen(self) -> dict[str, object]:
        return {
            "held": self._held,
            "adverts": self._heard,
            "announcements": self._announced,
            "until_ns": time.time_ns(),
            "stall_ms": self._stall_ns / 1e6,
        }


def main() -> None:
    vip, own_address, *nodes = sys.argv[1:]
    macs = dict(node.split("=") for node in nodes)
    witness = Witness(vip, own_address, macs)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    gc.disable()  # a full collection would show as a stall
    witness.run(sys.stdin.fileno())
    sys.stdout.write(json.dumps(witness.seen()) + "\n")


if __name__ == "__main__":
    main()
