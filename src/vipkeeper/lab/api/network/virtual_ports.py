"""What OVN's mechanism driver refuses for the sake of virtual ports and of metadata."""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.records import AddressPair, Port
from vipkeeper.lab.api.state import State

METADATA_OWNER = "network:distributed"


def is_virtual(state: State, port: Port) -> bool:
    """Whether an address of it is, letter by letter, a pair of another port of its network.

    Source: neutron/plugins/ml2/drivers/ovn/mech_driver/ovsdb/ovn_client.py,
    ``get_port_type_virtual_and_parents``.
    """
    addresses = {fixed.ip_address for fixed in port.fixed_ips}
    return any(
        pair.ip_address in addresses
        for other in state.all(Port)
        if other.network_id == port.network_id and other.id != port.id
        for pair in other.allowed_address_pairs
    )


def check_binding(state: State, port: Port) -> None:
    """Refuse to bind a virtual port (neutron/common/ovn/utils.py).

    Source: ``validate_port_binding_and_virtual_port``, since Neutron 23.

    Raises:
        Refusal: it is one.
    """
    if is_virtual(state, port):
        raise refusals.virtual_port_binding()


def check_pairs(state: State, network_id: str, pairs: Iterable[AddressPair]) -> None:
    """Refuse the address of the network's metadata port as a pair (LP#2116249, Neutron 27).

    With the others no port has that owner, and nothing is refused.

    Raises:
        Refusal: it is among them.
    """
    taken = {
        fixed.ip_address
        for port in state.all(Port)
        if port.network_id == network_id and port.device_owner == METADATA_OWNER
        for fixed in port.fixed_ips
    }
    for pair in pairs:
        if pair.ip_address.removesuffix("/32").removesuffix("/128") in taken:
            raise refusals.metadata_pair(pair.ip_address)
