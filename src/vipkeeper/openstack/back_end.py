"""Which back end a cloud's network has, as far as a plain tenant can see.

The owners of ports tell (neutron_lib/constants.py): ``binding:*`` and a router's ``distributed``
are an admin's to see, ``device_owner`` is everybody's on their own networks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    OVN = "ovn"
    AGENTS = "agents"
    """Open vSwitch or Linux bridge, with DHCP and L3 agents: they look alike from here."""
    UNKNOWN = "unknown"
    """Nothing of the network has a telling owner: no DHCP, no router."""


@dataclass(frozen=True, slots=True)
class BackEnd:
    """What is known of it.

    Attributes:
        distributed: the network's router is distributed (DVR).
        routed: the network has a router's interface.
        rejects_multicast_pairs: Neutron 29 or newer (extension aap-reject-multicast).
    """

    kind: Kind
    distributed: bool = False
    routed: bool = False
    rejects_multicast_pairs: bool = False


def recognised(owners: Iterable[str], extensions: Iterable[str]) -> BackEnd:
    """The back end of a network with ports of these ``device_owner``s."""
    seen = frozenset(owners)
    interfaces = {one for one in seen if one in ROUTER_OWNERS}
    if "network:distributed" in seen:
        kind = Kind.OVN
    elif seen & {"network:dhcp", *_AGENTS_ONLY}:
        kind = Kind.AGENTS
    else:
        kind = Kind.UNKNOWN
    return BackEnd(
        kind,
        distributed=bool(seen & _DISTRIBUTED),
        routed=bool(interfaces),
        rejects_multicast_pairs="aap-reject-multicast" in frozenset(extensions),
    )


_DISTRIBUTED = frozenset(
    ("network:router_interface_distributed", "network:router_centralized_snat")
)
_AGENTS_ONLY = frozenset((*_DISTRIBUTED, "network:ha_router_replicated_interface"))
ROUTER_OWNERS = frozenset(
    (
        "network:router_interface",
        "network:router_interface_distributed",
        "network:ha_router_replicated_interface",
    )
)
TELLING_OWNERS = (
    "network:dhcp",
    "network:distributed",
    "network:ha_router_replicated_interface",
    "network:router_centralized_snat",
    "network:router_interface",
    "network:router_interface_distributed",
)
"""What to ask a cloud for."""
