"""The services' answers as values. A field that an older cloud does not have is its default."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import TypeVar

from vipkeeper.openstack.client.cloud_errors import Json, nonsense
from vipkeeper.openstack.resources import (
    AddressPair,
    FixedIp,
    FloatingIp,
    Network,
    Port,
    Quota,
    Rule,
    SecurityGroup,
    Server,
    ServerGroup,
    Subnet,
)

T = TypeVar("T")


def read(what: Callable[[Json], T], views: Iterable[Json]) -> tuple[T, ...]:
    """Values of answers, in the order of the answers; what came twice is there once.

    Raises:
        CloudError: a field is not what it should be.
    """
    try:
        return tuple(dict.fromkeys(what(view) for view in views))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        words = f"the cloud's answer is not what it should be ({type(error).__name__}: {error})"
        raise nonsense(f"read a {what.__name__.replace('_', ' ')}", None, words) from error


def network(view: Json) -> Network:
    return Network(
        id=view["id"],
        name=view.get("name") or "",
        project_id=_project(view),
        shared=bool(view.get("shared")),
        external=bool(view.get("router:external")),
        port_security_enabled=view.get("port_security_enabled", True),
        mtu=view.get("mtu") or 1500,
    )


def subnet(view: Json) -> Subnet:
    gateway = view.get("gateway_ip")
    return Subnet(
        id=view["id"],
        name=view.get("name") or "",
        network_id=view["network_id"],
        cidr=ip_network(view["cidr"], strict=False),
        gateway_ip=ip_address(gateway) if gateway else None,
    )


def port(view: Json) -> Port:
    return Port(
        id=view["id"],
        name=view.get("name") or "",
        network_id=view["network_id"],
        project_id=_project(view),
        mac_address=view["mac_address"],
        fixed_ips=tuple(
            FixedIp(one["subnet_id"], ip_address(one["ip_address"])) for one in view["fixed_ips"]
        ),
        allowed_address_pairs=tuple(
            AddressPair(one["ip_address"], one.get("mac_address") or view["mac_address"])
            for one in view.get("allowed_address_pairs") or ()
        ),
        security_groups=tuple(view.get("security_groups") or ()),
        port_security_enabled=view.get("port_security_enabled", True),
        device_id=view.get("device_id") or "",
        device_owner=view.get("device_owner") or "",
        vnic_type=view.get("binding:vnic_type") or "normal",
        status=view.get("status") or "",
        description=view.get("description") or "",
        tags=tuple(view.get("tags") or ()),
        revision=view.get("revision_number") or 0,
        created_at=view.get("created_at") or "",
    )


def rule(view: Json) -> Rule:
    protocol = view.get("protocol")
    return Rule(
        direction=view["direction"],
        ethertype=view["ethertype"],
        protocol=None if protocol is None else str(protocol),
        port_range_min=view.get("port_range_min"),
        port_range_max=view.get("port_range_max"),
        remote_ip_prefix=view.get("remote_ip_prefix"),
        remote_group_id=view.get("remote_group_id"),
        description=view.get("description") or "",
        id=view["id"],
        remote_address_group_id=view.get("remote_address_group_id"),
    )


def group(view: Json) -> SecurityGroup:
    return SecurityGroup(
        id=view["id"],
        name=view.get("name") or "",
        project_id=_project(view),
        rules=tuple(rule(one) for one in view.get("security_group_rules") or ()),
        description=view.get("description") or "",
        tags=tuple(view.get("tags") or ()),
        created_at=view.get("created_at") or "",
    )


def floating_ip(view: Json) -> FloatingIp:
    return FloatingIp(
        id=view["id"],
        address=view["floating_ip_address"],
        network_id=view["floating_network_id"],
        project_id=_project(view),
        port_id=view.get("port_id") or None,
        fixed_ip_address=view.get("fixed_ip_address") or None,
        status=view.get("status") or "",
        description=view.get("description") or "",
        tags=tuple(view.get("tags") or ()),
    )


def server(view: Json) -> Server:
    return Server(
        id=view["id"],
        name=view.get("name") or "",
        status=view.get("status") or "",
        host_id=view.get("hostId") or "",
    )


def server_group(view: Json) -> ServerGroup:
    """``policy`` since microversion 2.64, ``policies`` before."""
    policies = view.get("policies") or ()
    return ServerGroup(
        id=view["id"],
        name=view.get("name") or "",
        policy=view.get("policy") or next(iter(policies), ""),
        members=tuple(view.get("members") or ()),
    )


def quotas(view: Json) -> dict[str, Quota]:
    """Of ``/quotas/PROJECT/details``; what is reserved is about to be used."""
    return {
        name: Quota(limit=one["limit"], used=one["used"] + one.get("reserved", 0))
        for name, one in view.items()
        if isinstance(one, dict)
    }


def _project(view: Json) -> str:
    return view.get("project_id") or view.get("tenant_id") or ""
