"""Security groups and rules, beyond what was recorded (``tests/cases/neutron``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.api.rest import Rest


@pytest.fixture
def group(member: Rest) -> str:
    made = member.make("security_group", name="web", description="d")
    return str(made["id"])


@pytest.fixture(autouse=True)
def _room(member: Rest, admin: Rest) -> None:
    limits = {"security_group": -1, "security_group_rule": -1}
    admin.put(f"quotas/{member.project_id}", {"quota": limits})


def rule(rest: Rest, group: str, **values: Any) -> dict[str, Any]:
    return rest.make("security_group_rule", security_group_id=group, **with_direction(values))


def refused_rule(rest: Rest, group: str, **values: Any) -> str:
    body = {"security_group_id": group, **with_direction(values)}
    return rest.refused("POST", "security-group-rules", {"security_group_rule": body})


def with_direction(values: dict[str, Any]) -> dict[str, Any]:
    return {"direction": "ingress", **values}


def default(rest: Rest) -> str:
    own = f"security-groups?name=default&project_id={rest.project_id}"
    (group,) = rest.get(own)["security_groups"]
    return str(group["id"])


def test_a_new_one_lets_everything_out(member: Rest, group: str) -> None:
    rules = member.show("security_group", group)["security_group_rules"]
    assert [(one["direction"], one["ethertype"]) for one in rules] == [
        ("egress", "IPv4"),
        ("egress", "IPv6"),
    ]


def test_the_default_one_is_there_and_stays(member: Rest, admin: Rest) -> None:
    id = default(member)
    assert id != default(admin)
    body = {"security_group": {"name": "default"}}
    assert member.refused("PUT", f"security-groups/{id}", body) == (
        "409 SecurityGroupCannotUpdateDefault: Updating default security group not allowed."
    )
    assert member.change("security_group", id, description="ours")["description"] == "ours"
    assert member.refused("DELETE", f"security-groups/{id}") == (
        "409 SecurityGroupCannotRemoveDefault: Insufficient rights for removing default security"
        " group."
    )


def test_a_group_is_changed_and_deleted(member: Rest, group: str) -> None:
    changed = member.change("security_group", group, name="www", stateful=False)
    assert (changed["name"], changed["stateful"]) == ("www", False)
    other = str(member.make("security_group", name="other")["id"])
    refers = rule(member, other, protocol="tcp", remote_group_id=group)["id"]
    member.delete(f"security-groups/{group}")
    # and with it the rules that named it
    assert member.refused("GET", f"security-group-rules/{refers}") == (
        f"404 SecurityGroupRuleNotFound: Security group rule {refers} does not exist"
    )


def test_what_a_port_uses_stays_as_stateful_as_it_is(member: Rest, group: str) -> None:
    network = member.make("network")["id"]
    port = member.make("port", network_id=network, security_groups=[group])["id"]
    refused = f"409 SecurityGroupInUse: Security Group {group} in use."
    body = {"security_group": {"stateful": False}}
    assert member.refused("PUT", f"security-groups/{group}", body) == refused
    assert member.refused("DELETE", f"security-groups/{group}") == refused
    member.delete(f"ports/{port}")
    member.delete(f"security-groups/{group}")


def test_rules_count_in_their_groups_revision(member: Rest, group: str) -> None:
    before = member.show("security_group", group)["revision_number"]
    made = rule(member, group, protocol="tcp", port_range_min=80, port_range_max=80)
    assert member.show("security_group", group)["revision_number"] == before + 1
    member.delete(f"security-group-rules/{made['id']}")
    assert member.show("security_group", group)["revision_number"] == before + 2


def test_rules_by_group(member: Rest, group: str) -> None:
    made = rule(member, group, protocol="udp")
    found = member.get(f"security-group-rules?security_group_id={group}&direction=ingress")
    assert [one["id"] for one in found["security_group_rules"]] == [made["id"]]


@pytest.mark.parametrize(
    ("protocol", "kept"),
    [
        ("VRRP", "vrrp"),
        ("any", None),
        ("", None),
        (None, None),
        (112, "112"),
        (0, "0"),
        ("icmpv6", "icmpv6"),
    ],
)
def test_protocols(member: Rest, group: str, protocol: object, kept: str | None) -> None:
    ethertype = "IPv6" if kept == "icmpv6" else "ipv4"
    made = rule(member, group, protocol=protocol, ethertype=ethertype)
    assert made["protocol"] == kept
    assert made["ethertype"] == {"IPv6": "IPv6", "ipv4": "IPv4"}[ethertype]


def test_a_prefix_is_kept_as_written_and_told_as_meant(member: Rest, group: str) -> None:
    made = rule(member, group, protocol="tcp", remote_ip_prefix="192.0.2.5/24")
    assert made["remote_ip_prefix"] == "192.0.2.5/24"
    assert made["normalized_cidr"] == "192.0.2.0/24"
    again = refused_rule(member, group, protocol="6", remote_ip_prefix="192.0.2.0/24")
    assert again.startswith("409 SecurityGroupRuleExists")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"ethertype": "IPv6", "remote_ip_prefix": "192.0.2.0/24"},
            "400 SecurityGroupRuleParameterConflict: Conflicting value ethertype IPv6 for CIDR"
            " 192.0.2.0/24",
        ),
        (
            {"protocol": "icmp", "port_range_min": 256},
            "400 SecurityGroupInvalidIcmpValue: Invalid value for ICMP type (port-range-min) 256."
            " It must be 0 to 255.",
        ),
        (
            {"protocol": "icmp", "port_range_max": 1},
            "400 SecurityGroupMissingIcmpType: ICMP code (port-range-max) 1 is provided but ICMP"
            " type (port-range-min) is missing.",
        ),
        (
            {"protocol": "tcp", "port_range_min": 80, "port_range_max": 65536},
            "400 SecurityGroupInvalidPortValue: Invalid value for port 65536",
        ),
        (
            {"protocol": "tcp", "port_range_min": 80},
            "400 SecurityGroupInvalidPortRange: For TCP/UDP protocols, port_range_min must be <="
            " port_range_max",
        ),
        (
            {"protocol": "icmpv6"},
            "400 SecurityGroupEthertypeConflictWithProtocol: Invalid ethertype IPv4 for protocol"
            " icmpv6.",
        ),
        ({"remote_ip_prefix": "x"}, "400 HTTPBadRequest: 'x' is not a valid IP subnet."),
    ],
)
def test_rules_that_are_refused(
    member: Rest, group: str, values: dict[str, Any], words: str
) -> None:
    assert refused_rule(member, group, **values) == words


def test_bulk_is_all_or_nothing(member: Rest, group: str) -> None:
    one = {"security_group_id": group, "direction": "ingress", "protocol": "tcp"}
    body = {"security_group_rules": [one, one]}
    refused = member.refused("POST", "security-group-rules", body)
    assert refused.startswith("409 SecurityGroupRuleExists")
    assert len(member.show("security_group", group)["security_group_rules"]) == 2
    body = {"security_group_rules": [one, {**one, "protocol": "udp"}]}
    assert len(member.post("security-group-rules", body)["security_group_rules"]) == 2


def test_a_rule_is_not_changed(member: Rest, group: str) -> None:
    made = rule(member, group, protocol="tcp")
    body: dict[str, Any] = {"security_group_rule": {}}
    status, _, _ = member.send("PUT", f"security-group-rules/{made['id']}", body)
    assert status == 405


def test_groups_of_others_are_not_there(member: Rest, admin: Rest) -> None:
    id = str(admin.make("security_group", name="theirs")["id"])
    gone = f"404 SecurityGroupNotFound: Security group {id} does not exist"
    assert member.refused("GET", f"security-groups/{id}") == gone
    assert refused_rule(member, id) == gone
    assert refused_rule(member, default(member), remote_group_id=id) == gone
    network = member.make("network")["id"]
    body = {"port": {"network_id": network, "security_groups": [id]}}
    assert member.refused("POST", "ports", body) == gone
