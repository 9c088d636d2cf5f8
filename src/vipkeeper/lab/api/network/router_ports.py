"""The ports that routers have, and others that the network service makes for itself."""

from __future__ import annotations

from vipkeeper.lab.api.network.addresses import Allocation, new_mac_address
from vipkeeper.lab.api.network.records import FixedIP, Network, Port, Router
from vipkeeper.lab.api.network.requests import FixedIPRequest
from vipkeeper.lab.api.network.resources import get, stamp
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State

GATEWAY_OWNER = "network:router_gateway"
SNAT_OWNER = "network:router_centralized_snat"
INTERFACE_OWNERS = ("network:router_interface", "network:router_interface_distributed")


def interfaces(state: State, router: Router) -> list[Port]:
    return [
        port
        for port in state.all(Port)
        if port.device_id == router.id and port.device_owner in INTERFACE_OWNERS
    ]


def own_port(
    change: Change,
    network: Network,
    *,
    device_id: str,
    device_owner: str,
    project_id: str,
    fixed_ips: list[FixedIPRequest],
) -> Port:
    """A port that the network service makes for itself; nothing filters it."""
    taken = [port.mac_address for port in change.all(Port) if port.network_id == network.id]
    mac = new_mac_address(taken)
    allocation = Allocation(change, network)
    allocated: tuple[FixedIP, ...] = (
        allocation.wanted(fixed_ips, mac, of_router=True) if fixed_ips else allocation.any(mac)
    )
    return Port(
        id=new_id(),
        project_id=project_id,
        network_id=network.id,
        mac_address=mac,
        fixed_ips=allocated,
        device_id=device_id,
        device_owner=device_owner,
        port_security_enabled=False,
        **stamp(change, 1),
    )


def keep_snat_ports(change: Change, router: Router) -> None:
    """A distributed router with a gateway has one more port on each of its networks.

    neutron/db/l3_dvr_db.py ``_create_snat_interfaces_after_change``.
    """
    existing = {
        port.network_id: port
        for port in change.all(Port)
        if port.device_id == router.id and port.device_owner == SNAT_OWNER
    }
    wanted = (
        {
            port.network_id: port.fixed_ips[0].subnet_id
            for port in interfaces(change, router)
            if port.fixed_ips
        }
        if router.distributed and router.gateway_port_id
        else {}
    )
    for network_id, port in existing.items():
        if network_id not in wanted:
            change.delete(port)
    for network_id, subnet_id in wanted.items():
        if network_id not in existing:
            change.put(
                own_port(
                    change,
                    get(change, Network, network_id),
                    device_id=router.id,
                    device_owner=SNAT_OWNER,
                    project_id="",
                    fixed_ips=[FixedIPRequest(subnet_id=subnet_id)],
                )
            )
