"""Why port security dropped a packet, and how often: the counters of the ruleset.

Each drop has a named nftables counter, ``REASON/PORT``. Named counters are objects of their
table and outlive a flush of its rules, so the numbers go on rising over a change of the
rules and start at 0 with the lab.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

BRIDGE_TABLE = "bridge vipkeeper_ports"
"""What is checked on the frame, where it enters the switch."""
INET_TABLE = "inet vipkeeper_groups"
"""What is checked on the packet, between the two ports."""


class Reason(StrEnum):
    """The check that a packet did not pass, in the order in which they are made."""

    PORT_DOWN = "port-down"
    """The port that it comes from or goes to has admin_state_up false."""
    MAC_SPOOFING = "mac-spoofing"
    """The source MAC address is neither the port's nor one of its pairs'."""
    ETHERTYPE = "ethertype-not-permitted"
    """It is neither IP nor ARP (OVS; Neutron's option permitted_ethertypes, LP#1832758)."""
    ARP_SPOOFING = "arp-spoofing"
    """ARP's sender address is neither a fixed IP nor in one of the pairs.

    With OVS and OVN also: not one of those that go with the source MAC address.
    """
    UNKNOWN_DESTINATION_MAC = "unknown-destination-mac"
    """The port that it would leave by has another MAC address, and no pair with this one
    (OVS, OVN)."""
    IP_SPOOFING = "ip-spoofing"
    """Source address and source MAC address are not allowed together."""
    ND_SPOOFING = "nd-spoofing"
    """The target of a neighbour advertisement is none of the port's addresses (OVS, OVN)."""
    DESTINATION_NOT_ALLOWED = "destination-not-allowed"
    """It is for an address that is neither a fixed IP of the receiver nor in one of its
    pairs (OVN)."""
    ROUTER_ADVERTISEMENT = "router-advertisement"
    """An instance announces itself as an IPv6 router."""
    DHCP_SERVER = "dhcp-server"
    """An instance answers as a DHCP server."""
    NO_EGRESS_RULE = "no-egress-rule"
    """No group of the sending port lets it out."""
    NO_INGRESS_RULE = "no-ingress-rule"
    """No group of the receiving port lets it in."""
    INVALID = "invalid"
    """It belongs to no connection and can begin none, and no rule lets it pass.

    With OVS and OVN whatever the rules say, and also the answers of a connection whose
    beginner is refused by now.
    """

    @property
    def table(self) -> str:
        """``FAMILY NAME`` of the table that holds the counter."""
        return BRIDGE_TABLE if self in _AT_THE_BRIDGE else INET_TABLE


_AT_THE_BRIDGE = frozenset(
    (
        Reason.PORT_DOWN,
        Reason.MAC_SPOOFING,
        Reason.ETHERTYPE,
        Reason.ARP_SPOOFING,
        Reason.UNKNOWN_DESTINATION_MAC,
    )
)


@dataclass(frozen=True, slots=True)
class DropCount:
    """Packets dropped at one port for one reason since the lab began.

    What an instance floods (broadcast, multicast) is judged once for each port that it
    would leave by, so from :attr:`Reason.IP_SPOOFING` on it counts once for each of them.
    The agent's iptables counters do the same.
    """

    port: str
    reason: Reason
    packets: int
    bytes: int


def counter_name(reason: Reason, port: str) -> str:
    return f"{reason}/{port}"


def drop(reason: Reason, port: str) -> str:
    """The end of an nftables rule that drops, and counts it."""
    return f'counter name "{counter_name(reason, port)}" drop'


def parse_counters(text: str) -> list[DropCount]:
    """All counts, zeros too, from the output of ``nft -j list counters``.

    Counters of other tables are passed over.
    """
    tables = (BRIDGE_TABLE, INET_TABLE)
    counts = []
    for entry in json.loads(text)["nftables"]:
        counter = entry.get("counter")
        if counter is None or f"{counter['family']} {counter['table']}" not in tables:
            continue
        reason, _, port = counter["name"].partition("/")
        counts.append(DropCount(port, Reason(reason), counter["packets"], counter["bytes"]))
    return counts
