"""The switch: a bridge for each network, a tap for each cable, and port security over both.

It is the cloud's own network namespace. The bridges have no addresses: nothing here can be
talked to from an instance.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vipkeeper.errors import LabError
from vipkeeper.lab import drops, plane, port_security, ports
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.cloud import links, names
from vipkeeper.lab.cloud.numbers import Numbers
from vipkeeper.lab.connections import Enforced, forgotten
from vipkeeper.lab.plane import Network, Plane
from vipkeeper.lab.security_groups import SecurityGroup
from vipkeeper.linux.conntrack import Selection

_SYSCTLS = {
    # What the switch's own links would say by themselves is not part of the cloud.
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.ipv6.conf.default.disable_ipv6": "1",
    **port_security.SYSCTLS,
}
_MOST = 65535
"""Numbers of ports in half of a mark, and connection tracking zones."""
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
    """Keeps the bridges, the cables and the rules as it is told."""

    def __init__(self) -> None:
        self._networks: dict[str, Network] = {}
        self._zones = Numbers(_MOST)
        self._cables: dict[str, Plug] = {}
        self._numbers = Numbers(_MOST)
        self._enforced: Enforced | None = None
        self._unplugged: tuple[ports.Member, ...] = ()
        self._rules: port_security.Ruleset | None = None

    def build(self) -> None:
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
        self._zones.keep(self._networks)

    def remove_networks(self, remaining: Iterable[Network]) -> None:
        """Take the bridges of all other networks away."""
        gone = self._networks.keys() - {network.id for network in remaining}
        links.ip(_deletions(names.bridge(id) for id in sorted(gone)))
        for id in gone:
            del self._networks[id]
        self._zones.keep(self._networks)

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

    def cable(self, port: str) -> Plug | None:
        return self._cables.get(port)

    def switch_ports(self, wanted: Iterable[plane.Port]) -> None:
        """Take cables up or down as their ports' ``admin_state_up`` says."""
        changed = [
            replace(cable, up=port.admin_state_up)
            for port in wanted
            if (cable := self._cables.get(port.id)) and cable.up != port.admin_state_up
        ]
        links.ip(f"link set {cable.tap} {_state(cable.up)}" for cable in changed)
        self._cables.update({cable.port: cable for cable in changed})

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

    # rules

    def secure(self, wanted: Plane) -> None:
        """Put the ports' and groups' rules in force, at once.

        A port that is no longer wanted keeps its rules for as long as it has a cable.
        Connections that the rules before let in and these would not are no longer known.
        """
        back_end = BackEnd(wanted.back_end)
        enforced = self._with_leaving(self._ports(wanted), wanted.security_groups)
        unplugged = tuple(_member(one) for one in wanted.unbound_ports() if one.security_groups)
        if (enforced, unplugged) == (self._enforced, self._unplugged):
            return
        zones = {names.bridge(id): zone for id, zone in self._zones.items()}
        rules = port_security.ruleset(enforced.ports, enforced.groups, zones, unplugged, back_end)
        for stage in port_security.stages(self._rules, rules):
            if text := port_security.transaction(self._rules, stage):
                links.nft(text)
            self._rules = stage
        before, self._enforced = self._enforced or Enforced((), ()), enforced
        self._unplugged = unplugged
        ended = forgotten(before, _known(enforced, before), zones, back_end)
        links.forget_connections(
            [*map(links.selection, ended), *self._left(before, enforced, zones)]
        )

    def secured(self) -> tuple[ports.Port, ...]:
        """The ports whose rules are in force."""
        return tuple(self._enforced.ports) if self._enforced else ()

    def drops(self) -> list[drops.DropCount]:
        return drops.parse_counters(links.nft_counters())

    def _with_leaving(
        self, wanted: Iterable[ports.Port], groups: Iterable[SecurityGroup]
    ) -> Enforced:
        known = {port.name: port for port in wanted}
        known_groups = {group.name: group for group in groups}
        before = self._enforced or Enforced((), ())
        leaving = [
            port for port in before.ports if port.name not in known and port.name in self._cables
        ]
        for group in before.groups if leaving else ():
            known_groups.setdefault(group.name, group)
        return Enforced((*known.values(), *leaving), tuple(known_groups.values()))

    @staticmethod
    def _left(before: Enforced, after: Enforced, zones: Mapping[str, int]) -> list[Selection]:
        """The connections of ports that have gone.

        Source: neutron/agent/linux/iptables_firewall.py,
        ``_remove_conntrack_entries_from_port_deleted``. Those of a network that has gone too
        are in a zone that is nobody's.
        """
        present = {port.name for port in after.ports}
        return [
            Selection(side, address, zones[port.bridge])
            for port in before.ports
            if port.name not in present and port.filtered and port.bridge in zones
            for address in port.fixed_addresses
            for side in ("source", "destination")
        ]

    def _ports(self, wanted: Plane) -> list[ports.Port]:
        """All ports with a cable, seen from the switch: instances' first, then the trusted ones."""
        bound = [port for _, port in wanted.bound_ports()]
        trusted = wanted.trusted_ports()
        here = [*(port.id for port in bound), *(one.port for one in trusted)]
        leaving = [one.name for one in (self._enforced.ports if self._enforced else ())]
        self._numbers.keep([*here, *(name for name in leaving if name in self._cables)])
        return [
            *(_port(port, self._numbers[port.id]) for port in bound),
            *(
                ports.Port(
                    one.port,
                    names.tap(one.port),
                    names.bridge(one.network),
                    one.mac_address,
                    trusted=True,
                    number=self._numbers[one.port],
                )
                for one in trusted
            ),
        ]


def _deletions(devices: Iterable[str]) -> list[str]:
    """Lines for ``ip -batch``. The kernel waits 20 ms for who still uses a link, a group once."""
    lines = [f"link set {device} group {_LEAVING}" for device in devices]
    return [*lines, f"link delete group {_LEAVING}"] if lines else []


def _known(after: Enforced, before: Enforced) -> Enforced:
    """Only the ports that were there before: nobody has a connection with the others yet."""
    names_before = {port.name for port in before.ports}
    ports_then = tuple(port for port in after.ports if port.name in names_before)
    return Enforced(ports_then, after.groups)


def _port(port: plane.Port, number: int) -> ports.Port:
    return ports.Port(
        port.id,
        names.tap(port.id),
        names.bridge(port.network),
        port.mac_address,
        tuple(str(address) for address in port.fixed_ips),
        port.allowed_address_pairs,
        port.port_security_enabled,
        port.security_groups,
        number=number,
        admin_state_up=port.admin_state_up,
    )


def _member(port: plane.Port) -> ports.Member:
    """A port without a cable, which counts as a member of its groups all the same."""
    return ports.Member(
        tuple(str(address) for address in port.fixed_ips),
        port.allowed_address_pairs,
        port.security_groups,
    )


def _state(up: bool) -> str:
    return "up" if up else "down"
