"""Neutron's exceptions about security groups (neutron/extensions/securitygroup.py)."""

from __future__ import annotations

from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.security_groups import PROTOCOL_NUMBERS


def default_group_exists() -> Refusal:
    return Refusal(
        409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists."
    )


def cannot_update_default_group() -> Refusal:
    return Refusal(
        409,
        "SecurityGroupCannotUpdateDefault",
        "Updating default security group not allowed.",
    )


def cannot_remove_default_group() -> Refusal:
    return Refusal(
        409,
        "SecurityGroupCannotRemoveDefault",
        "Insufficient rights for removing default security group.",
    )


def group_in_use(group: str) -> Refusal:
    return Refusal(409, "SecurityGroupInUse", f"Security Group {group} in use.")


def rule_exists(rule: str) -> Refusal:
    return Refusal(
        409,
        "SecurityGroupRuleExists",
        f"Security group rule already exists. Rule id is {rule}.",
    )


def ports_need_protocol_with_ports(protocol: str) -> Refusal:
    return Refusal(
        400,
        "SecurityGroupInvalidProtocolForPort",
        f"Ports cannot be specified for protocol {protocol}. Ports are only supported for DCCP,"
        " SCTP, TCP, UDP, UDPLITE.",
    )


def unknown_protocol(protocol: str) -> Refusal:
    values = [None, *PROTOCOL_NUMBERS]
    return Refusal(
        400,
        "SecurityGroupRuleInvalidProtocol",
        f"Security group rule protocol {protocol} not supported. Only protocol values {values}"
        " and integer representations [0 to 255] are supported.",
    )


def bad_port_range() -> Refusal:
    return Refusal(
        400,
        "SecurityGroupInvalidPortRange",
        "For TCP/UDP protocols, port_range_min must be <= port_range_max",
    )


def ports_need_protocol() -> Refusal:
    return Refusal(
        400,
        "SecurityGroupProtocolRequiredWithPorts",
        "Must also specify protocol if port range is given.",
    )


def bad_port_value(port: int) -> Refusal:
    return Refusal(400, "SecurityGroupInvalidPortValue", f"Invalid value for port {port}")


def bad_icmp_value(field: str, attribute: str, value: int) -> Refusal:
    return Refusal(
        400,
        "SecurityGroupInvalidIcmpValue",
        f"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.",
    )


def missing_icmp_type(value: int) -> Refusal:
    return Refusal(
        400,
        "SecurityGroupMissingIcmpType",
        f"ICMP code (port-range-max) {value} is provided but ICMP type (port-range-min) is"
        " missing.",
    )


def two_remotes() -> Refusal:
    return Refusal(
        400,
        "SecurityGroupMultipleRemoteEntites",  # so spelt in Neutron
        "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be"
        " provided.",
    )


def ethertype_conflict(ethertype: str, prefix: str) -> Refusal:
    return Refusal(
        400,
        "SecurityGroupRuleParameterConflict",
        f"Conflicting value ethertype {ethertype} for CIDR {prefix}",
    )


def protocol_of_other_ethertype(protocol: str, ethertype: str) -> Refusal:
    return Refusal(
        400,
        "SecurityGroupEthertypeConflictWithProtocol",
        f"Invalid ethertype {ethertype} for protocol {protocol}.",
    )
