"""The switch: a bridge for each network, and a tap for each cable.

It is the cloud's own network namespace. The bridges have no addresses: nothing here can be
talked to from an instance.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vipkeeper.errors import LabError
from vipkeeper.lab.cloud import links, names
from vipkeeper.lab.plane import Network

_SYSCTLS = {
    # What the switch's own links would say by themselves is not part of the cloud.
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.ipv6.conf.default.disable_ipv6": "1",
}
_LEAVING = 1
"""The group of links (ip-link(8)) that go together; all others are in group 0."""


@dataclass(frozen=True, slots=True)
class Plug:
    """Where a port's cable ends.

    Attributes:
        port: its id.
        device: name of the link at the machine's end.
        up: the port's admin_state_up; the linuxbridge agent takes the tap down without it
            (``ensure_port_admin_state``).
    """

    port: str
    network: str
    mac_address: str
    device: str
    up: bool = True

    @property
    def tap(self) -> str:
        """The switch's end."""
        return names.tap(self.port)


class Switch:
    """Keeps the bridges and the cables as it is told."""

    def __init__(self) -> None:
        self._networks: dict[str, Network] = {}
        self._cables: dict[str, Plug] = {}

    def build(self) -> None:
        """Make the namespace of this process a switch."""
        links.set_sysctls(_SYSCTLS)

    # networks

    def add_networks(self, networks: Iterable[Network]) -> None:
        """Make the bridges that are missing, and change those that are different."""
        networks = list(networks)
        commands = [] if self._networks or not networks else ["link set lo up"]
        for network in networks:
            before = self._networks.get(network.id)
            bridge = names.bridge(network.id)
            if before is None:
                commands.append(
                    f"link add {bridge} mtu {network.mtu} type bridge"
                    " stp_state 0 forward_delay 0 mcast_snooping 0"
                )
            elif before.mtu != network.mtu:
                taps = [one.tap for one in self._cables.values() if one.network == network.id]
                commands += [f"link set {link} mtu {network.mtu}" for link in (*taps, bridge)]
            if before is None or before.admin_state_up != network.admin_state_up:
                commands.append(f"link set {bridge} {_state(network.admin_state_up)}")
        links.ip(commands)
        self._networks.update({network.id: network for network in networks})

    def remove_networks(self, remaining: Iterable[Network]) -> None:
        """Take the bridges of all other networks away."""
        gone = self._networks.keys() - {network.id for network in remaining}
        links.ip(_deletions(names.bridge(id) for id in sorted(gone)))
        for id in gone:
            del self._networks[id]

    # cables

    def connect(self, plugs: Mapping[Plug, int]) -> None:
        """Lay cables into network namespaces, given by descriptor.

        The tap is up and on the bridge before the machine's end comes up: the bridge then
        forwards from the moment of the carrier.
        """
        self.cut(plug.port for plug in plugs if plug.port in self._cables)
        commands = []
        for plug, namespace in plugs.items():
            mtu = self._networks[plug.network].mtu
            commands.append(
                f"link add {plug.tap} mtu {mtu} type veth"
                f" peer name {plug.device} address {plug.mac_address} mtu {mtu}"
                f" netns /proc/{os.getpid()}/fd/{namespace}"
            )
            commands.append(
                f"link set {plug.tap} master {names.bridge(plug.network)} {_state(plug.up)}"
            )
        self._cables.update({plug.port: plug for plug in plugs})
        links.ip(commands)

    def networks(self) -> Iterable[str]:
        """Those that have a bridge."""
        return self._networks.keys()

    def cable(self, port: str) -> Plug | None:
        return self._cables.get(port)

    def change(self, plugs: Iterable[Plug]) -> None:
        """Take the cables of ports up or down."""
        changed = [plug for plug in plugs if plug.up != self._cables[plug.port].up]
        links.ip(f"link set {plug.tap} {_state(plug.up)}" for plug in changed)
        self._cables.update({plug.port: plug for plug in changed})

    def cut(self, ports: Iterable[str]) -> None:
        """Take cables away at once, with both their ends; those already gone are no matter.

        A machine that has ended takes its end along, but only when the kernel comes round to it.
        """
        gone = [cable for port in list(ports) if (cable := self._cables.pop(port, None))]
        try:
            links.ip(_deletions(cable.tap for cable in gone))
        except LabError:
            for cable in gone:
                self._cut_alone(cable.tap)

    @staticmethod
    def _cut_alone(tap: str) -> None:
        try:
            links.ip([f"link delete {tap}"])
        except LabError:
            if any(tap == present for _, present in socket.if_nameindex()):
                raise


def _deletions(devices: Iterable[str]) -> list[str]:
    """Lines for ``ip -batch``. The kernel waits 20 ms for who still uses a link, a group once."""
    lines = [f"link set {device} group {_LEAVING}" for device in devices]
    return [*lines, f"link delete group {_LEAVING}"] if lines else []


def _state(up: bool) -> str:
    return "up" if up else "down"
