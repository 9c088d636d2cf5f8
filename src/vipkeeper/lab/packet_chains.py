"""The checks that are made on a packet between two ports: source, DHCP, groups, connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vipkeeper.lab.drops import INET_TABLE, Reason, drop
from vipkeeper.lab.group_rules import KnownByMac, Members, group_matches, member_set
from vipkeeper.lab.matches import OUT_PORT_SHIFT
from vipkeeper.lab.ports import Port
from vipkeeper.lab.security_groups import Direction, SecurityGroup
from vipkeeper.lab.tables import Chain, ElementSet, Table, address_set

# ICMPv6 types: RFC 4443, RFC 4861, RFC 3810
_DUPLICATE_ADDRESS_DETECTION = "{ 131, 135, 143 }"  # from ::, neutron-lib's ALLOWED_UNSPEC_ADDR
_NEIGHBOUR_DISCOVERY = "{ 130, 135, 136 }"  # to instances, ICMPV6_ALLOWED_INGRESS_TYPES
_ROUTER_ADVERTISEMENT = "134"

_KNOWN = "ct state established,related accept"


PacketChains = Callable[[Port, Mapping[str, SecurityGroup]], Mapping[str, Chain]]
"""The chains "egress" and "ingress" of a port, and those that only they jump to."""


def packet_table(
    ports: Sequence[Port],
    groups: Mapping[str, SecurityGroup],
    zones: Mapping[str, int],
    members: Members,
    counters: frozenset[str],
    packet_chains: PacketChains,
) -> Table:
    """The inet family's table.

    Args:
        ports: those whose packets are checked.
        zones: the bridges, each with its connection tracking zone.
    """
    chains = _base_chains()
    for name in dict.fromkeys(name for port in ports for name in port.security_groups):
        chains |= _group_chains(groups[name], members.by_mac)
    for port in ports:
        for kind, chain in packet_chains(port, groups).items():
            chains[f"{kind}-{port.name}"] = chain
    stateless = [str(port.number) for port in ports if not stateful(port, groups)]
    sets = {
        "zones": ElementSet(
            "map",
            "typeof iifname : ct zone;",
            {f'"{bridge}"': str(zone) for bridge, zone in zones.items()},
        ),
        "stateless-ports": ElementSet("set", "type mark;", dict.fromkeys(stateless, "")),
        "egress-chains": ElementSet(
            "map",
            "type mark : verdict;",
            {str(port.number): f"jump egress-{port.name}" for port in ports},
        ),
        "ingress-chains": ElementSet(
            "map",
            "type mark : verdict;",
            {f"{port.number << OUT_PORT_SHIFT:#x}": f"jump ingress-{port.name}" for port in ports},
        ),
    }
    for (name, version), addresses in members.addresses.items():
        sets[member_set(name, version)] = address_set(version, addresses)
    return Table(INET_TABLE, counters, sets, chains)


def _base_chains() -> dict[str, Chain]:
    """An ``accept`` ends the base chain that led to it, and the next one begins."""
    return {
        "prerouting": Chain(
            (
                # Setting a zone would have the connection tracked after all.
                "meta mark & 0x0000ffff @stateless-ports notrack accept",
                "ct zone set iifname map @zones",
            ),
            hook="filter hook prerouting priority raw",
        ),
        "egress": Chain(
            ("meta mark & 0x0000ffff vmap @egress-chains",),
            hook="filter hook forward priority filter - 1",
        ),
        "ingress": Chain(
            ("meta mark & 0xffff0000 vmap @ingress-chains",),
            hook="filter hook forward priority filter",
        ),
    }


def _group_chains(group: SecurityGroup, known_by_mac: KnownByMac) -> dict[str, Chain]:
    """A group's rules, once for all its ports."""
    directions: tuple[Direction, ...] = ("egress", "ingress")
    chains = {}
    for direction in directions:
        matches = dict.fromkeys(group_matches(group, direction, known_by_mac))
        rules = tuple(f"{match} accept" for match in matches)
        chains[f"group-{direction}-{group.name}"] = Chain(rules)
    return chains


