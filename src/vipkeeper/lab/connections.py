"""Known connections that a change of the rules takes its permission from.

A packet of a known connection is not held against the rules again, so that a rule which is
taken away goes on for whoever it once let in: for unicast VRRP, an advert a second, for ever.
The agent therefore deletes the connections of a rule that went, and so do the lines of
:func:`forgotten`, in ``conntrack -R FILE``.

Source: neutron/agent/linux/iptables_firewall.py, ``_remove_conntrack_entries_from_sg_updates``.
Like the agent they go by fixed IPs, and leave alone who was let in as the member of a group
and is none any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.ports import Port
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, egress_to_anywhere


@dataclass(frozen=True, slots=True)
class Enforced:
    """Ports and groups, as :func:`vipkeeper.lab.port_security.ruleset` gets them."""

    ports: Sequence[Port]
    groups: Sequence[SecurityGroup]

    def rules(self, name: str) -> frozenset[SecurityGroupRule]:
        """What lets packets pass at a port; where nothing is checked, anything does."""
        port = next((port for port in self.ports if port.name == name), None)
        if port is None or not port.filtered:
            return _ANYTHING
        return frozenset(
            rule
            for group in self.groups
            if group.name in port.security_groups
            for rule in group.rules
        )


_ANYTHING = frozenset(
    (
        *egress_to_anywhere(),
        SecurityGroupRule("ingress"),
        SecurityGroupRule("ingress", "IPv6"),
    )
)


def forgotten(
    before: Enforced,
    after: Enforced,
    bridges: Mapping[str, int],
    back_end: BackEnd = BackEnd.LINUXBRIDGE,
) -> list[str]:
    """Lines for ``conntrack -R FILE`` that end what the rules before let in and those after do not.

    To be run when the new rules are in force, or a packet could bring a connection back.

    Args:
        bridges: name and connection tracking zone.
        back_end: Open vSwitch and OVN delete nothing; their rules see to it themselves
            (:func:`vipkeeper.lab.matches.by_groups`).
    """
    if not back_end.deletes_connections:
        return []
    lines = dict.fromkeys(
        line
        for port in after.ports
        if port.filtered
        for rule in before.rules(port.name) - after.rules(port.name)
        for line in _deletions(port, rule, bridges[port.bridge])
    )
    return sorted(lines)


def _deletions(port: Port, rule: SecurityGroupRule, zone: int) -> Iterator[str]:
    side = "-d" if rule.direction == "ingress" else "-s"
    protocol = f" -p {rule.protocol_number}" if rule.protocol_number else ""
    for address in port.fixed_addresses:
        if address.version == rule.version:
            yield f"-D -f {rule.ethertype.lower()} -w {zone} {side} {address}{protocol}"
