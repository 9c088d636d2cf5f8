"""A port's chains as Open vSwitch with the native firewall has them.

Source: neutron/agent/linux/openvswitch_firewall/firewall.py, the tables' numbers in the
comments. It knows no stateless groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vipkeeper.lab.back_end import allowed_macs
from vipkeeper.lab.drops import Reason, drop
from vipkeeper.lab.matches import (
    MULTICAST,
    by_groups,
    from_source,
    one_of,
    only_to,
    out_mark,
    target_is,
)
from vipkeeper.lab.ports import Port, Source, link_local, parse_mac, parse_network
from vipkeeper.lab.security_groups import SecurityGroup
from vipkeeper.lab.tables import Chain

_PERMITTED = ("ip", "ip6", "arp", "0x8035")  # the last is RARP; more by permitted_ethertypes
_FROM_INSTANCES = "{ 130, 133, 135 }"  # neutron/agent/firewall.py, ICMPV6_ALLOWED_EGRESS_TYPES
_TO_INSTANCES = "{ 130, 134, 135, 136 }"  # ICMPV6_ALLOWED_INGRESS_TYPES, and advertisements
_ADVERTISEMENT = "meta nfproto ipv6 icmpv6 type 136"


def frame_chains(port: Port, delivered: Sequence[str]) -> dict[str, Chain]:
    macs = allowed_macs(port)
    return {
        "mac": Chain(
            (
                f"ether saddr != {one_of(macs)} {drop(Reason.MAC_SPOOFING, port.name)}",
                f"ether type != {one_of(_PERMITTED)} {drop(Reason.ETHERTYPE, port.name)}",
            )
        ),
        # Table 71, priority 95: sender and source MAC address together.
        "arp": Chain(
            (
                *(from_source("arp saddr ip", source) + "accept" for source in sources(port, 4)),
                drop(Reason.ARP_SPOOFING, port.name),
            )
        ),
        # Table 60, priority 90.
        "out": Chain((*only_to(delivered, port), out_mark(port))),
    }


def packet_chains(port: Port, groups: Mapping[str, SecurityGroup]) -> dict[str, Chain]:
    return {
        **{f"source{version}": _source_chain(port, version) for version in (4, 6)},
        "target": Chain(
            (
                *(f"{target_is(network)}return" for network, _ in sources(port, 6)),
                drop(Reason.ND_SPOOFING, port.name),
            )
        ),
        "egress": _egress_chain(port),
        "ingress": _ingress_chain(port),
    }


def sources(port: Port, version: int) -> tuple[Source, ...]:
    """Pairs, fixed IPs, and the own MAC address's link-local address, whatever else there is.

    Unlike linuxbridge: a port without addresses may speak from no other, and a pair brings
    no link-local address of its MAC address.
    """
    own = parse_mac(port.mac_address)
    stated = [
        (pair.network, parse_mac(pair.mac_address or own)) for pair in port.allowed_address_pairs
    ]
    stated += [(parse_network(text), own) for text in port.fixed_ips]
    stated.append((link_local(own), own))
    return tuple(dict.fromkeys(source for source in stated if source[0].version == version))


def _source_chain(port: Port, version: int) -> Chain:
    """Table 71, priority 65."""
    match = "ip saddr" if version == 4 else "ip6 saddr"
    return Chain(
        (
            *(from_source(match, source) + "return" for source in sources(port, version)),
            drop(Reason.IP_SPOOFING, port.name),
        )
    )


def _egress_chain(port: Port) -> Chain:
    own = parse_mac(port.mac_address)
    return Chain(
        (
            f"ip saddr 0.0.0.0 ether saddr {own} udp sport 68 udp dport 67 accept",
            # An advertisement is known by its target alone (LP#1902917).
            f"{_ADVERTISEMENT} jump target-{port.name}",
            f"{_ADVERTISEMENT} accept",
            f"meta nfproto ipv4 jump source4-{port.name}",
            f"meta nfproto ipv6 jump source6-{port.name}",
            f"meta nfproto ipv6 icmpv6 type {_FROM_INSTANCES} accept",
            "meta nfproto ipv4 udp sport 68 udp dport 67 accept",
            "meta nfproto ipv6 udp sport 546 udp dport 547 accept",
            "meta nfproto ipv4 udp sport 67 udp dport 68 " + drop(Reason.DHCP_SERVER, port.name),
            "meta nfproto ipv6 udp sport 547 udp dport 546 " + drop(Reason.DHCP_SERVER, port.name),
            "meta nfproto ipv6 icmpv6 type 134 " + drop(Reason.ROUTER_ADVERTISEMENT, port.name),
            *by_groups(port, "egress", Reason.NO_EGRESS_RULE, let_in_again=False),
        )
    )


def _ingress_chain(port: Port) -> Chain:
    return Chain(
        (
            # Table 73 hands on to table 81 what is for a port's MAC address, and floods the rest.
            f"{MULTICAST} accept",
            f"meta nfproto ipv6 icmpv6 type {_TO_INSTANCES} accept",
            "meta nfproto ipv4 udp sport 67 udp dport 68 accept",
            "meta nfproto ipv6 udp sport 547 udp dport 546 accept",
            *by_groups(port, "ingress", Reason.NO_INGRESS_RULE, let_in_again=False),
        )
    )
