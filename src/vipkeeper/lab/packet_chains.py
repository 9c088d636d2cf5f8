"""The checks that are made on a packet between two ports: source, DHCP, groups, connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vipkeeper.lab.drops import Reason, drop
from vipkeeper.lab.frame_chains import OUT_PORT_SHIFT
from vipkeeper.lab.group_rules import group_matches
from vipkeeper.lab.nft import chain, mapping
from vipkeeper.lab.ports import Port
from vipkeeper.lab.security_groups import Direction, SecurityGroup

# ICMPv6 types: RFC 4443, RFC 4861, RFC 3810
_DUPLICATE_ADDRESS_DETECTION = "{ 131, 135, 143 }"  # from ::, neutron-lib's ALLOWED_UNSPEC_ADDR
_NEIGHBOUR_DISCOVERY = "{ 130, 135, 136 }"  # to instances, ICMPV6_ALLOWED_INGRESS_TYPES
_ROUTER_ADVERTISEMENT = "134"


def packet_chains(
    ports: Sequence[Port],
    groups: Mapping[str, SecurityGroup],
    bridges: Sequence[str],
) -> list[str]:
    """The chains of the inet family's table.

    A bridge's place in the sequence, from 1, is its connection tracking zone.
    """
    filtered = [port for port in ports if port.filtered]
    numbers = {port.name: number for number, port in enumerate(ports, start=1)}
    zones = {f'"{bridge}"': str(zone) for zone, bridge in enumerate(bridges, start=1)}
    egress = {str(numbers[port.name]): f"jump egress-{port.name}" for port in filtered}
    ingress = {
        f"{numbers[port.name] << OUT_PORT_SHIFT:#x}": f"jump ingress-{port.name}"
        for port in filtered
    }
    chains = []
    for port in filtered:
        chains += _source_chains(port)
        chains += [_egress_chain(port, groups), _ingress_chain(port, groups)]
    return [
        *chains,
        chain(
            "prerouting",
            *([f"ct zone set iifname map {mapping(zones)}"] if zones else []),
            hook="filter hook prerouting priority raw",
        ),
        chain(
            "forward",
            *([f"meta mark & 0x0000ffff vmap {mapping(egress)}"] if egress else []),
            *([f"meta mark & 0xffff0000 vmap {mapping(ingress)}"] if ingress else []),
            hook="filter hook forward priority filter",
        ),
    ]


def _source_chains(port: Port) -> list[str]:
    """Address and MAC address together, one chain for each family the port has."""
    chains = []
    for version, family in ((4, "ip"), (6, "ip6")):
        sources = [(network, mac) for network, mac in port.sources() if network.version == version]
        if sources:
            chains.append(
                chain(
                    f"source{version}-{port.name}",
                    *(
                        (f"{family} saddr {network} " if network.prefixlen else "")
                        + f"ether saddr {mac} return"
                        for network, mac in sources
                    ),
                    drop(Reason.IP_SPOOFING, port.name),
                )
            )
    return chains


def _egress_chain(port: Port, groups: Mapping[str, SecurityGroup]) -> str:
    versions = {network.version for network, _ in port.sources()}
    return chain(
        f"egress-{port.name}",
        "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 return",
        f"ip6 saddr :: ip6 daddr ff02::/16 icmpv6 type {_DUPLICATE_ADDRESS_DETECTION} return",
        # A family the port has no address of is not checked for its source: the agent
        # writes no source chain for it either.
        *([f"meta nfproto ipv4 jump source4-{port.name}"] if 4 in versions else []),
        *([f"meta nfproto ipv6 jump source6-{port.name}"] if 6 in versions else []),
        "meta nfproto ipv4 udp sport 68 udp dport 67 return",
        f"meta nfproto ipv6 icmpv6 type {_ROUTER_ADVERTISEMENT} "
        + drop(Reason.ROUTER_ADVERTISEMENT, port.name),
        "meta nfproto ipv6 meta l4proto 58 return",
        "meta nfproto ipv6 udp sport 546 udp dport 547 return",
        "meta nfproto ipv4 udp sport 67 udp dport 68 " + drop(Reason.DHCP_SERVER, port.name),
        "meta nfproto ipv6 udp sport 547 udp dport 546 " + drop(Reason.DHCP_SERVER, port.name),
        *_by_groups(port, "egress", groups, (), Reason.NO_EGRESS_RULE),
    )


def _ingress_chain(port: Port, groups: Mapping[str, SecurityGroup]) -> str:
    """The groups at the receiver, and before them what every instance needs to exist."""
    addresses = port.fixed_addresses
    own4 = [str(address) for address in addresses if address.version == 4]
    own6 = [str(address) for address in addresses if address.version == 6]
    provided = [
        f"ip daddr {address} udp sport 67 udp dport 68 return"
        for address in (*own4, "255.255.255.255")
    ]
    provided += [
        f"ip6 daddr {address} udp sport 547 udp dport 546 return"
        for address in (*own6, "fe80::/64")
    ]
    if own6:
        provided.append(f"meta nfproto ipv6 icmpv6 type {_ROUTER_ADVERTISEMENT} return")
    return chain(
        f"ingress-{port.name}",
        f"meta nfproto ipv6 icmpv6 type {_NEIGHBOUR_DISCOVERY} return",
        *_by_groups(port, "ingress", groups, provided, Reason.NO_INGRESS_RULE),
    )


def _by_groups(
    port: Port,
    direction: Direction,
    groups: Mapping[str, SecurityGroup],
    provided: Sequence[str],
    otherwise: Reason,
) -> list[str]:
    """What ends both chains: known connections, the rules, and the two drops."""
    matches = [
        match for name in port.security_groups for match in group_matches(groups[name], direction)
    ]
    return [
        "ct state established,related return",
        *provided,
        *(f"{match} return" for match in dict.fromkeys(matches)),
        "ct state invalid " + drop(Reason.INVALID, port.name),
        drop(otherwise, port.name),
    ]
