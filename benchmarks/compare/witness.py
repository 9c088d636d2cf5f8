"""The witness: ``python -m benchmarks.compare.witness VIP OWN_ADDRESS NAME=MAC NAME=MAC``.

On a machine of its own it asks each node, each :data:`PERIOD_NS` and at the node's own MAC address,
who has the VIP (ARP or ND), and keeps who answers: a node holds the VIP while it does. It hears the
adverts and the announcements, too. When its standard input is closed it prints what it saw: a JSON
object, the fields of :class:`benchmarks.compare.sightings.Sightings`. Instants are the kernel's, of
each packet's arrival (nanoseconds of CLOCK_REALTIME): late, it sees no other times than on time.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import struct
import sys
import time
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from benchmarks.compare.questions import Question, Solicitation, WhoHas

PERIOD_NS = 4_000_000
HOLE_NS = 30_000_000
"""A node that is silent for longer held nothing meanwhile; shorter, an answer came late."""
VRRP = 112
GROUP = "224.0.0.18"

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module does not name it
_TIMESPEC = struct.Struct("@qq")


def _question(vip: str, own_address: str, own_mac: bytes) -> Question:
    asked, own = ip_address(vip), ip_address(own_address)
    if isinstance(asked, IPv4Address) and isinstance(own, IPv4Address):
        return WhoHas(asked, own, own_mac)
    assert isinstance(asked, IPv6Address)
    assert isinstance(own, IPv6Address)
    return Solicitation(asked, own, own_mac)


def _advert_socket() -> socket.socket:
    """What VRRPv2 and VRRPv3 over IPv4 say; adverts over IPv6 are not looked at."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP)
    index = socket.if_nametoindex("eth0")
    membership = struct.pack("=4s4si", socket.inet_aton(GROUP), bytes(4), index)
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    return _stamp(receiver)


def _stamp(receiver: socket.socket) -> socket.socket:
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
        self._names = {bytes.fromhex(mac.replace(":", "")): name for name, mac in macs.items()}
        own_mac = Path("/sys/class/net/eth0/address").read_text().strip()
        self._question = _question(vip, own_address, bytes.fromhex(own_mac.replace(":", "")))
        self._questions = [self._question.to(mac) for mac in self._names]
        self._wire = _stamp(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self._wire.bind(("eth0", self._question.ethertype))
        self._adverts = _advert_socket()
        self._held: dict[str, list[list[int]]] = {name: [] for name in macs}
        self._heard: list[tuple[int, str, int]] = []
        self._announced: list[tuple[int, str]] = []
        self._stall_ns = 0

    def run(self, stop_fd: int) -> None:
        """Until `stop_fd` reads as closed. What slots were missed is not made up for."""
        due_ns = asked_ns = time.monotonic_ns()
        watched = [self._wire.fileno(), self._adverts.fileno(), stop_fd]
        while True:
            now_ns = time.monotonic_ns()
            if now_ns >= due_ns:
                self._ask()
                self._stall_ns = max(self._stall_ns, now_ns - asked_ns)
                asked_ns = now_ns
                due_ns += ((now_ns - due_ns) // PERIOD_NS + 1) * PERIOD_NS
            readable, _, _ = select.select(watched, [], [], max(0, due_ns - now_ns) / 1e9)
            if self._wire.fileno() in readable:
                self._hear_answers()
            if self._adverts.fileno() in readable:
                self._hear_adverts()
            if stop_fd in readable:
                return

    def _ask(self) -> None:
        for question in self._questions:
            self._wire.send(question)

    def _hear_answers(self) -> None:
        while received := _receive(self._wire):
            frame, instant_ns = received
            heard = self._question.read(frame)
            if heard is None or heard.mac not in self._names:
                continue
            name = self._names[heard.mac]
            if heard.unasked:
                self._announced.append((instant_ns, name))
            else:
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
