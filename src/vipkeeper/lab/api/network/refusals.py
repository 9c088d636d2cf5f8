"""Neutron's exceptions: their names, their statuses and their words, as a Neutron 21.0.0 gave them.

Source: neutron_lib/exceptions/, neutron/extensions/ and neutron/db/, and a recording of a
running one (``tests/cases/neutron``). Those about routers, floating IPs and security groups have
files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.lab.api.errors import Refusal

_NOT_FOUND = {
    "network": ("NetworkNotFound", "Network {} could not be found."),
    "subnet": ("SubnetNotFound", "Subnet {} could not be found."),
    "port": ("PortNotFound", "Port {} could not be found."),
    "router": ("RouterNotFound", "Router {} could not be found"),
    "floatingip": ("FloatingIPNotFound", "Floating IP {} could not be found"),
    "security_group": ("SecurityGroupNotFound", "Security group {} does not exist"),
    "security_group_rule": ("SecurityGroupRuleNotFound", "Security group rule {} does not exist"),
}


def not_found(kind: str, id: str) -> Refusal:
    type, words = _NOT_FOUND[kind]
    return Refusal(404, type, words.format(id))


def no_such_path() -> Refusal:
    return Refusal(404, "HTTPNotFound", "The resource could not be found.")


def not_authorized(rule: str) -> Refusal:
    return Refusal(403, "PolicyNotAuthorized", f"{rule} is disallowed by policy")


def revision_mismatch(wanted: int, current: int) -> Refusal:
    return Refusal(
        412,
        "RevisionNumberConstraintFailed",
        f"Constrained to {wanted}, but current revision is {current}",
    )


def over_quota(resources: Iterable[str]) -> Refusal:
    return Refusal(409, "OverQuota", f"Quota exceeded for resources: {list(resources)}.")


def bad_limit(text: str) -> Refusal:
    message = f"Bad limit request: Limit must be an integer 0 or greater and not '{text}'."
    return Refusal(400, "BadRequest", message)


def tag_not_found(tag: str) -> Refusal:
    return Refusal(404, "TagNotFound", f"Tag {tag} could not be found.")


# ports


def duplicate_pair(mac: str | None, address: str) -> Refusal:
    return Refusal(
        400,
        "DuplicateAddressPairInRequest",
        f"Request contains duplicate address pair: mac_address {mac} ip_address {address}.",
    )


def too_many_pairs(limit: int) -> Refusal:
    return Refusal(
        400,
        "AllowedAddressPairExhausted",
        f"The number of allowed address pair exceeds the maximum {limit}.",
    )


def pair_without_address() -> Refusal:
    return Refusal(
        400, "AllowedAddressPairsMissingIP", "AllowedAddressPair must contain ip_address"
    )


def virtual_port_binding() -> Refusal:
    return Refusal(
        400,
        "BadRequest",
        "Bad port request: A virtual logical switch port cannot be bound to a host.",
    )


def metadata_pair(address: str) -> Refusal:
    return Refusal(
        400,
        "BadRequest",
        f"Bad port request: Allowed address pair {address} is the address of the distributed"
        " metadata port of the network.",
    )


def pairs_need_port_security() -> Refusal:
    return Refusal(
        409,
        "AddressPairAndPortSecurityRequired",
        "Port Security must be enabled in order to have allowed address pairs on a port.",
    )


def groups_keep_port_security() -> Refusal:
    return Refusal(
        409,
        "PortSecurityPortHasSecurityGroup",
        "Port has security group associated. Cannot disable port security or IP address until"
        " security group is removed.",
    )


def groups_need_port_security() -> Refusal:
    return Refusal(
        400,
        "PortSecurityAndIPRequiredForSecurityGroups",
        "Port security must be enabled and port must have an IP address in order to use security"
        " groups.",
    )


def address_in_use(address: str, subnet: str) -> Refusal:
    return Refusal(
        409,
        "IpAddressAlreadyAllocated",
        f"IP address {address} already allocated in subnet {subnet}",
    )


def address_not_in_subnet(address: str) -> Refusal:
    return Refusal(
        400,
        "InvalidIpForSubnet",
        f"IP address {address} is not a valid IP for the specified subnet.",
    )


def address_not_in_network(address: str) -> Refusal:
    return Refusal(
        400,
        "InvalidIpForNetwork",
        f"IP address {address} is not a valid IP for any of the subnets on the specified network.",
    )


def no_more_addresses(network: str) -> Refusal:
    return Refusal(
        409, "IpAddressGenerationFailure", f"No more IP addresses available on network {network}."
    )


def automatic_address(address: str, subnet: str) -> Refusal:
    return Refusal(
        400,
        "AllocationOnAutoAddressSubnet",
        f"IPv6 address {address} can not be directly assigned to a port on subnet {subnet} since"
        " the subnet is configured for automatic addresses",
    )


def subnet_of_other_network(network: str, subnet: str) -> Refusal:
    return Refusal(
        400,
        "InvalidInput",
        "Invalid input for operation: Failed to create port on network"
        f" {network}, because fixed_ips included invalid subnet {subnet}.",
    )


def mac_in_use(network: str, mac: str) -> Refusal:
    return Refusal(
        409,
        "MacAddressInUse",
        f"Unable to complete operation for network {network}. The mac address {mac} is in use.",
    )


def service_port(port: str, reason: str) -> Refusal:
    return Refusal(
        409,
        "ServicePortInUse",
        f"Port {port} cannot be deleted directly via the port API: {reason}.",
    )


def port_bound(port: str, vif_type: str, old_mac: str, new_mac: str) -> Refusal:
    return Refusal(
        409,
        "PortBound",
        f"Unable to complete operation on port {port}, port is already bound, port type:"
        f" {vif_type}, old_mac {old_mac}, new_mac {new_mac}.",
    )


# networks and subnets


def network_in_use(network: str, ports: Iterable[str]) -> Refusal:
    return Refusal(
        409,
        "NetworkInUse",
        f"Unable to complete operation on network {network}. There are one or more ports still in"
        f" use on the network, id for these ports is: {','.join(ports)}.",
    )


def network_used_as_external(network: str) -> Refusal:
    return Refusal(
        409,
        "ExternalNetworkInUse",
        f"External network {network} cannot be updated to be made non-external, since it has"
        " existing gateway ports.",
    )


def network_used_by_others(name: str) -> Refusal:
    return Refusal(
        409,
        "InvalidSharedSetting",
        f"Unable to reconfigure sharing settings for network {name}. Multiple tenants are using"
        " it.",
    )


def subnet_in_use(subnet: str) -> Refusal:
    return Refusal(
        409,
        "SubnetInUse",
        f"Unable to complete operation on subnet {subnet}: One or more ports have an IP"
        " allocation from this subnet.",
    )


def subnet_overlaps(cidr: str, network: str) -> Refusal:
    return invalid_input(
        f"Requested subnet with cidr: {cidr} for network: {network} overlaps with another subnet"
    )


def invalid_input(message: str) -> Refusal:
    return Refusal(400, "InvalidInput", f"Invalid input for operation: {message}.")


def gateway_conflict(pool: str, address: str) -> Refusal:
    return Refusal(
        409,
        "GatewayConflictWithAllocationPools",
        f"Gateway ip {address} conflicts with allocation pool {pool}.",
    )


def gateway_in_use(address: str, port: str) -> Refusal:
    return Refusal(
        409,
        "GatewayIpInUse",
        f"Current gateway ip {address} already in use by port {port}. Unable to update.",
    )


def invalid_pool(start: str, end: str) -> Refusal:
    return Refusal(400, "InvalidAllocationPool", f"The allocation pool {start}-{end} is not valid.")


def pool_out_of_bounds(pool: str, cidr: str) -> Refusal:
    return Refusal(
        400,
        "OutOfBoundsAllocationPool",
        f"The allocation pool {pool} spans beyond the subnet cidr {cidr}.",
    )


def overlapping_pools(one: str, other: str, cidr: str) -> Refusal:
    return Refusal(
        409,
        "OverlappingAllocationPools",
        f"Found overlapping allocation pools: {one} {other} for subnet {cidr}.",
    )
