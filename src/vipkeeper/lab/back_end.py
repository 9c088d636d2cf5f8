"""The ways in which Neutron's networking back ends enforce the same ports and groups.

What each one checks is in its chains: :mod:`~vipkeeper.lab.frame_chains` and
:mod:`~vipkeeper.lab.packet_chains` for linuxbridge, :mod:`~vipkeeper.lab.ovs_chains`,
:mod:`~vipkeeper.lab.ovn_chains`. Here is what they make of a port before that, and what a VIP
meets beside port security: :mod:`~vipkeeper.lab.virtual_ports` (OVN) and
:func:`permanent_neighbours` (DVR).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from ipaddress import ip_address

from vipkeeper.lab.drops import Reason
from vipkeeper.lab.ports import Member, Port, parse_mac


class BackEnd(StrEnum):
    """Which one."""

    LINUXBRIDGE = "linuxbridge"
    """ebtables and iptables. MAC and ARP sender are checked apart, multicast by the groups."""
    OVS = "ovs"
    """Open vSwitch with its native firewall. Multicast does not come by the receiver's groups
    (LP#1889631: flooded by NORMAL before table 81; the fix was taken back, LP#1899967)."""
    OVN = "ovn"
    """The destination is checked as well, and who speaks as a member of a group is known by
    its fixed IPs alone: northd's build_port_group_address_set reads a port's addresses, not
    its port security."""
    DVR = "dvr"
    """Open vSwitch with distributed routers, whose neighbour entries are permanent."""

    @property
    def pairs_are_members(self) -> bool:
        """Whether a remote group has its ports' allowed address pairs in it."""
        return self is not BackEnd.OVN

    @property
    def any_address_needs_the_mac(self) -> bool:
        """Whether a member that may speak from anywhere is known by its MAC address.

        With a pair 0.0.0.0/0 everybody would be a member otherwise (LP#1867119;
        neutron/agent/linux/openvswitch_firewall/rules.py,
        ``create_flows_for_ip_address_and_mac``).
        """
        return self in (BackEnd.OVS, BackEnd.DVR)

    @property
    def knows_stateless_groups(self) -> bool:
        """OVS's native firewall tracks the connections of every group's ports."""
        return self in (BackEnd.LINUXBRIDGE, BackEnd.OVN)

    @property
    def deletes_connections(self) -> bool:
        """Whether a change of rules ends connections by deletion; the others mark them."""
        return self is BackEnd.LINUXBRIDGE

    @property
    def reasons(self) -> frozenset[Reason]:
        """Why it can drop a packet at all."""
        return _COMMON | _PARTICULAR[self]


_COMMON = frozenset(
    (
        Reason.PORT_DOWN,
        Reason.MAC_SPOOFING,
        Reason.ARP_SPOOFING,
        Reason.IP_SPOOFING,
        Reason.DHCP_SERVER,
        Reason.NO_EGRESS_RULE,
        Reason.NO_INGRESS_RULE,
        Reason.INVALID,
    )
)
_OVS = frozenset(
    (
        Reason.ETHERTYPE,
        Reason.UNKNOWN_DESTINATION_MAC,
        Reason.ND_SPOOFING,
        Reason.ROUTER_ADVERTISEMENT,
    )
)
_PARTICULAR: Mapping[BackEnd, frozenset[Reason]] = {
    BackEnd.LINUXBRIDGE: frozenset((Reason.ROUTER_ADVERTISEMENT,)),
    BackEnd.OVS: _OVS,
    BackEnd.DVR: _OVS,
    BackEnd.OVN: frozenset(
        (
            Reason.UNKNOWN_DESTINATION_MAC,
            Reason.ND_SPOOFING,
            Reason.DESTINATION_NOT_ALLOWED,
        )
    ),
}


def delivered_macs(ports: Iterable[Port], back_end: BackEnd) -> dict[str, tuple[str, ...]]:
    """The destination MAC addresses of the frames that each port gets.

    OVS has the pairs' with the port's own (firewall.py, ``all_allowed_macs`` in table 60). So
    has OVN (ovn_client.py, ``get_allowed_addresses_from_port``: they become addresses of the
    logical port), but one address of two ports leads to one of them, whoever speaks from it:
    a virtual MAC address does not move. Which one is not said; here it is the lower number.
    """
    macs: dict[str, tuple[str, ...]] = {}
    taken: set[tuple[str, str]] = set()
    for port in sorted(ports, key=lambda port: port.number):
        own = allowed_macs(port)
        if back_end is BackEnd.OVN:
            own = tuple(mac for mac in own if (port.bridge, mac) not in taken)
            taken |= {(port.bridge, mac) for mac in own}
        macs[port.name] = own
    return macs


def allowed_macs(port: Port) -> tuple[str, ...]:
    """The port's own and its pairs', each once."""
    pairs = [pair.mac_address for pair in port.allowed_address_pairs if pair.mac_address]
    return tuple(dict.fromkeys(map(parse_mac, (port.mac_address, *pairs))))


def any_address_macs(member: Port | Member) -> dict[int, set[str]]:
    """By IP version, the MAC addresses of pairs that allow every address."""
    if not isinstance(member, Port):
        return {}
    found: dict[int, set[str]] = {}
    for pair in member.allowed_address_pairs:
        if pair.network.prefixlen == 0:
            mac = parse_mac(pair.mac_address or member.mac_address)
            found.setdefault(pair.network.version, set()).add(mac)
    return found


def permanent_neighbours(ports: Iterable[Port], order: Sequence[str]) -> dict[str, str]:
    """The neighbour entries, address to MAC address, of a distributed router's namespace.

    They are there for fixed IPs and for pairs with one address, and no announcement changes
    them: of two ports with the same pair the one that was written last has the VIP, wherever
    it is (LP#1774459). A port that is not bound has none (LP#1869887). Source:
    neutron/db/l3_dvrscheduler_db.py, ``update_arp_entry_for_dvr_service_port``, with
    ``_get_allowed_address_pair_fixed_ips``: a "/32" counts as one address and a "/128" does
    not. The MAC address is the pair's, as since Neutron 26.

    Args:
        ports: the bound ports of the router's networks.
        order: names of ports as they were created or changed, the last change last; a port
            that is not among them was written before all of these.
    """
    rank = {name: at for at, name in enumerate(order)}
    entries: dict[str, str] = {}
    bound = (port for port in ports if not port.trusted and port.fixed_ips)
    for port in sorted(bound, key=lambda port: rank.get(port.name, -1)):
        for text in port.fixed_ips:
            entries[str(ip_address(text))] = parse_mac(port.mac_address)
        for pair in port.allowed_address_pairs if port.port_security_enabled else ():
            address, _, prefix = pair.ip_address.partition("/")
            if prefix in ("", "32") and (not prefix or pair.network.version == 4):
                mac = parse_mac(pair.mac_address or port.mac_address)
                entries[str(ip_address(address))] = mac
    return entries
