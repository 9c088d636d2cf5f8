"""The checks that are made on a frame where it enters the switch: MAC address and ARP.

And the mark by which the checks on its packet find the two ports that it passes between.
"""

from __future__ import annotations

from collections.abc import Sequence

from vipkeeper.lab.drops import Reason, drop
from vipkeeper.lab.nft import chain, mapping
from vipkeeper.lab.ports import Port, parse_mac

OUT_PORT_SHIFT = 16
"""The mark: the number of the port a packet comes from, above it the one it goes to."""


def frame_chains(ports: Sequence[Port]) -> list[str]:
    """The chains of the bridge family's table.

    A port's place in the sequence, from 1, is its number in the mark.
    """
    filtered = [port for port in ports if port.filtered]
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
            *([f"iifname vmap {mapping(mac)}"] if mac else []),
            *([f"ether type arp iifname vmap {mapping(arp)}"] if arp else []),
            hook="filter hook prerouting priority dstnat",
        ),
        chain(
            "forward",
            "meta mark set 0",
            *([f"meta mark set iifname map {mapping(in_ports)}"] if in_ports else []),
            *(
                f'oifname "{device}" meta mark set meta mark | {number << OUT_PORT_SHIFT:#x}'
                for device, number in numbers.items()
            ),
            hook="filter hook forward priority -10",
        ),
    ]


def _mac_chain(port: Port) -> str:
    macs = [parse_mac(port.mac_address)]
    macs += [parse_mac(pair.mac_address) for pair in port.allowed_address_pairs if pair.mac_address]
    return chain(
        f"mac-{port.name}",
        f"ether saddr {{ {', '.join(dict.fromkeys(macs))} }} return",
        drop(Reason.MAC_SPOOFING, port.name),
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
        drop(Reason.ARP_SPOOFING, port.name),
    )
