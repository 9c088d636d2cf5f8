"""Port security on the switch: the rules that are in force, changed by difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vipkeeper.lab import drops, plane, port_security, ports
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.cloud import links, names
from vipkeeper.lab.cloud.numbers import Numbers
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.connections import Enforced, forgotten
from vipkeeper.lab.plane import Plane
from vipkeeper.lab.ports import MAX_NUMBER, Member
from vipkeeper.linux.conntrack import Selection

_MAX_ZONE = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Everything that rules are made from."""

    enforced: Enforced
    members: tuple[Member, ...]
    zones: dict[str, int]
    back_end: BackEnd

    def rules(self) -> port_security.Ruleset:
        ports_, groups = self.enforced.ports, self.enforced.groups
        return port_security.ruleset(ports_, groups, self.zones, self.members, self.back_end)


class Enforcement:
    """Keeps the rules as the plane wants them, for the cables that the switch has."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._zones = Numbers(_MAX_ZONE)
        self._numbers = Numbers(MAX_NUMBER)
        self._before: _Wanted | None = None
        self._rules: port_security.Ruleset | None = None
        self._members: dict[str, tuple[plane.Port, Member]] = {}
        links.set_sysctls(port_security.SYSCTLS)

    def secure(self, wanted: Plane) -> None:
        """Put the ports' and groups' rules in force, at once.

        A port that is no longer wanted keeps its rules for as long as it has a cable.
        Connections that the rules before let in and these would not are no longer known.
        """
        self._zones.keep(self._switch.networks())
        after = self._all_of(wanted)
        if after == self._before:
            return
        rules = after.rules()
        try:
            self._load(rules)
        except links.MessageTooLongError:
            for stage in port_security.stages(self._rules, rules):
                self._load(stage)
        if self._before is not None:
            links.forget_connections(_ended(self._before.enforced, after))
        self._before = after

    def _load(self, rules: port_security.Ruleset) -> None:
        links.nft(port_security.transaction(self._rules, rules))
        self._rules = rules

    def secured(self) -> tuple[ports.Port, ...]:
        """The ports whose rules are in force."""
        return tuple(self._before.enforced.ports) if self._before else ()

    def drops(self) -> list[drops.DropCount]:
        return drops.parse_counters(links.nft_counters())

    def _all_of(self, wanted: Plane) -> _Wanted:
        bridges = {names.bridge(id): zone for id, zone in self._zones.items()}
        leaving = self._leaving(wanted, bridges)
        self._numbers.keep([*_ids(wanted), *(port.name for port in leaving)])
        groups = {group.name: group for group in wanted.security_groups}
        for group in self._before.enforced.groups if self._before and leaving else ():
            groups.setdefault(group.name, group)
        return _Wanted(
            Enforced((*self._ports(wanted), *leaving), tuple(groups.values())),
            self._members_of(wanted),
            bridges,
            BackEnd(wanted.back_end),
        )

    def _members_of(self, wanted: Plane) -> tuple[Member, ...]:
        """Ports without a cable, which are in groups all the same; there can be thousands.

        One that is the very same object as before is not read again: 10 us each.
        """
        before = self._members
        self._members = {}
        for port in wanted.unbound_ports():
            if port.security_groups:
                known = before.get(port.id)
                if known is None or known[0] is not port:
                    known = port, _member(port)
                self._members[port.id] = known
        return tuple(member for _, member in self._members.values())

    def _leaving(self, wanted: Plane, bridges: Iterable[str]) -> list[ports.Port]:
        present = set(_ids(wanted))
        return [
            port
            for port in (self._before.enforced.ports if self._before else ())
            if port.name not in present
            and self._switch.cable(port.name) is not None
            and port.bridge in bridges
        ]

    def _ports(self, wanted: Plane) -> Iterable[ports.Port]:
        """All ports with a cable, seen from the switch: instances' first, then the trusted ones."""
        for _, port in wanted.bound_ports():
            yield self._port(port)
        for one in wanted.trusted_ports():
            yield ports.Port(
                one.port,
                names.tap(one.port),
                names.bridge(one.network),
                one.mac_address,
                trusted=True,
                number=self._numbers[one.port],
            )

    def _port(self, port: plane.Port) -> ports.Port:
        return ports.Port(
            port.id,
            names.tap(port.id),
            names.bridge(port.network),
            port.mac_address,
            tuple(str(address) for address in port.fixed_ips),
            port.allowed_address_pairs,
            port.port_security_enabled,
            port.security_groups,
            number=self._numbers[port.id],
            admin_state_up=port.admin_state_up,
        )


def _ids(wanted: Plane) -> list[str]:
    bound = [port.id for _, port in wanted.bound_ports()]
    return [*bound, *(port.port for port in wanted.trusted_ports())]


def _member(port: plane.Port) -> Member:
    return Member(
        tuple(str(address) for address in port.fixed_ips),
        port.allowed_address_pairs,
        port.security_groups,
    )


def _ended(before: Enforced, after: _Wanted) -> list[Selection]:
    """What is to be known no longer: what lost its permission, and what ports had that went.

    A port that is new has no connections that could be ended. Those of a network that has gone
    are in a zone that is nobody's. Source: neutron/agent/linux/iptables_firewall.py,
    ``_remove_conntrack_entries_from_port_deleted``.
    """
    there = {port.name for port in before.ports}
    known = Enforced(
        tuple(port for port in after.enforced.ports if port.name in there), after.enforced.groups
    )
    lines = forgotten(before, known, after.zones, after.back_end)
    remaining = {port.name for port in after.enforced.ports}
    gone = [port for port in before.ports if port.name not in remaining and port.filtered]
    return [
        *map(links.selection, lines),
        *(
            Selection(side, address, after.zones[port.bridge])
            for port in gone
            if port.bridge in after.zones
            for address in port.fixed_addresses
            for side in ("source", "destination")
        ),
    ]
