"""Which addresses a port gets. Source: neutron/db/ipam_pluggable_backend.py."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.records import FixedIP, Network, Port, Subnet
from vipkeeper.lab.api.network.requests import FixedIPRequest
from vipkeeper.lab.api.state import State
from vipkeeper.lab.plane import IPAddress
from vipkeeper.lab.ports import link_local

_BY_MAC_ADDRESS = ("slaac", "dhcpv6-stateless")


class Allocation:
    """What is taken and what is free on one network.

    Args:
        but_for: a port whose own addresses count as free.
    """

    def __init__(self, state: State, network: Network, but_for: str = "") -> None:
        self._network = network
        self.subnets = [one for one in state.all(Subnet) if one.network_id == network.id]
        self._taken = {
            (fixed.subnet_id, _number(fixed.ip_address))
            for port in state.all(Port)
            if port.network_id == network.id and port.id != but_for
            for fixed in port.fixed_ips
        }

    def wanted(
        self, requests: Sequence[FixedIPRequest], mac: str, *, of_router: bool = False
    ) -> tuple[FixedIP, ...]:
        """The addresses of a request that names any.

        A port that is not a router's has an address in each subnet of automatic addresses as
        well, named or not, and chooses none there.

        Raises:
            Refusal: one is taken, or lies in no subnet.
        """
        fixed_ips = [self._one(request, mac, of_router=of_router) for request in requests]
        named = {fixed.subnet_id for fixed in fixed_ips}
        automatic = [one for one in self.subnets if _by_mac(one) and one.id not in named]
        if fixed_ips and not of_router:
            fixed_ips += [self._take(subnet, _eui64(subnet, mac)) for subnet in automatic]
        return tuple(fixed_ips)

    def any(self, mac: str) -> tuple[FixedIP, ...]:
        """What a port gets that names none: one of each family where there are subnets.

        Raises:
            Refusal: they are all taken.
        """
        fixed_ips = [
            self._take(subnet, _eui64(subnet, mac)) for subnet in self.subnets if _by_mac(subnet)
        ]
        for version in (4, 6):
            candidates = [
                one for one in self.subnets if one.ip_version == version and not _by_mac(one)
            ]
            if candidates:
                fixed_ips.append(self.first_free(candidates))
        return tuple(fixed_ips)

    def _one(self, request: FixedIPRequest, mac: str, *, of_router: bool) -> FixedIP:
        subnet = self._named(request.subnet_id)
        if request.ip_address is None:
            if subnet is None:
                raise refusals.invalid_input("IP allocation requires subnet_id or ip_address")
            if _by_mac(subnet):
                return self._take(subnet, _eui64(subnet, mac))
            return self.first_free([subnet])
        address = ip_address(request.ip_address)
        if subnet is None:
            subnet = next((one for one in self.subnets if _holds(one, address)), None)
            if subnet is None and any(address in ip_network(one.cidr) for one in self.subnets):
                raise refusals.address_not_in_subnet(request.ip_address)
            if subnet is None:
                raise refusals.address_not_in_network(request.ip_address)
        elif not _holds(subnet, address):
            raise refusals.address_not_in_subnet(request.ip_address)
        if _by_mac(subnet) and not of_router and address != _eui64(subnet, mac):
            raise refusals.automatic_address(request.ip_address, subnet.id)
        return self._take(subnet, address)

    def _named(self, id: str | None) -> Subnet | None:
        if id is None:
            return None
        for subnet in self.subnets:
            if subnet.id == id:
                return subnet
        raise refusals.subnet_of_other_network(self._network.id, id)

    def _take(self, subnet: Subnet, address: IPAddress) -> FixedIP:
        if (subnet.id, int(address)) in self._taken:
            raise refusals.address_in_use(str(address), subnet.id)
        self._taken.add((subnet.id, int(address)))
        return FixedIP(subnet_id=subnet.id, ip_address=str(address))

    def first_free(self, subnets: Sequence[Subnet]) -> FixedIP:
        """The lowest free address of the first of these subnets that has one."""
        for subnet in subnets:
            address = next(
                (one for one in pool_addresses(subnet) if (subnet.id, one) not in self._taken),
                None,
            )
            if address is not None:
                return self._take(subnet, _address_of(subnet, address))
        raise refusals.no_more_addresses(self._network.id)


def pool_addresses(subnet: Subnet) -> Iterator[int]:
    """The addresses that may be given to who does not choose, lowest first, as numbers.

    Thousands are looked at where thousands are taken; an address object each would take ten
    times as long.
    """
    for pool in subnet.allocation_pools:
        yield from range(_number(pool.start), _number(pool.end) + 1)


def _address_of(subnet: Subnet, number: int) -> IPAddress:
    return IPv4Address(number) if subnet.ip_version == 4 else IPv6Address(number)


@lru_cache(maxsize=1 << 16)
def _number(address: str) -> int:
    return int(ip_address(address))


def new_mac_address(taken: Iterable[str]) -> str:
    """A free one with Neutron's default base_mac, fa:16:3e."""
    used = set(taken)
    while True:
        mac = "fa:16:3e:" + secrets.token_bytes(3).hex(":")
        if mac not in used:
            return mac


def _holds(subnet: Subnet, address: IPAddress) -> bool:
    """Whether it is a host address there; the network's own and the broadcast are none."""
    network = ip_network(subnet.cidr)
    if address not in network:
        return False
    if network.version == 6 or network.prefixlen >= 31:
        return network.version == 4 or address != network.network_address
    return address not in (network.network_address, network.broadcast_address)


def _by_mac(subnet: Subnet) -> bool:
    return subnet.ipv6_address_mode in _BY_MAC_ADDRESS


def _eui64(subnet: Subnet, mac: str) -> IPAddress:
    interface_id = int(link_local(mac).network_address) & (2**64 - 1)
    network = ip_network(subnet.cidr)
    return type(network.network_address)(int(network.network_address) | interface_id)
