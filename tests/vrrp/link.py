"""A link with several routers on it, in virtual time: what the daemon does, without a kernel.

Every advert goes through the codec and the admission checks, as real ones do. Time passes from
one deadline or arrival to the next, so what happens has exact instants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from tests.vrrp.examples import NOW
from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    AnnounceAddresses,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.admission import Admitted, admit
from vipkeeper.vrrp.advertisement import GROUPS, Advertisement, Discard, decode, encode
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    AnnouncementHeard,
    Event,
    Shutdown,
    Startup,
    TimerFired,
)
from vipkeeper.vrrp.machine import Transition, step
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Initialize, State, deadline


@dataclass
class Node:
    """One router on the link, and what it has done (instants in ns since the link began)."""

    router: VirtualRouter
    state: State = field(default_factory=Initialize)
    alive: bool = True
    holds_addresses: bool = False
    history: list[tuple[int, str, str]] = field(default_factory=list)
    adverts: list[tuple[int, int]] = field(default_factory=list)
    announcements: list[int] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        return isinstance(self.state, Active)

    @property
    def rules(self) -> list[str]:
        return [rule for _, rule, _ in self.history]


@dataclass
class Link:
    """Adverts take ``latency_ns`` from one node to the others; ``hears`` may cut a path."""

    nodes: list[Node]
    latency_ns: int = 1_000
    hears: Callable[[Node, Node], bool] = lambda sender, receiver: True
    admission: Callable[..., Admitted | Discard] = admit
    now: int = NOW
    in_flight: list[tuple[int, Node, Node, bytes | None]] = field(default_factory=list)
    """Arrival, sender, receiver, and an advert's bytes; None for an announcement."""

    @property
    def elapsed_ns(self) -> int:
        return self.now - NOW

    def happen(self, node: Node, event: Event) -> Transition:
        """Let a node live through an event now, and carry out what follows."""
        transition = step(node.router, node.state, event, self.now)
        node.state = transition.new
        if transition.changes_state and transition.rule is not None:
            entry = (self.elapsed_ns, transition.rule.name, type(transition.new).__name__)
            node.history.append(entry)
        for action in transition.actions:
            match action:
                case SendAdvertisement(resigning=resigning):
                    self._send(node, 0 if resigning else node.router.priority)
                case AcquireAddresses():
                    node.holds_addresses = True
                case ReleaseAddresses():
                    node.holds_addresses = False
                case AnnounceAddresses():
                    node.announcements.append(self.elapsed_ns)
                    self._put_on_the_wire(node, None)
        return transition

    def start(self, *nodes: Node) -> None:
        for node in nodes:
            node.alive = True
            self.happen(node, Startup())

    def stop(self, node: Node) -> None:
        self.happen(node, Shutdown())

    def power_off(self, node: Node) -> None:
        """Nothing says goodbye."""
        node.alive = False
        node.state = Initialize()
        node.holds_addresses = False

    def run_until(self, instant_ns: int) -> None:
        """Live through everything up to and including an instant (ns since the link began)."""
        end = NOW + instant_ns
        while (following := self._next_instant()) is not None and following <= end:
            self.now = max(self.now, following)
            self._deliver()
            for node in self._running():
                timer = deadline(node.state)
                if timer is not None and timer <= self.now:
                    self.happen(node, TimerFired())
        self.now = end

    def active(self) -> list[Node]:
        return [node for node in self.nodes if node.is_active]

    # -- the wire --------------------------------------------------------------------------

    def _running(self) -> list[Node]:
        return [node for node in self.nodes if node.alive]

    def _next_instant(self) -> int | None:
        timers = [deadline(node.state) for node in self._running()]
        instants = [timer for timer in timers if timer is not None]
        instants += [arrival for arrival, *_ in self.in_flight]
        return min(instants, default=None)

    def _send(self, node: Node, priority: int) -> None:
        source = node.router.primary_address
        assert source is not None
        message = encode(node.router.advertisement(priority), source, GROUPS[node.router.family])
        node.adverts.append((self.elapsed_ns, priority))
        self._put_on_the_wire(node, message)

    def _put_on_the_wire(self, node: Node, message: bytes | None) -> None:
        self.in_flight += [
            (self.now + self.latency_ns, node, other, message)
            for other in self.nodes
            if other is not node and self.hears(node, other)
        ]

    def _deliver(self) -> None:
        arrived = [packet for packet in self.in_flight if packet[0] <= self.now]
        self.in_flight = [packet for packet in self.in_flight if packet[0] > self.now]
        for _, sender, receiver, message in arrived:
            if not receiver.alive:
                continue
            if message is None:
                self.happen(receiver, AnnouncementHeard(is_last=True))
                continue
            source = sender.router.primary_address
            assert source is not None
            advertisement = decode(message, source, GROUPS[sender.router.family])
            assert isinstance(advertisement, Advertisement)
            if self._admits(receiver, advertisement, source):
                self.happen(receiver, AdvertisementReceived(advertisement, source))

    def _admits(self, receiver: Node, advertisement: Advertisement, source: Address) -> bool:
        datagram = Datagram(source, receiver.router.multicast_group, 255, b"")
        verdict = self.admission(
            receiver.router, advertisement, datagram, advertising=receiver.is_active
        )
        return isinstance(verdict, Admitted)


def gaps(node: Node) -> list[int]:
    """The pauses between a node's adverts, in ns."""
    return [later - earlier for (earlier, _), (later, _) in pairwise(node.adverts)]
