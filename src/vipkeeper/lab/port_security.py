"""Port security as Neutron's linuxbridge agent enforces it, compiled for nftables.

::

    frame from an instance, at its tap              bridge vipkeeper_ports
      prerouting   MAC chain     source MAC in {port's, pairs'}
                   ARP chain     ARP sender in {fixed IPs, pairs}, whatever the MAC
      forward      the mark says which two ports it passes between
    the packet in it, by br_netfilter               inet vipkeeper_groups
      prerouting   one connection tracking zone per network
      forward      egress chain  of the port it came from: source chain (address and MAC
                                 together), DHCP server, router advertisement, groups
                   ingress chain of the port it goes to: groups

The agent has the upper half in ebtables, the lower in iptables with ``physdev``. nftables'
bridge family knows no ``ct state`` on every kernel, and its inet family no bridge ports:
hence the mark, set before br_netfilter hands the packet on (NF_BR_PRI_BRNF is 0).

:func:`ruleset` is pure. Its text is one transaction for ``nft -f -``: the kernel changes
from the old rules to the new ones at once, and the counters (:mod:`vipkeeper.lab.drops`)
keep their values. Sources: neutron/agent/linux/iptables_firewall.py,
neutron/plugins/ml2/drivers/linuxbridge/agent/arp_protect.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vipkeeper.errors import LabError
from vipkeeper.lab.drops import BRIDGE_TABLE, INET_TABLE, Reason, counter_name
from vipkeeper.lab.frame_chains import frame_chains
from vipkeeper.lab.group_rules import member_set, members, remote_groups
from vipkeeper.lab.nft import address_set, counter, transaction
from vipkeeper.lab.packet_chains import packet_chains
from vipkeeper.lab.ports import Port
from vipkeeper.lab.security_groups import SecurityGroup

SYSCTLS: Mapping[str, str] = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-arptables": "0",
}
"""What the switch's network namespace needs for the groups to see bridged packets."""


def ruleset(ports: Sequence[Port], groups: Sequence[SecurityGroup], bridges: Sequence[str]) -> str:
    """The transaction that puts exactly these ports and groups in force.

    Args:
        ports: all ports of the switch. A port's place in the sequence is its number in the
            mark, so append rather than reorder.
        groups: all security groups, in any order.
        bridges: all bridges; the place in the sequence is the connection tracking zone.

    Raises:
        LabError: a name is there twice, or a port or rule names a group or bridge that is not.
    """
    known = {group.name: group for group in groups}
    _check_names(ports, groups, known, bridges)
    filtered = [port for port in ports if port.filtered]
    remote = sorted(remote_groups(groups))
    return transaction(
        BRIDGE_TABLE,
        [*_counters(BRIDGE_TABLE, filtered), *frame_chains(ports)],
    ) + transaction(
        INET_TABLE,
        [
            *_counters(INET_TABLE, filtered),
            *(address_set(member_set(name, version), version) for name, version in remote),
            *packet_chains(ports, known, bridges),
        ],
        elements={
            member_set(name, version): members(name, version, filtered) for name, version in remote
        },
    )


def _counters(table: str, filtered: Sequence[Port]) -> list[str]:
    return [
        counter(counter_name(reason, port.name))
        for port in filtered
        for reason in Reason
        if reason.table == table
    ]


def _check_names(
    ports: Sequence[Port],
    groups: Sequence[SecurityGroup],
    known: Mapping[str, SecurityGroup],
    bridges: Sequence[str],
) -> None:
    _check_unique("security group", [group.name for group in groups])
    _check_unique("port", [port.name for port in ports])
    _check_unique("port's device", [port.device for port in ports])
    for port in ports:
        if port.bridge not in bridges:
            raise LabError(f"port {port.name}: bridge {port.bridge} does not exist")
        for name in port.security_groups:
            _check_group(f"port {port.name}", name, known)
    for group in groups:
        for rule in group.rules:
            if rule.remote_group is not None:
                _check_group(f"security group {group.name}", rule.remote_group, known)


def _check_unique(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise LabError(f"{kind} {name!r} is there twice", remedy="give each its own name")


def _check_group(where: str, name: str, known: Mapping[str, SecurityGroup]) -> None:
    if name not in known:
        raise LabError(
            f"{where}: security group {name!r} does not exist",
            remedy=f"define it, or use one of: {', '.join(known) or 'none is defined'}",
        )
