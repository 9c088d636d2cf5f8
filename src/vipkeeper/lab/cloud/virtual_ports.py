"""OVN's virtual ports at work: announcements are heard at the parents' taps, and claim them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from vipkeeper.errors import KernelError
from vipkeeper.lab import ports
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.cloud import names
from vipkeeper.lab.cloud.enforcement import Enforcement
from vipkeeper.lab.cloud.switch import Plug, Switch
from vipkeeper.lab.plane import Plane
from vipkeeper.lab.virtual_ports import (
    SECOND_NS,
    Claims,
    UnboundPort,
    VirtualPort,
    announced,
    passes_port_security,
    virtual_ports,
)
from vipkeeper.linux.packet_socket import BridgePortReceiver

_LATER_S = 0.001


@dataclass(frozen=True, slots=True)
class _Watch:
    """A parent's tap that is listened at, and the cable that it was then."""

    cable: Plug
    receiver: BridgePortReceiver


class VirtualPorts:
    """Knows who has claimed which virtual port.

    A parent whose instance is off has no port on any host, and no virtual port with it
    (ovn/controller/binding.c, ``consider_virtual_lport``).

    Attributes:
        virtual: the virtual ports by id.
        claims: of each of them.
    """

    def __init__(self, switch: Switch, rules: Enforcement, claimed: Callable[[], None]) -> None:
        self._switch = switch
        self._rules = rules
        self._claimed = claimed
        self._parents: dict[str, ports.Port] = {}
        self._watches: dict[str, _Watch] = {}
        self.virtual: dict[str, VirtualPort] = {}
        self.claims: dict[str, Claims] = {}

    def become(self, wanted: Plane) -> None:
        """Watch what this plane has; the rules of its ports are in force."""
        if wanted.back_end != BackEnd.OVN:
            return
        unbound = [
            UnboundPort(port.id, names.bridge(port.network), tuple(map(str, port.fixed_ips)))
            for port in wanted.unbound_ports()
        ]
        secured = [port for port in self._rules.secured() if not port.trusted]
        self.virtual = virtual_ports(unbound, secured)
        all_parents = {id for one in self.virtual.values() for id in one.parents}
        self._parents = {port.name: port for port in secured if port.name in all_parents}
        self.claims = {id: self.claims.get(id, Claims()) for id in self.virtual}
        self._watch()
        self._release()

    def holders(self) -> dict[str, str]:
        """The virtual ports that are claimed, each with its parent."""
        return {id: claim.parent for id, claim in self.claims.items() if claim.parent}

    def _watch(self) -> None:
        cables = {id: cable for id in self._parents if (cable := self._switch.cable(id))}
        for id, watch in list(self._watches.items()):
            if cables.get(id) != watch.cable:
                self._unwatch(id)
        loop = asyncio.get_running_loop()
        for id in cables.keys() - self._watches.keys():
            with suppress(KernelError):  # the instance is gone at this moment
                receiver = BridgePortReceiver(cables[id].tap)
                self._watches[id] = _Watch(cables[id], receiver)
                loop.add_reader(receiver.fileno(), self._hear, id)

    def _unwatch(self, id: str) -> None:
        watch = self._watches.pop(id)
        asyncio.get_running_loop().remove_reader(watch.receiver.fileno())
        watch.receiver.close()

    def _release(self) -> bool:
        """Take virtual ports from parents that are on no host any longer."""
        before = self.claims
        self.claims = {
            id: claim.restrict([one for one in self.virtual[id].parents if one in self._watches])
            for id, claim in before.items()
        }
        return self.claims != before

    def _hear(self, id: str) -> None:
        receiver = self._watches[id].receiver
        try:
            while (frame := receiver.receive()) is not None:
                self._observe(id, frame)
        except KernelError:
            if not _exists(receiver.interface):
                self._unwatch(id)
                if self._release():
                    self._claimed()

    def _observe(self, id: str, frame: bytes) -> None:
        addresses = dict(self._addresses_of(id))
        port = announced(frame, addresses)
        if port is None:
            return
        address = next(address for address, name in addresses.items() if name == port)
        if not passes_port_security(frame, self._parents[id], address):
            return
        before = self.claims[port]
        self._update(port, before.observe(id, time.monotonic_ns()))
        claim = self.claims[port]
        if claim.postponed and not before.postponed:
            # The loop's clock is the monotonic one, and its timers may be a little early.
            at = claim.next_claim_ns / SECOND_NS + _LATER_S
            asyncio.get_running_loop().call_at(at, self._catch_up, port)

    def _catch_up(self, port: str) -> None:
        if port in self.claims:
            self._update(port, self.claims[port].catch_up(time.monotonic_ns()))

    def _update(self, port: str, claim: Claims) -> None:
        before, self.claims[port] = self.claims[port], claim
        if claim.parent != before.parent:
            self._claimed()

    def _addresses_of(self, parent: str) -> Iterator[tuple[IPv4Address | IPv6Address, str]]:
        for id, one in self.virtual.items():
            if parent in one.parents:
                yield ip_address(one.address), id


def _exists(interface: str) -> bool:
    return any(name == interface for _, name in socket.if_nameindex())
