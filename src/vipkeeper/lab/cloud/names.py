"""Names of links, as Neutron's agents give them: a prefix and the id's first 11 characters.

Who knows a Neutron finds in the lab's switch what he looks for with tcpdump. Source:
neutron_lib/constants.py (TAP_DEVICE_PREFIX), linuxbridge_neutron_agent.py (BRIDGE_NAME_PREFIX),
neutron/agent/linux/interface.py (BridgeInterfaceDriver.DEV_NAME_PREFIX), l3/router_info.py.
"""

from __future__ import annotations

_LENGTH = 11  # with the prefix 14 of the 15 characters that a link's name may have


def bridge(network: str) -> str:
    return f"brq{network[:_LENGTH]}"


def tap(port: str) -> str:
    return f"tap{port[:_LENGTH]}"


def dhcp_device(port: str) -> str:
    return f"ns-{port[:_LENGTH]}"


def router_device(port: str) -> str:
    return f"qr-{port[:_LENGTH]}"


def snat_device(port: str) -> str:
    """Source: neutron_lib/constants.py, SNAT_INT_DEV_PREFIX."""
    return f"sg-{port[:_LENGTH]}"


def gateway_device(port: str) -> str:
    return f"qg-{port[:_LENGTH]}"
