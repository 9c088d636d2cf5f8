"""Everything that a member sees in a cloud, without what differs from run to run."""

from __future__ import annotations

from typing import Any

from tests.lab.api.rest import Rest

State = dict[str, list[Any]]


def state(member: Rest) -> State:
    """Ports, groups with their rules, floating IPs and server groups, by name; sorted.

    What is there twice is in a list twice. IDs are names here; of a floating IP where it leads.
    """
    ports = member.get("ports")["ports"]
    groups = member.get("security-groups")["security_groups"]
    names = {one["id"]: one["name"] for one in (*groups, *ports)}
    servers = member.get(f"{_compute(member)}/os-server-groups")["server_groups"]
    return {
        "ports": sorted(_port(one, names) for one in ports),
        "groups": sorted(_group(one, names) for one in groups),
        "floating IPs": sorted(
            (
                names.get(one["port_id"]) or "",
                one["fixed_ip_address"] or "",
                one["description"],
                *_tags(one),
            )
            for one in member.get("floatingips")["floatingips"]
        ),
        "server groups": sorted((one["name"], one["policy"]) for one in servers),
    }


def _port(one: Any, names: dict[str, str]) -> tuple[str, ...]:
    pairs = sorted(
        f"{pair['ip_address']}" if pair["mac_address"] == one["mac_address"] else str(pair)
        for pair in one["allowed_address_pairs"]
    )
    return (
        one["name"],
        one["device_owner"],
        *(fixed["ip_address"] for fixed in one["fixed_ips"]),
        "pairs",
        *pairs,
        "groups",
        *sorted(names[id] for id in one["security_groups"]),
        "tags",
        *_tags(one),
        one["description"],
    )


def _group(one: Any, names: dict[str, str]) -> tuple[str, ...]:
    rules = sorted(
        " ".join(
            str(value)
            for value in (
                rule["direction"],
                rule["ethertype"],
                rule["protocol"],
                rule["port_range_min"],
                rule["port_range_max"],
                rule["remote_ip_prefix"],
                names.get(rule["remote_group_id"]),
                rule["description"],
            )
        )
        for rule in one["security_group_rules"]
    )
    return (one["name"], one["description"], *_tags(one), *rules)


def _tags(one: Any) -> list[str]:
    return sorted(one["tags"])


def _compute(member: Rest) -> str:
    return f"{member.url.removesuffix('/network')}/compute/v2.1"
