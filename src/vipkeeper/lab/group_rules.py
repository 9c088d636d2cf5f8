"""Security group rules as nftables matches, and the members of remote groups as sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vipkeeper.lab.back_end import BackEnd, any_address_macs
from vipkeeper.lab.ports import IPNetwork, Member, Port, apart, parse_network
from vipkeeper.lab.security_groups import (
    PROTOCOLS_WITH_PORTS,
    Direction,
    SecurityGroup,
    SecurityGroupRule,
)

Remote = tuple[str, int]
"""A group that some rule names as the other end, and the IP version."""
KnownByMac = Mapping[Remote, Collection[str]]

_PROTOCOL_WORDS = {6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite"}


def group_matches(
    group: SecurityGroup, direction: Direction, known_by_mac: KnownByMac | None = None
) -> list[str]:
    """The nftables matches of each rule in that direction, without a verdict."""
    return [
        match
        for rule in group.rules
        if rule.direction == direction
        for match in _matches(rule, known_by_mac or {})
    ]


def remote_groups(groups: Iterable[SecurityGroup]) -> set[Remote]:
    """(name, IP version) of each group that some rule names as the other end."""
    return {
        (rule.remote_group, rule.version)
        for group in groups
        for rule in group.rules
        if rule.remote_group is not None
    }


def member_set(group: str, version: int) -> str:
    """Name of the set with the addresses of a group's members."""
    return f"members{version}-{group}"


@dataclass(frozen=True, slots=True)
class Members:
    """Who speaks as a member of each remote group.

    Attributes:
        addresses: by address or prefix.
        by_mac: by the MAC address alone.
    """

    addresses: Mapping[Remote, Sequence[str]]
    by_mac: KnownByMac


def members(
    remote: Iterable[Remote], in_groups: Sequence[Port | Member], back_end: BackEnd
) -> Members:
    return Members(
        _by_address(remote, in_groups, back_end),
        _by_mac(in_groups) if back_end.any_address_needs_the_mac else {},
    )


def _by_address(
    remote: Iterable[Remote], in_groups: Iterable[Port | Member], back_end: BackEnd
) -> dict[Remote, list[str]]:
    """Addresses and prefixes that speak as members of each remote group.

    Where allowed address pairs count, who may speak from the VIP is let in as the VIP too,
    and a pair 10.0.0.0/8 makes all of it a member.
    """
    found: dict[Remote, set[IPNetwork]] = {key: set() for key in remote}
    for member in in_groups:
        networks = [parse_network(text) for text in member.fixed_ips]
        if back_end.pairs_are_members:
            networks += [pair.network for pair in member.allowed_address_pairs]
        for group in member.security_groups:
            for network in networks:
                if not network.prefixlen and back_end.any_address_needs_the_mac:
                    continue
                if (group, network.version) in found:
                    found[group, network.version].add(network)
    return {key: apart(networks) for key, networks in found.items()}


def _by_mac(in_groups: Iterable[Port | Member]) -> dict[Remote, set[str]]:
    """Members with a pair 0.0.0.0/0, who would make everybody a member."""
    found: dict[Remote, set[str]] = {}
    for member in in_groups:
        for version, macs in any_address_macs(member).items():
            for group in member.security_groups:
                found.setdefault((group, version), set()).update(macs)
    return found


def _matches(rule: SecurityGroupRule, known_by_mac: KnownByMac) -> list[str]:
    remotes = [_remote(rule)]
    if rule.remote_group is not None:
        macs = known_by_mac.get((rule.remote_group, rule.version), ())
        remotes += [[f"ether saddr {mac}"] for mac in sorted(macs)]
    family = f"meta nfproto {rule.ethertype.lower()}"
    return [" ".join((family, *remote, *_protocol(rule))) for remote in remotes]


def _remote(rule: SecurityGroupRule) -> list[str]:
    family = "ip" if rule.version == 4 else "ip6"
    side = "saddr" if rule.direction == "ingress" else "daddr"
    if rule.remote_group is not None:
        return [f"{family} {side} @{member_set(rule.remote_group, rule.version)}"]
    if rule.remote_ip_prefix is not None:
        network = parse_network(rule.remote_ip_prefix)
        if network.prefixlen > 0:
            return [f"{family} {side} {network}"]
    return []


def _protocol(rule: SecurityGroupRule) -> list[str]:
    protocol = rule.protocol_number
    low, high = rule.port_range_min, rule.port_range_max
    if not protocol:  # 0 means any to iptables, and so to the agent
        return []
    if low is None:
        return [f"meta l4proto {protocol}"]
    if protocol in PROTOCOLS_WITH_PORTS:
        ports = str(low) if low == high else f"{low}-{high}"
        return [f"{_PROTOCOL_WORDS[protocol]} dport {ports}"]
    word = "icmp" if rule.version == 4 else "icmpv6"
    return [f"{word} type {low}", *([] if high is None else [f"{word} code {high}"])]
