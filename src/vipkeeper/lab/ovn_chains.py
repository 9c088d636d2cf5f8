"""A port's chains as OVN has them.

``MAC ADDRESS...`` is an entry of a logical switch port's port_security; Neutron writes one for
the port's own MAC address and one for each other of its pairs (ovn_client.py,
``get_allowed_addresses_from_port``). What an entry lets pass: ovn-nb(5) and ovn-controller's
lflow.c, ``build_port_security_ip`` and ``build_port_security_nd``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_interface, ip_network

from vipkeeper.lab.drops import Reason, drop
from vipkeeper.lab.matches import by_groups, one_of, only_to, out_mark, target_is
from vipkeeper.lab.ports import IPNetwork, Port, apart, link_local, parse_mac
from vipkeeper.lab.security_groups import SecurityGroup
from vipkeeper.lab.tables import Chain

Interface = IPv4Interface | IPv6Interface

_DHCP_CLIENT = "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67"
_DUPLICATE_ADDRESS_DETECTION = "ip6 saddr :: ip6 daddr ff02::/16 icmpv6 type { 131, 135, 143 }"
_DISCOVERY = "{ 130, 131, 132, 133, 134, 135, 136, 143 }"  # nd, nd_rs, nd_ra, mldv1, mldv2
_ALWAYS_HEARD: Mapping[int, tuple[str, ...]] = {
    4: ("255.255.255.255/32", "224.0.0.0/4"),
    6: ("ff00::/8",),
}


def entries(port: Port) -> dict[str, tuple[Interface, ...]]:
    """The addresses of each MAC address; a MAC address without any may have all."""
    own = parse_mac(port.mac_address)
    found: dict[str, list[Interface]] = {own: [ip_interface(text) for text in port.fixed_ips]}
    for pair in port.allowed_address_pairs:
        mac = parse_mac(pair.mac_address or own)
        found.setdefault(mac, []).append(ip_interface(pair.ip_address))
    return {mac: tuple(dict.fromkeys(addresses)) for mac, addresses in found.items()}


def spoken(interfaces: Sequence[Interface], version: int) -> list[IPNetwork]:
    """Where packets may come from: 10.0.0.5/24 is 10.0.0.5, and 10.0.0.0/24 all of it."""
    return [
        interface.network if interface.ip == interface.network.network_address
        else ip_network(interface.ip)
        for interface in interfaces
        if interface.version == version
    ]  # fmt: skip


def heard(mac: str, interfaces: Sequence[Interface], version: int) -> list[str]:
    """Where packets to a MAC address may go to; none at all in a family it has no address of."""
    own = spoken(interfaces, version)
    if not own:
        return []
    if version == 6:
        own.append(link_local(mac))
    # To 10.0.0.5/24 the broadcast address of that subnet belongs, too.
    own += [
        ip_network(interface.network.broadcast_address)
        for interface in interfaces
        if interface.version == version == 4 and interface.network.prefixlen < 32
    ]
    return apart([*own, *map(ip_network, _ALWAYS_HEARD[version])])


def frame_chains(port: Port, delivered: Sequence[str]) -> dict[str, Chain]:
    allowed = entries(port)
    return {
        "mac": Chain(
            (
                f"ether saddr {one_of(allowed)} return",
                drop(Reason.MAC_SPOOFING, port.name),
            )
        ),
        "arp": Chain(
            (
                *(
                    f"ether saddr {mac} arp saddr ether {mac} {match}accept"
                    for mac, interfaces in allowed.items()
                    for match in _from("arp saddr ip", interfaces, 4)
                ),
                drop(Reason.ARP_SPOOFING, port.name),
            )
        ),
        "out": Chain((*only_to(delivered, port), out_mark(port))),
    }


def packet_chains(port: Port, groups: Mapping[str, SecurityGroup]) -> dict[str, Chain]:
    stateful = all(groups[name].stateful for name in port.security_groups)
    return {
        "source4": _source_chain(port, 4),
        "source6": _source_chain(port, 6),
        "target": _target_chain(port),
        "egress": _egress_chain(port, stateful=stateful),
        "ingress": _ingress_chain(port, stateful=stateful),
    }


def _from(match: str, interfaces: Sequence[Interface], version: int) -> list[str]:
    """The matches of an entry's addresses: one that is always true where it has none at all."""
    if not interfaces:
        return [""]
    networks = apart(spoken(interfaces, version))
    if not networks:
        return []
    return ["" if any(text.endswith("/0") for text in networks) else f"{match} {one_of(networks)} "]


