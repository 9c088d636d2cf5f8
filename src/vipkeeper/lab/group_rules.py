"""Security group rules as nftables matches, and the members of remote groups as sets."""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.lab.ports import IPNetwork, Member, Port, parse_network
from vipkeeper.lab.security_groups import (
    PROTOCOLS_WITH_PORTS,
    Direction,
    SecurityGroup,
    SecurityGroupRule,
)

_PROTOCOL_WORDS = {6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite"}


def group_matches(group: SecurityGroup, direction: Direction) -> list[str]:
    """The nftables match of each rule in that direction, without a verdict."""
    return [_match(rule) for rule in group.rules if rule.direction == direction]


def remote_groups(groups: Iterable[SecurityGroup]) -> set[tuple[str, int]]:
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


def members(
    remote: Iterable[tuple[str, int]], members_of_groups: Iterable[Port | Member]
) -> dict[tuple[str, int], list[str]]:
    """Addresses and prefixes that speak as members of each (group, IP version).

    Allowed address pairs count, as they do in Neutron: who may speak from the VIP is let in
    as the VIP too, and a pair 10.0.0.0/8 makes all of it a member.
    """
    found: dict[tuple[str, int], set[IPNetwork]] = {key: set() for key in remote}
    for member in members_of_groups:
        networks = [pair.network for pair in member.allowed_address_pairs]
        networks += [parse_network(text) for text in member.fixed_ips]
        for group in member.security_groups:
            for network in networks:
                if (group, network.version) in found:
                    found[group, network.version].add(network)
    return {key: _apart(networks) for key, networks in found.items()}


def _apart(networks: Iterable[IPNetwork]) -> list[str]:
    """Without those that are part of another, since an interval set takes no overlap.

    Neighbours are left as they are: one that comes or goes is then one element.
    """
    apart: list[IPNetwork] = []
    for network in sorted(networks, key=lambda n: (int(n.network_address), n.prefixlen)):
        if not apart or int(network.network_address) > int(apart[-1].broadcast_address):
            apart.append(network)
    return [str(network) for network in apart]


def _match(rule: SecurityGroupRule) -> str:
    words = [f"meta nfproto {rule.ethertype.lower()}", *_remote(rule), *_protocol(rule)]
    return " ".join(words)


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
