"""The extensions that the lab's Neutron has, as ``GET /v2.0/extensions`` tells them."""

from __future__ import annotations

from typing import Any

from vipkeeper.lab.api.network.back_ends import BackEnd

_NAMES = {
    "agent": "agent",
    "allowed-address-pairs": "Allowed Address Pairs",
    "binding": "Port Binding",
    "dvr": "Distributed Virtual Router",
    "ext-gw-mode": "Neutron L3 Configurable external gateway mode",
    "external-net": "Neutron external network",
    "extra_dhcp_opt": "Neutron Extra DHCP options",
    "extraroute": "Neutron Extra Route",
    "filter-validation": "Filter parameters validation",
    "fip-port-details": "Floating IP Port Details Extension",
    "ip-substring-filtering": "IP address substring filtering",
    "net-mtu": "Network MTU",
    "net-mtu-writable": "Network MTU (writable)",
    "pagination": "Pagination support",
    "port-security": "Port Security",
    "project-id": "project_id field enabled",
    "provider": "Provider Network",
    "quotas": "Quota management support",
    "quota_details": "Quota details management support",
    "revision-if-match": "If-Match constraints based on revision_number",
    "router": "Neutron L3 Router",
    "security-group": "security-group",
    "security-groups-normalized-cidr": "Normalized CIDR field for security group rules",
    "sorting": "Sorting support",
    "standard-attr-description": "standard-attr-description",
    "standard-attr-revisions": "Resource revision numbers",
    "standard-attr-tag": "Tag support for resources with standard attribute: port, subnet, ...",
    "standard-attr-timestamp": "Resource timestamps",
    "stateful-security-group": "Stateful security group",
}
_ONLY_WHERE_SAID = ("dvr",)
_UPDATED = "2016-01-01T10:00:00-00:00"


def extensions(back_end: BackEnd) -> list[dict[str, Any]]:
    return [
        {
            "alias": alias,
            "name": name,
            "description": name,
            "updated": _UPDATED,
            "links": [],
        }
        for alias, name in _NAMES.items()
        if alias not in _ONLY_WHERE_SAID or alias in back_end.extensions
    ]
