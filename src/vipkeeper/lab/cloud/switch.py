"""The switch: a bridge for each network, a tap for each port, and port security over both.

It is the cloud's own network namespace. The bridges have no addresses: nothing here can be
talked to from an instance.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vipkeeper.errors import LabError
from vipkeeper.lab import drops, port_security, ports
from vipkeeper.lab.cloud import links
from vipkeeper.lab.connections import Enforced, forgotten
from vipkeeper.lab.spec import CloudSpec, Network, Port

_SYSCTLS = {
    # What the switch's own links would say by themselves is not part of the cloud.
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.ipv6.conf.default.disable_ipv6": "1",
    **port_security.SYSCTLS,
}


@dataclass(frozen=True, slots=True)
class Plug:
    """A cable between the switch and a machine.

    Attributes:
        tap: the switch's end.
        device: the machine's end.
    """

    network: str
    mac_address: str
    tap: str
    device: str
    mtu: int


class Switch:
    """Keeps the bridges, the taps and the rules as the specification wants them."""

    def __init__(self, spec: CloudSpec) -> None:
        self._networks = spec.networks
        self._bridges = {network.name: f"brq{n}" for n, network in enumerate(spec.networks)}
        self._zones = {bridge: n for n, bridge in enumerate(self._bridges.values(), start=1)}
        self._plugs: dict[str, Plug] = {}
        self._trusted: list[str] = []
        self._numbers: dict[str, int] = {}
        self._enforced: Enforced | None = None
        self._rules: port_security.Ruleset | None = None

    def build(self) -> None:
        links.set_sysctls(_SYSCTLS)
        commands = ["link set lo up"]
        for network in self._networks:
            bridge = self._bridges[network.name]
            commands += [
                f"link add {bridge} mtu {network.mtu} type bridge"
                " stp_state 0 forward_delay 0 mcast_snooping 0",
                f"link set {bridge} up",
            ]
        links.ip(commands)

    def plug(
        self, name: str, network: Network, mac_address: str, device: str, *, trusted: bool = False
    ) -> Plug:
        """Reserve the place of a port; the cable itself is made by :meth:`connect`."""
        number = len(self._plugs)
        plug = Plug(
            network.name,
            mac_address,
            f"tap{number}-{name}"[:15],
            device,
            network.mtu,
        )
        self._plugs[name] = plug
        if trusted:
            self._trusted.append(name)
        return plug

    def connect(self, where: Mapping[str, int]) -> None:
        """Lay the cables of some ports into network namespaces, given by descriptor.

        The tap is up and on the bridge before the machine's end comes up: the bridge then
        forwards from the moment of the carrier.
        """
        commands = []
        for name, namespace in where.items():
            plug = self._plugs[name]
            commands.append(
                f"link add {plug.tap} mtu {plug.mtu} type veth"
                f" peer name {plug.device} address {plug.mac_address} mtu {plug.mtu}"
                f" netns /proc/{os.getpid()}/fd/{namespace}"
            )
            commands.append(f"link set {plug.tap} master {self._bridges[plug.network]} up")
        links.ip(commands)

    def cut(self, names: Iterable[str]) -> None:
        """Take cables away at once, with both their ends; those already gone are no matter.

        A machine that has ended takes its end along, but only when the kernel comes round to it.
        """
        for name in names:
            tap = self._plugs[name].tap
            try:
                links.ip([f"link delete {tap}"])
            except LabError:
                if any(tap == present for _, present in socket.if_nameindex()):
                    raise

    def secure(self, spec: CloudSpec) -> None:
        """Put the ports' and groups' rules in force, at once.

        Connections that the rules before let in and these would not are no longer known.
        """
        enforced = Enforced(
            [self._port(spec, name, plug) for name, plug in self._plugs.items()],
            spec.security_groups,
        )
        wanted = port_security.ruleset(enforced.ports, enforced.groups, self._zones)
        for stage in port_security.stages(self._rules, wanted):
            links.nft(port_security.transaction(self._rules, stage))
            self._rules = stage
        if self._enforced is not None:
            links.forget_connections(forgotten(self._enforced, enforced, self._zones))
        self._enforced = enforced

    def drops(self) -> list[drops.DropCount]:
        return drops.parse_counters(links.nft_counters())

    @staticmethod
    def port_security_enabled(spec: CloudSpec, port: Port) -> bool:
        if port.port_security_enabled is not None:
            return port.port_security_enabled
        return spec.network(port.network).port_security_enabled

    def _port(self, spec: CloudSpec, name: str, plug: Plug) -> ports.Port:
        bridge = self._bridges[plug.network]
        number = self._numbers.setdefault(name, len(self._numbers) + 1)
        if name in self._trusted:
            return ports.Port(name, plug.tap, bridge, plug.mac_address, trusted=True, number=number)
        port = spec.port(name)
        return ports.Port(
            name,
            plug.tap,
            bridge,
            port.mac_address,
            (str(port.fixed_ip),),
            port.allowed_address_pairs,
            self.port_security_enabled(spec, port),
            port.security_groups,
            number=number,
        )
