"""Allocation pools: which addresses of a subnet are given to who does not choose."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.records import AllocationPool
from vipkeeper.lab.api.network.requests import PoolRequest
from vipkeeper.lab.plane import IPAddress


def pools_of(
    requests: Sequence[PoolRequest], cidr: object, gateway: str | None
) -> tuple[AllocationPool, ...]:
    network = ip_network(str(cidr))
    if not requests:
        return default_pools(str(network), gateway)
    pools: list[tuple[IPAddress, IPAddress]] = []
    for request in requests:
        start, end = ip_address(request.start), ip_address(request.end)
        if (
            start.version != network.version
            or end.version != network.version
            or int(end) < int(start)
        ):
            raise refusals.invalid_pool(request.start, request.end)
        if start not in network or end not in network:
            raise refusals.pool_out_of_bounds(f"{start}-{end}", str(network))
        for one, other in pools:
            if int(start) <= int(other) and int(one) <= int(end):
                raise refusals.overlapping_pools(f"{one}-{other}", f"{start}-{end}", str(network))
        pools.append((start, end))
    made = tuple(AllocationPool(start=str(start), end=str(end)) for start, end in pools)
    if gateway is not None:
        check_gateway_outside_pools(gateway, made)
    return made


def check_gateway_outside_pools(gateway: str, pools: Sequence[AllocationPool]) -> None:
    for pool in pools:
        first, last = ip_address(pool.start), ip_address(pool.end)
        if int(first) <= int(ip_address(gateway)) <= int(last):
            raise refusals.gateway_conflict(f"{pool.start}-{pool.end}", gateway)


def default_pools(cidr: str, gateway: str | None) -> tuple[AllocationPool, ...]:
    """All host addresses but the gateway's: one pool, or two where it lies in the middle."""
    network = ip_network(cidr)
    first, last = int(network.network_address) + 1, int(network.broadcast_address)
    if network.version == 4:
        last -= 1
    make = type(network.network_address)
    ranges = [(first, last)]
    if gateway is not None and first <= int(ip_address(gateway)) <= last:
        middle = int(ip_address(gateway))
        ranges = [(first, middle - 1), (middle + 1, last)]
    return tuple(
        AllocationPool(start=str(make(start)), end=str(make(end)))
        for start, end in ranges
        if start <= end
    )
