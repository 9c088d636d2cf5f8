"""The checks that are made on a frame where it enters the switch: MAC address and ARP.

And the mark by which the checks on its packet find the two ports that it passes between.
"""

from __future__ import annotations

from collections.abc import Sequence

from vipkeeper.lab.drops import BRIDGE_TABLE, Reason, drop
from vipkeeper.lab.ports import Port, parse_mac
from vipkeeper.lab.tables import Chain, ElementSet, Table

OUT_PORT_SHIFT = 16
"""The mark: the number of the port a packet comes from, above it the one it goes to."""


def frame_table(ports: Sequence[Port], counters: frozenset[str]) -> Table:
    """The bridge family's table.

    A port comes and goes by an element in each map; the base chains stay as they are.
    """
    filtered = [port for port in ports if port.filtered and port.admin_state_up]
    chains = _base_chains()
    for port in ports:
        chains |= _chains(port)
    return Table(
        BRIDGE_TABLE,
        counters,
        {
            "in-ports": ElementSet(
                "map",
                "type ifname : mark;",
                {_quoted(port.device): str(port.number) for port in ports},
            ),
            "mac-chains": _verdicts("mac", [port for port in ports if _checked(port)]),
            "arp-chains": _verdicts("arp", filtered),
            "out-chains": _verdicts("out", ports),
        },
        chains,
    )


def _base_chains() -> dict[str, Chain]:
    return {
        "prerouting": Chain(
            (
                "meta mark set 0",
                "meta mark set iifname map @in-ports",
                "iifname vmap @mac-chains",
                "ether type arp iifname vmap @arp-chains",
            ),
            hook="filter hook prerouting priority dstnat",
        ),
        "forward": Chain(("oifname vmap @out-chains",), hook="filter hook forward priority -10"),
    }


def _verdicts(chain: str, ports: Sequence[Port]) -> ElementSet:
    jumps = {_quoted(port.device): f"jump {chain}-{port.name}" for port in ports}
    return ElementSet("map", "type ifname : verdict;", jumps)


def _quoted(device: str) -> str:
    return f'"{device}"'


def _checked(port: Port) -> bool:
    return port.filtered or not port.admin_state_up


def _chains(port: Port) -> dict[str, Chain]:
    if not port.admin_state_up:
        down = Chain((drop(Reason.PORT_DOWN, port.name),))
        return {f"mac-{port.name}": down, f"out-{port.name}": down}
    out = Chain((f"meta mark set meta mark & 0x0000ffff | {port.number << OUT_PORT_SHIFT:#x}",))
    if not port.filtered:
        return {f"out-{port.name}": out}
    return {
        f"mac-{port.name}": _mac_chain(port),
        f"arp-{port.name}": _arp_chain(port),
        f"out-{port.name}": out,
    }


def _mac_chain(port: Port) -> Chain:
    macs = [parse_mac(port.mac_address)]
    macs += [parse_mac(pair.mac_address) for pair in port.allowed_address_pairs if pair.mac_address]
    return Chain(
        (
            f"ether saddr {{ {', '.join(dict.fromkeys(macs))} }} return",
            drop(Reason.MAC_SPOOFING, port.name),
        )
    )


def _arp_chain(port: Port) -> Chain:
    """ARP by sender address alone.

    A pair 0.0.0.0/0 opens nothing here, although it does in the source chain. The agent
    means to leave ARP unchecked for such a port, since ebtables cannot match a /0, but only
    refrains from touching the chain: on a port that was plugged without that pair, the
    chain as it was stays in force.
    """
    addresses = [network for network, _ in port.sources() if network.version == 4]
    return Chain(
        (
            *(
                f"arp saddr ip {network} accept"
                for network in dict.fromkeys(addresses)
                if network.prefixlen > 0
            ),
            drop(Reason.ARP_SPOOFING, port.name),
        )
    )