def _source_chain(port: Port, version: int) -> Chain:
    rules = []
    for mac, interfaces in entries(port).items():
        stated = list(interfaces)
        if version == 6 and any(interface.version == 6 for interface in interfaces):
            stated.append(ip_interface(link_local(mac)))
        for match in _from("ip saddr" if version == 4 else "ip6 saddr", stated, version):
            rules.append(f"ether saddr {mac} {match}return")
    return Chain((*rules, drop(Reason.IP_SPOOFING, port.name)))


def _target_chain(port: Port) -> Chain:
    rules = []
    for mac, interfaces in entries(port).items():
        targets = spoken(interfaces, 6)
        if targets:
            targets.append(link_local(mac))
        rules += [f"ether saddr {mac} {target_is(target)}return" for target in targets]
        if not interfaces:
            rules.append(f"ether saddr {mac} return")
    return Chain((*rules, drop(Reason.ND_SPOOFING, port.name)))


def _egress_chain(port: Port, *, stateful: bool) -> Chain:
    before = []
    for mac, interfaces in entries(port).items():
        if not interfaces or any(interface.version == 4 for interface in interfaces):
            before.append(f"ether saddr {mac} {_DHCP_CLIENT} accept")
        if not interfaces or any(interface.version == 6 for interface in interfaces):
            before.append(f"ether saddr {mac} {_DUPLICATE_ADDRESS_DETECTION} accept")
    return Chain(
        (
            *before,
            f"meta nfproto ipv4 jump source4-{port.name}",
            f"meta nfproto ipv6 jump source6-{port.name}",
            f"meta nfproto ipv6 icmpv6 type 136 jump target-{port.name}",
            f"meta nfproto ipv6 icmpv6 type {_DISCOVERY} accept",
            "meta nfproto ipv4 udp sport 68 udp dport 67 accept",
            "meta nfproto ipv6 udp sport 546 udp dport 547 accept",
            # OVN answers itself, so that none comes from a port; here the network's server
            # does, whose answers need no rule.
            "meta nfproto ipv4 udp sport 67 udp dport 68 " + drop(Reason.DHCP_SERVER, port.name),
            "meta nfproto ipv6 udp sport 547 udp dport 546 " + drop(Reason.DHCP_SERVER, port.name),
            *by_groups(port, "egress", Reason.NO_EGRESS_RULE, stateful=stateful, let_in_again=True),
        )
    )


def _ingress_chain(port: Port, *, stateful: bool) -> Chain:
    return Chain(
        (
            *_destinations(port),
            f"meta nfproto ipv6 icmpv6 type {_DISCOVERY} accept",
            "meta nfproto ipv4 udp sport 67 udp dport 68 accept",
            "meta nfproto ipv6 udp sport 547 udp dport 546 accept",
            *by_groups(
                port, "ingress", Reason.NO_INGRESS_RULE, stateful=stateful, let_in_again=True
            ),
        )
    )


def _destinations(port: Port) -> list[str]:
    """To the entry's MAC address only for its addresses; what is flooded is not checked."""
    rules = []
    for mac, interfaces in entries(port).items():
        for version, family in ((4, "ip"), (6, "ip6")) if interfaces else ():
            networks = heard(mac, interfaces, version)
            if any(text.endswith("/0") for text in networks):
                continue
            others = f"{family} daddr != {one_of(networks)} " if networks else ""
            rules.append(
                f"meta nfproto ipv{version} ether daddr {mac} {others}"
                + drop(Reason.DESTINATION_NOT_ALLOWED, port.name)
            )
    return rules
