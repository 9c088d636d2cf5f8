"""The checks that are made on a frame where it enters the switch: MAC address and ARP.

And the mark by which the checks on its packet find the two ports that it passes between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vipkeeper.lab.back_end import allowed_macs
from vipkeeper.lab.drops import BRIDGE_TABLE, Reason, drop
from vipkeeper.lab.matches import PORT_MACS, one_of, out_mark
from vipkeeper.lab.ports import Port, parse_mac
from vipkeeper.lab.tables import Chain, ElementSet, Table

FrameChains = Callable[[Port, Sequence[str]], Mapping[str, Chain]]
"""The chains "mac", "arp" and "out" of a port, given the MAC addresses it gets frames for."""


def frame_table(
    ports: Sequence[Port],
    counters: frozenset[str],
    frame_chains: FrameChains,
    delivered: Mapping[str, Sequence[str]],
) -> Table:
    """The bridge family's table.

    A port comes and goes by an element in each map; the base chains stay as they are.
    """
    chains = _base_chains()
    jumps: dict[str, dict[str, str]] = {"mac": {}, "arp": {}, "out": {}}
    for port in ports:
        for kind, chain in _chains(port, frame_chains, delivered).items():
            chains[f"{kind}-{port.name}"] = chain
            jumps[kind][_quoted(port.device)] = f"jump {kind}-{port.name}"
    numbers = {_quoted(port.device): str(port.number) for port in ports}
    return Table(
        BRIDGE_TABLE,
        counters,
        {
            PORT_MACS: ElementSet(
                "set",
                "type ether_addr;",
                dict.fromkeys((parse_mac(port.mac_address) for port in ports), ""),
            ),
            "in-ports": ElementSet("map", "type ifname : mark;", numbers),
            **{
                f"{kind}-chains": ElementSet("map", "type ifname : verdict;", elements)
                for kind, elements in jumps.items()
            },
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


def _quoted(device: str) -> str:
    return f'"{device}"'


def _chains(
    port: Port, frame_chains: FrameChains, delivered: Mapping[str, Sequence[str]]
) -> Mapping[str, Chain]:
    if not port.admin_state_up:
        down = Chain((drop(Reason.PORT_DOWN, port.name),))
        return {"mac": down, "out": down}
    if not port.filtered:
        return {"out": Chain((out_mark(port),))}
    return frame_chains(port, delivered[port.name])


def linuxbridge_frame_chains(port: Port, _delivered: Sequence[str]) -> dict[str, Chain]:
    """The agent does not look at the destination MAC address."""
    return {
        "mac": _mac_chain(port),
        "arp": _arp_chain(port),
        "out": Chain((out_mark(port),)),
    }


def _mac_chain(port: Port) -> Chain:
    return Chain(
        (
            f"ether saddr {one_of(allowed_macs(port))} return",
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
