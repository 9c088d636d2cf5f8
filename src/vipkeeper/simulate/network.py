"""The link between the hosts: it loses, repeats, delays, reorders, damages, and falls apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from random import Random
from typing import Protocol

from vipkeeper.linux.ip_packet import parse_ipv4
from vipkeeper.simulate.monitor import Monitor
from vipkeeper.simulate.wire_format import Advert, parse
from vipkeeper.vrrp.datagram import Address, Datagram

IPV6_HEADER_SIZE = 40


@dataclass(frozen=True, slots=True)
class Packet:
    """An IP packet on its way, as the receiver's kernel and as the checkers read it."""

    octets: bytes
    datagram: Datagram
    advert: Advert | None

    @classmethod
    def of(cls, octets: bytes) -> Packet | None:
        """None for what a kernel would not hand to anybody."""
        datagram = _datagram(octets)
        return None if datagram is None else cls(octets, datagram, parse(octets))


def _datagram(packet: bytes) -> Datagram | None:
    """What a raw socket gives (:mod:`vipkeeper.linux.vrrp_socket`)."""
    if packet[0] >> 4 == 4:
        return parse_ipv4(packet)
    source, destination = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
    return Datagram(source, destination, packet[7], packet[IPV6_HEADER_SIZE:])


class Receiver(Protocol):
    """A host, as the link knows it."""

    number: int
    link_up: bool
    addresses: frozenset[Address]

    def packet_arrives(self, packet: Packet) -> None: ...

    def announcement_arrives(self, address: Address) -> None: ...


@dataclass(slots=True)
class Way:
    """From one host to another: what is wrong with it now. Several faults may be at work."""

    cuts: int = 0
    losses: list[float] = field(default_factory=list)


class Network:
    """One link.

    Args:
        at: calls back at an instant.
        delay_ns: the shortest and the longest time that an undisturbed packet takes.
    """

    def __init__(
        self,
        random: Random,
        monitor: Monitor,
        at: Callable[[int, Callable[[], None]], None],
        delay_ns: tuple[int, int],
    ) -> None:
        self._random = random
        self._monitor = monitor
        self._at = at
        self._shortest_ns, self._longest_ns = delay_ns
        self._receivers: Sequence[Receiver] = ()
        self._ways: list[list[Way]] = []
        self.duplication: list[float] = []
        self.noise: list[float] = []
        self.extra_delays_ns: list[int] = []
        self.last_arrival = 0
        self.packets = self.lost = self.repeated = 0

    def connect(self, receivers: Sequence[Receiver]) -> None:
        self._receivers = receivers
        self._ways = [[Way() for _ in receivers] for _ in receivers]

    # -- faults ----------------------------------------------------------------------------

    def cut(self, now: int, sender: int, receiver: int, change: int) -> None:
        """One cut more (1) or less (-1) in one direction."""
        self._ways[sender][receiver].cuts += change
        self._monitor.cut(now, sender, receiver, change)

    def losses(self, sender: int, receiver: int) -> list[float]:
        return self._ways[sender][receiver].losses

    # -- packets ---------------------------------------------------------------------------

    def transmit(self, now: int, sender: Receiver, octets: bytes, destination: Address) -> None:
        """Let a host's packet leave for the group, or for who has the address."""
        if not sender.link_up:
            return
        packet = Packet.of(octets)
        assert packet is not None
        for receiver in self._receivers:
            if receiver is sender:
                continue
            if destination.is_multicast or destination in receiver.addresses:
                self._carry(now, sender.number, receiver, packet)

    def announce(self, now: int, sender: Receiver, address: Address) -> None:
        """Let a host say to all others that it has an address."""
        if not sender.link_up:
            return
        for receiver in self._receivers:
            if receiver is sender or self._is_lost(now, sender.number, receiver):
                continue

            def arrive(receiver: Receiver = receiver) -> None:
                receiver.announcement_arrives(address)

            self._arrive(now, sender.number, receiver, arrive)

    def _is_lost(self, now: int, sender: int, receiver: Receiver) -> bool:
        way = self._ways[sender][receiver.number]
        if way.cuts:
            return True
        if way.losses and self._random.random() < max(way.losses):
            self.lost += 1
            self._monitor.disturbed(now, sender, receiver.number)
            return True
        return False

    def _carry(self, now: int, sender: int, receiver: Receiver, packet: Packet) -> None:
        self.packets += 1
        if self._is_lost(now, sender, receiver):
            return
        draw = self._random.random
        self._deliver(now, sender, receiver, packet)
        while self.duplication and draw() < max(self.duplication):
            self.repeated += 1
            self._deliver(now, sender, receiver, packet)
        if self.noise and draw() < max(self.noise):
            damaged = Packet.of(self._damage(packet.octets))
            if damaged is not None:
                self._deliver(now, sender, receiver, damaged)

    def _deliver(self, now: int, sender: int, receiver: Receiver, packet: Packet) -> None:
        self._arrive(now, sender, receiver, lambda: receiver.packet_arrives(packet))

    def _arrive(
        self, now: int, sender: int, receiver: Receiver, arrives: Callable[[], None]
    ) -> None:
        draw = self._random.random
        delay = self._shortest_ns + int(draw() * (self._longest_ns - self._shortest_ns))
        if self.extra_delays_ns:
            delay += int(draw() * max(self.extra_delays_ns))
        if delay > self._longest_ns:
            self._monitor.disturbed(now, sender, receiver.number)
        arrival = now + delay
        self.last_arrival = max(self.last_arrival, arrival)

        def arrive() -> None:
            if receiver.link_up:
                arrives()

        self._at(arrival, arrive)

    def _damage(self, octets: bytes) -> bytes:
        """One bit of the advert turned over, or one router passed on the way."""
        damaged = bytearray(octets)
        header = (octets[0] & 15) * 4 if octets[0] >> 4 == 4 else IPV6_HEADER_SIZE
        if self._random.random() < 0.2:
            damaged[8 if octets[0] >> 4 == 4 else 7] -= 1
        else:
            bit = self._random.randrange((len(octets) - header) * 8)
            damaged[header + bit // 8] ^= 1 << bit % 8
        return bytes(damaged)
