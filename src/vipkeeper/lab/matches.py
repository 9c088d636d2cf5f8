"""nftables matches that the chains of Open vSwitch and OVN have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vipkeeper.lab.drops import Reason, drop
from vipkeeper.lab.ports import IPNetwork, Port, Source
from vipkeeper.lab.security_groups import Direction

OUT_PORT_SHIFT = 16
"""The mark: the number of the port a packet comes from, above it the one it goes to."""

MULTICAST = "ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00"
"""To a group or to all: IEEE 802's group bit."""


def out_mark(port: Port) -> str:
    return f"meta mark set meta mark & 0x0000ffff | {port.number << OUT_PORT_SHIFT:#x}"


def one_of(values: Iterable[str]) -> str:
    return f"{{ {', '.join(values)} }}"


PORT_MACS = "port-macs"
"""Name of the set with the MAC addresses of all ports."""


def only_to(macs: Sequence[str], port: Port) -> list[str]:
    """Rules by which a port gets frames for these MAC addresses, for groups and for all.

    Neither back end floods what it knows the receiver of. The bridge does, until it has
    heard from it, which is nothing that the other ports should be said to have dropped.
    """
    to_another = "ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 "
    to_another += f"ether daddr != {one_of(macs)} "
    return [
        f"{to_another}ether daddr @{PORT_MACS} drop",
        to_another + drop(Reason.UNKNOWN_DESTINATION_MAC, port.name),
    ]


def from_source(match: str, source: Source) -> str:
    """Address and MAC address together; ``match`` names the address ("arp saddr ip")."""
    network, mac = source
    return f"ether saddr {mac} " + (f"{match} {network} " if network.prefixlen else "")


def target_is(network: IPNetwork) -> str:
    """The target of a neighbour advertisement, at offset 8 of ICMPv6 (RFC 4861 4.4)."""
    if not network.prefixlen:
        return ""
    value, mask = int(network.network_address), int(network.netmask)
    masked = "" if network.prefixlen == network.max_prefixlen else f"& {mask:#034x} "
    return f"@th,64,128 {masked}== {value:#034x} "


_BLOCKED = "0x1"
"""The mark of a connection that was let in once and is not any more: firewall's
CT_MARK_INVALID, northd's ct_mark.blocked."""
_LET_IN = "0x0"


def by_groups(
    port: Port,
    direction: Direction,
    otherwise: Reason,
    *,
    stateful: bool = True,
    let_in_again: bool,
) -> list[str]:
    """What ends both chains where who began a connection is held against the rules each time.

    Only answers pass for being known. A rule that is taken away is felt at once, in both
    directions as soon as one packet has been refused; what is invalid is dropped even if a
    rule would let it in. OVS: ``_initialize_tracked_ingress``, priorities 50 and 40 against
    the rules' 70; OVN: ovn-northd(8), "from-lport ACL evaluation", priority 65532.

    Args:
        let_in_again: whether a rule that comes back unblocks the answers, too.
    """
    jumps = [f"jump group-{direction}-{name}" for name in dict.fromkeys(port.security_groups)]
    if not stateful:
        return [*jumps, drop(otherwise, port.name)]
    unblock = f"ct state established ct direction original ct mark set {_LET_IN}"
    invalid = drop(Reason.INVALID, port.name)
    return [
        f"ct state invalid {invalid}",
        f"ct mark {_BLOCKED} ct direction reply {invalid}",
        "ct state established ct direction reply accept",
        "ct state related accept",
        *([unblock] if let_in_again else []),
        *jumps,
        f"ct state established ct mark set {_BLOCKED}",
        drop(otherwise, port.name),
    ]
