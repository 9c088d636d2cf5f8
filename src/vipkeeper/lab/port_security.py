"""Port security as Neutron's back ends enforce it, compiled for nftables.

This is linuxbridge's::

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
hence the mark, set before br_netfilter hands the packet on (NF_BR_PRI_BRNF is 0). The other
back ends' checks are made in the same places (:mod:`vipkeeper.lab.back_end`).

:func:`ruleset` is pure: a value that says what is to be in the kernel. :func:`transaction`
is the text for ``nft -f -`` that takes the kernel from one to another at once; the counters
(:mod:`vipkeeper.lab.drops`) keep their values. Sources: neutron/agent/linux/iptables_firewall.py,
neutron/plugins/ml2/drivers/linuxbridge/agent/arp_protect.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vipkeeper.errors import LabError
from vipkeeper.lab import ovn_chains, ovs_chains
from vipkeeper.lab.back_end import BackEnd, delivered_macs
from vipkeeper.lab.drops import BRIDGE_TABLE, INET_TABLE, Reason, counter_name
from vipkeeper.lab.frame_chains import FrameChains, frame_table, linuxbridge_frame_chains
from vipkeeper.lab.group_rules import members, remote_groups
from vipkeeper.lab.packet_chains import PacketChains, linuxbridge_packet_chains, packet_table
from vipkeeper.lab.ports import Member, Port
from vipkeeper.lab.security_groups import SecurityGroup
from vipkeeper.lab.tables import Table, difference, prepared

SYSCTLS: Mapping[str, str] = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-arptables": "0",
}
"""What the switch's network namespace needs for the groups to see bridged packets."""


_AT_ONCE = 250
"""New counters, chains and rules in one netlink message: about 400 bytes each, of 208 KiB."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What is to be in the kernel: one table for the frames, one for the packets in them."""

    frames: Table
    packets: Table


def ruleset(
    ports: Sequence[Port],
    groups: Sequence[SecurityGroup],
    bridges: Mapping[str, int],
    unplugged: Sequence[Member] = (),
    back_end: BackEnd = BackEnd.LINUXBRIDGE,
) -> Ruleset:
    """These ports and groups as tables.

    Args:
        ports: all ports of the switch.
        groups: all security groups, in any order.
        bridges: all bridges, each with a connection tracking zone of its own.
        unplugged: the ports that are in groups without being on the switch.
        back_end: whose checks are made.

    Raises:
        LabError: a name or number is there twice, or a port or rule names a group or bridge
            that is not.
    """
    known = {group.name: group for group in groups}
    _check_names(ports, groups, known, bridges)
    if not back_end.knows_stateless_groups:
        known = {name: replace(group, stateful=True) for name, group in known.items()}
    in_groups: list[Port | Member] = [port for port in ports if port.filtered]
    in_groups += unplugged
    frame_chains, packet_chains = _CHAINS[back_end]
    return Ruleset(
        frame_table(
            ports,
            _counters(BRIDGE_TABLE, ports, back_end),
            frame_chains,
            delivered_macs(ports, back_end),
        ),
        packet_table(
            [port for port in ports if port.filtered and port.admin_state_up],
            known,
            bridges,
            members(sorted(remote_groups(groups)), in_groups, back_end),
            _counters(INET_TABLE, ports, back_end),
            packet_chains,
        ),
    )


_CHAINS: Mapping[BackEnd, tuple[FrameChains, PacketChains]] = {
    BackEnd.LINUXBRIDGE: (linuxbridge_frame_chains, linuxbridge_packet_chains),
    BackEnd.OVS: (ovs_chains.frame_chains, ovs_chains.packet_chains),
    BackEnd.DVR: (ovs_chains.frame_chains, ovs_chains.packet_chains),
    BackEnd.OVN: (ovn_chains.frame_chains, ovn_chains.packet_chains),
}


def transaction(before: Ruleset | None, after: Ruleset) -> str:
    """Text for ``nft -f -`` that takes the kernel from one to the other, all of it or nothing.

    It holds only what differs, and is empty if nothing does.

    Args:
        before: what is in force; None for a kernel that is to begin anew.
    """
    frames, packets = (before.frames, before.packets) if before else (None, None)
    return difference(frames, after.frames) + difference(packets, after.packets)


def stages(before: Ruleset | None, after: Ruleset) -> Iterator[Ruleset]:
    """What to put in force one after the other where one transaction might be too long.

    A transaction is one netlink message, and in a user namespace its length is limited by
    the host's net.core.wmem_default. The stages before the last bring chains that nothing
    leads to, so that still the last one changes the outcome for all packets at once.
    """
    there = before or Ruleset(Table(BRIDGE_TABLE), Table(INET_TABLE))
    for frames in prepared(there.frames, after.frames, _AT_ONCE):
        there = replace(there, frames=frames)
        yield there
    for packets in prepared(there.packets, after.packets, _AT_ONCE):
        there = replace(there, packets=packets)
        yield there
    yield after


def _counters(table: str, ports: Sequence[Port], back_end: BackEnd) -> frozenset[str]:
    """All that a port could need, so that they outlast its port security."""
    reasons = [reason for reason in back_end.reasons if reason.table == table]
    return frozenset(
        counter_name(reason, port.name)
        for port in ports
        for reason in reasons
        if not port.trusted or reason == Reason.PORT_DOWN
    )


def _check_names(
    ports: Sequence[Port],
    groups: Sequence[SecurityGroup],
    known: Mapping[str, SecurityGroup],
    bridges: Mapping[str, int],
) -> None:
    _check_unique("security group", [group.name for group in groups])
    _check_unique("port", [port.name for port in ports])
    _check_unique("port's device", [port.device for port in ports])
    _check_unique("port's number", [port.number for port in ports])
    _check_unique("bridge's zone", list(bridges.values()))
    for port in ports:
        if port.bridge not in bridges:
            raise LabError(f"port {port.name}: bridge {port.bridge} does not exist")
        for name in port.security_groups:
            _check_group(f"port {port.name}", name, known)
    for group in groups:
        for rule in group.rules:
            if rule.remote_group is not None:
                _check_group(f"security group {group.name}", rule.remote_group, known)


def _check_unique(kind: str, names: Sequence[str | int]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise LabError(f"{kind} {name!r} is there twice", remedy="give each its own name")


def _check_group(where: str, name: str, known: Mapping[str, SecurityGroup]) -> None:
    if name not in known:
        raise LabError(
            f"{where}: security group {name!r} does not exist",
            remedy=f"define it, or use one of: {', '.join(known) or 'none is defined'}",
        )
