"""What a back end lets an API user see of itself.

``binding:*`` and ``distributed`` are an admin's to see, but the owners of ports are everybody's:
by them a tenant can tell the back ends apart. Sources: neutron_lib/constants.py, the mechanism
drivers' ``vif_details``, neutron/common/ovn/extensions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BRIDGE_DETAILS = {"connectivity": "l2", "port_filter": True}
_OVS_DETAILS = {
    "connectivity": "l2",
    "port_filter": True,
    "ovs_hybrid_plug": False,
    "datapath_type": "system",
    "bridge_name": "br-int",
}


@dataclass(frozen=True, slots=True)
class BackEnd:
    """What ports and extensions look like.

    Attributes:
        dhcp_owner: ``device_owner`` of the port that serves DHCP or metadata.
        dhcp_device: ``device_id`` of it, with the network's id put in.
        interface_owner: ``device_owner`` of a router's interfaces.
        centralized_snat: whether each interface of a router with a gateway has a second port.
        virtual_ports: whether a port whose address is an allowed address pair cannot be bound.
        extensions: what it has beyond those that all have.
    """

    name: str
    dhcp_owner: str = "network:dhcp"
    dhcp_device: str = "dhcp8f1c6a0e-5f0b-5d9d-b0a5-3b1a7a9f3f11-{}"
    interface_owner: str = "network:router_interface"
    centralized_snat: bool = False
    virtual_ports: bool = False
    vif_type: str = "ovs"
    vif_details: Mapping[str, Any] = field(default_factory=lambda: _OVS_DETAILS)
    extensions: tuple[str, ...] = ()


LINUXBRIDGE = BackEnd("linuxbridge", vif_type="bridge", vif_details=BRIDGE_DETAILS)
OVS = BackEnd("ovs")
OVN = BackEnd(
    "ovn",
    dhcp_owner="network:distributed",
    dhcp_device="ovnmeta-{}",
    virtual_ports=True,
)
DVR = BackEnd(
    "dvr",
    interface_owner="network:router_interface_distributed",
    centralized_snat=True,
    extensions=("dvr",),
)

BACK_ENDS: Mapping[str, BackEnd] = {one.name: one for one in (LINUXBRIDGE, OVS, OVN, DVR)}