def linuxbridge_packet_chains(port: Port, groups: Mapping[str, SecurityGroup]) -> dict[str, Chain]:
    return {
        **_source_chains(port),
        "egress": _egress_chain(port, groups),
        "ingress": _ingress_chain(port, groups),
    }


def _source_chains(port: Port) -> dict[str, Chain]:
    """Address and MAC address together, one chain for each family the port has."""
    chains = {}
    for version, family in ((4, "ip"), (6, "ip6")):
        sources = [(network, mac) for network, mac in port.sources() if network.version == version]
        if sources:
            chains[f"source{version}"] = Chain(
                (
                    *(
                        (f"{family} saddr {network} " if network.prefixlen else "")
                        + f"ether saddr {mac} return"
                        for network, mac in sources
                    ),
                    drop(Reason.IP_SPOOFING, port.name),
                )
            )
    return chains


def _egress_chain(port: Port, groups: Mapping[str, SecurityGroup]) -> Chain:
    versions = {network.version for network, _ in port.sources()}
    return Chain(
        (
            "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept",
            f"ip6 saddr :: ip6 daddr ff02::/16 icmpv6 type {_DUPLICATE_ADDRESS_DETECTION} accept",
            # A family the port has no address of is not checked for its source: the agent
            # writes no source chain for it either.
            *([f"meta nfproto ipv4 jump source4-{port.name}"] if 4 in versions else []),
            *([f"meta nfproto ipv6 jump source6-{port.name}"] if 6 in versions else []),
            "meta nfproto ipv4 udp sport 68 udp dport 67 accept",
            f"meta nfproto ipv6 icmpv6 type {_ROUTER_ADVERTISEMENT} "
            + drop(Reason.ROUTER_ADVERTISEMENT, port.name),
            "meta nfproto ipv6 meta l4proto 58 accept",
            "meta nfproto ipv6 udp sport 546 udp dport 547 accept",
            "meta nfproto ipv4 udp sport 67 udp dport 68 " + drop(Reason.DHCP_SERVER, port.name),
            "meta nfproto ipv6 udp sport 547 udp dport 546 " + drop(Reason.DHCP_SERVER, port.name),
            *_by_groups(port, "egress", groups, (), Reason.NO_EGRESS_RULE),
        )
    )


def _ingress_chain(port: Port, groups: Mapping[str, SecurityGroup]) -> Chain:
    """The groups at the receiver, and before them what every instance needs to exist."""
    addresses = port.fixed_addresses
    own4 = [str(address) for address in addresses if address.version == 4]
    own6 = [str(address) for address in addresses if address.version == 6]
    provided = [
        f"ip daddr {address} udp sport 67 udp dport 68 accept"
        for address in (*own4, "255.255.255.255")
    ]
    provided += [
        f"ip6 daddr {address} udp sport 547 udp dport 546 accept"
        for address in (*own6, "fe80::/64")
    ]
    if own6:
        provided.append(f"meta nfproto ipv6 icmpv6 type {_ROUTER_ADVERTISEMENT} accept")
    return Chain(
        (
            f"meta nfproto ipv6 icmpv6 type {_NEIGHBOUR_DISCOVERY} accept",
            *_by_groups(port, "ingress", groups, provided, Reason.NO_INGRESS_RULE),
        )
    )


def stateful(port: Port, groups: Mapping[str, SecurityGroup]) -> bool:
    """Neutron refuses to have groups of both kinds on one port."""
    return all(groups[name].stateful for name in port.security_groups)


def _by_groups(
    port: Port,
    direction: Direction,
    groups: Mapping[str, SecurityGroup],
    provided: Sequence[str],
    otherwise: Reason,
) -> list[str]:
    """What ends both chains: known connections, the groups' rules, and the two drops."""
    tracked = stateful(port, groups)
    return [
        *([_KNOWN] if tracked else []),
        *provided,
        *(f"jump group-{direction}-{name}" for name in dict.fromkeys(port.security_groups)),
        *(["ct state invalid " + drop(Reason.INVALID, port.name)] if tracked else []),
        drop(otherwise, port.name),
    ]
