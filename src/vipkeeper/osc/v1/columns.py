"""How the client shows a virtual IP: tables for people, the same as data for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from osc_lib.cli.format_columns import ListColumn, ListDictColumn

from vipkeeper.openstack import as_data, words
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.listing import Listed
from vipkeeper.openstack.plans.plan import Plan

_SHORT = ("Name", "Addresses", "Floating IP", "Network", "Members")
_LONG = ("VRID", "VRRP Version", "Adopted")


def one(deployment: Deployment, plan: Plan) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Names and values for ShowOne."""
    members = [
        {
            "name": node.name,
            "priority": node.priority,
            "address": ", ".join(str(address) for address in node.addresses),
            "port_id": node.port_id,
        }
        for node in deployment.nodes
    ]
    known = [address for address in deployment.addresses if address.interface]
    shown = {
        "addresses": ListColumn([str(each.interface.ip) for each in known if each.interface]),
        "anti_affinity_group_id": deployment.server_group_id,
        "floating_ip_address": deployment.floating_ip,
        "interval": deployment.vrrp.interval,
        "members": ListDictColumn(members),
        "mode": deployment.vrrp.mode.value,
        "name": deployment.name,
        "network_id": deployment.network_id,
        "network_name": deployment.network_name,
        "port_ids": ListColumn([each.port_id for each in deployment.addresses if each.port_id]),
        "preempt": deployment.vrrp.preempt,
        "security_group_id": deployment.group_id,
        "service_ports": ListColumn([words.service_port(p) for p in deployment.service_ports]),
        "state": as_data.state(plan),
        "vrid": deployment.vrid,
        "vrrp_version": deployment.vrrp.protocol_version,
    }
    return tuple(shown), tuple(shown.values())


def many(
    found: Iterable[Listed], *, long: bool
) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
    """Names and rows for Lister."""
    titles = _SHORT + (_LONG if long else ())
    return titles, (_row(each)[: len(titles)] for each in found)


def _row(listed: Listed) -> tuple[Any, ...]:
    return (
        listed.name,
        ListColumn(list(listed.addresses)),
        listed.floating_ip,
        listed.network,
        ListColumn(list(listed.members)),
        listed.vrid,
        listed.version,
        listed.adopted,
    )
