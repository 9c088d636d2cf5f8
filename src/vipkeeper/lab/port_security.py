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
from vipkeeper.lab.group_rules import group_matches, member_set, members, remote_groups
from vipkeeper.lab.nft import address_set, chain, counter, transaction
from vipkeeper.lab.ports import Port, parse_mac
from vipkeeper.lab.security_groups import Direction, SecurityGroup

SYSCTLS: Mapping[str, str] = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-arptables": "0",
}
"""What the switch's network namespace needs for the groups to see bridged packets."""

_OUT_PORT_SHIFT = 16  # the mark: number of the port a packet came from, above it the one it goes to

# ICMPv6 types: RFC 4443, RFC 4861, RFC 3810
_DUPLICATE_ADDRESS_DETECTION = "{ 131, 135, 143 }"  # from ::, neutron-lib's ALLOWED_UNSPEC_ADDR
_NEIGHBOUR_DISCOVERY = "{ 130, 135, 136 }"  # to instances, ICMPV6_ALLOWED_INGRESS_TYPES
_ROUTER_ADVERTISEMENT = "134"


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
        [*_counters(BRIDGE_TABLE, filtered), *_port_chains(ports, filtered)],
    ) + transaction(
        INET_TABLE,
        [
            *_counters(INET_TABLE, filtered),
            *(address_set(member_set(name, version), version) for name, version in remote),
            *_group_chains(ports, filtered, known, bridges),
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


def _drop(reason: Reason, port: Port) -> str:
    return f'counter name "{counter_name(reason, port.name)}" drop'


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


def _port_chains(ports: Sequence[Port], filtered: Sequence[Port]) -> list[str]:
    """The bridge family's half: what is seen on the frame alone."""
    mac = {f'"{port.device}"': f"jump mac-{port.name}" for port in filtered}
    arp = {f'"{port.device}"': f"jump arp-{port.name}" for port in filtered}
    numbers = {port.device: number for number, port in enumerate(ports, start=1)}
    in_ports = {f'"{device}"': str(number) for device, number in numbers.items()}
    chains = []
    for port in filtered:
        chains += [_mac_chain(port), _arp_chain(port)]
    return [
        *chains,
        chain(
            "prerouting",
            *([f"iifname vmap {_map(mac)}"] if mac else []),
            *([f"ether type arp iifname vmap {_map(arp)}"] if arp else []),
            hook="filter hook prerouting priority dstnat",
        ),
        chain(
            "forward",
            "meta mark set 0",
            *([f"meta mark set iifname map {_map(in_ports)}"] if in_ports else []),
            *(
                f'oifname "{device}" meta mark set meta mark | {number << _OUT_PORT_SHIFT:#x}'
                for device, number in numbers.items()
            ),
            hook="filter hook forward priority -10",
        ),
    ]


def _map(entries: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{key} : {value}" for key, value in entries.items()) + " }"


def _mac_chain(port: Port) -> str:
    macs = [parse_mac(port.mac_address)]
    macs += [parse_mac(pair.mac_address) for pair in port.allowed_address_pairs if pair.mac_address]
    return chain(
        f"mac-{port.name}",
        f"ether saddr {{ {', '.join(dict.fromkeys(macs))} }} return",
        _drop(Reason.MAC_SPOOFING, port),
    )


def _arp_chain(port: Port) -> str:
    """ARP by sender address alone.

    A pair 0.0.0.0/0 opens nothing here, although it does in the source chain. The agent
    means to leave ARP unchecked for such a port, since ebtables cannot match a /0, but only
    refrains from touching the chain: on a port that was plugged without that pair, the
    chain as it was stays in force.
    """
    addresses = [network for network, _ in port.sources() if network.version == 4]
    return chain(
        f"arp-{port.name}",
        *(
            f"arp saddr ip {network} accept"
            for network in dict.fromkeys(addresses)
            if network.prefixlen > 0
        ),
        _drop(Reason.ARP_SPOOFING, port),
    )


def _group_chains(
    ports: Sequence[Port],
    filtered: Sequence[Port],
    groups: Mapping[str, SecurityGroup],
    bridges: Sequence[str],
) -> list[str]:
    """The inet family's half: what is seen on the packet, with its connection."""
    numbers = {port.name: number for number, port in enumerate(ports, start=1)}
    zones = {f'"{bridge}"': str(zone) for zone, bridge in enumerate(bridges, start=1)}
    egress = {str(numbers[port.name]): f"jump egress-{port.name}" for port in filtered}
    ingress = {
        f"{numbers[port.name] << _OUT_PORT_SHIFT:#x}": f"jump ingress-{port.name}"
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
            *([f"ct zone set iifname map {_map(zones)}"] if zones else []),
            hook="filter hook prerouting priority raw",
        ),
        chain(
            "forward",
            *([f"meta mark & 0x0000ffff vmap {_map(egress)}"] if egress else []),
            *([f"meta mark & 0xffff0000 vmap {_map(ingress)}"] if ingress else []),
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
                    _drop(Reason.IP_SPOOFING, port),
                )
            )
    return chains


def _egress_chain(port: Port, groups: Mapping[str, SecurityGroup]) -> str:
    versions = {network.version for network, _ in port.sources()}
    name = port.name
    return chain(
        f"egress-{name}",
        "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 return",
        f"ip6 saddr :: ip6 daddr ff02::/16 icmpv6 type {_DUPLICATE_ADDRESS_DETECTION} return",
        # A family the port has no address of is not checked for its source: the agent
        # writes no source chain for it either.
        *([f"meta nfproto ipv4 jump source4-{name}"] if 4 in versions else []),
        *([f"meta nfproto ipv6 jump source6-{name}"] if 6 in versions else []),
        "meta nfproto ipv4 udp sport 68 udp dport 67 return",
        f"meta nfproto ipv6 icmpv6 type {_ROUTER_ADVERTISEMENT} "
        + _drop(Reason.ROUTER_ADVERTISEMENT, port),
        "meta nfproto ipv6 meta l4proto 58 return",
        "meta nfproto ipv6 udp sport 546 udp dport 547 return",
        "meta nfproto ipv4 udp sport 67 udp dport 68 " + _drop(Reason.DHCP_SERVER, port),
        "meta nfproto ipv6 udp sport 547 udp dport 546 " + _drop(Reason.DHCP_SERVER, port),
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
        "ct state invalid " + _drop(Reason.INVALID, port),
        _drop(otherwise, port),
    ]
