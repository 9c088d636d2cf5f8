"""Deployments that a Heat template is rendered of, with what their specs say besides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.openstack import deployments
from vipkeeper.openstack.deployment import Deployment

PASSWORD = "hush-hus"

_DUAL_STACK = deployments.deployment(families=(4, 6), members=3)

VARIANTS: dict[str, tuple[Deployment, dict[str, Any]]] = {
    "ipv4": (deployments.deployment(), {}),
    "dual-stack": (_DUAL_STACK, {}),
    "virtual-mac": (deployments.deployment(families=(4, 6), virtual_mac=True), {}),
    "unknown-address": (deployments.without_address(deployments.deployment()), {}),
    "group-of-others": (deployments.deployment(families=(4, 6)), {"security_group": "theirs"}),
    "ah": (deployments.deployment(authentication={"type": "ah", "password": PASSWORD}), {}),
    "unfiltered": (
        replace(
            _DUAL_STACK, nodes=tuple(replace(one, filtered=False) for one in _DUAL_STACK.nodes)
        ),
        {},
    ),
    "many-ports": (
        deployments.deployment(),
        {"service_ports": [{"first": 80}, {"first": 8000, "last": 8010}, {"protocol": "icmp"}]},
    ),
    "server-group": (deployments.deployment(), {"anti_affinity": True}),
}
