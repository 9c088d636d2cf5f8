"""Neutron's exceptions: their names, their statuses and their words, as a Neutron 21.0.0 gave them.

Source: neutron_lib/exceptions/, neutron/extensions/ and neutron/db/, and a recording of a
running one (``tests/cases/neutron``).
"""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.security_groups import PROTOCOL_NUMBERS

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


def multicast_pair(address: str) -> Refusal:
    return Refusal(
        400, "HTTPBadRequest", f"'{address}' is not allowed: multicast address in an address pair"
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


def no_more_addresses_on_subnets(subnets: Iterable[str]) -> Refusal:
    return Refusal(
        409,
        "IpAddressGenerationFailure",
        f"No more IP addresses available on network {', '.join(subnets)}.",
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


def port_bound(port: str, mac: str, owner: str) -> Refusal:
    return Refusal(
        409,
        "PortBound",
        f"Unable to complete operation on port {port}, port is already bound, port type:"
        f" {owner}, old_mac {mac}, new_mac {mac}.",
    )


# networks and subnets


def network_in_use(network: str, ports: Iterable[str]) -> Refusal:
    return Refusal(
        409,
        "NetworkInUse",
        f"Unable to complete operation on network {network}. There are one or more ports still in"
        f" use on the network, id for these ports is: {','.join(ports)}.",
    )


def subnet_in_use(subnet: str) -> Refusal:
    return Refusal(
        409,
        "SubnetInUse",
        f"Unable to complete operation on subnet {subnet}: One or more ports have an IP"
        " allocation from this subnet.",
    )


def subnet_overlaps(cidr: str, other: str, network: str, cidrs: Iterable[str]) -> Refusal:
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


# routers and floating IPs


def bad_router_request(reason: str) -> Refusal:
    return Refusal(400, "BadRequest", f"Bad router request: {reason}.")


def router_in_use(router: str, ports: Iterable[str]) -> Refusal:
    return Refusal(
        409,
        "RouterInUse",
        f"Router {router} has ports still attached: {', '.join(ports)}",
    )


def interface_in_use(router: str, subnet: str) -> Refusal:
    return Refusal(
        409,
        "RouterInterfaceInUseByFloatingIP",
        f"Router interface for subnet {subnet} on router {router} cannot be deleted, as it is"
        " required by one or more floating IPs.",
    )


def gateway_in_use_by_floating_ip(router: str, network: str) -> Refusal:
    return Refusal(
        409,
        "RouterExternalGatewayInUseByFloatingIp",
        f"Gateway cannot be updated for router {router}, since a gateway to external network"
        f" {network} is required by one or more floating IPs.",
    )


def interface_not_found(router: str, subnet: str) -> Refusal:
    return Refusal(
        404,
        "RouterInterfaceNotFoundForSubnet",
        f"Router {router} has no interface on subnet {subnet}",
    )


def interface_port_not_found(router: str, port: str) -> Refusal:
    return Refusal(
        404,
        "RouterInterfaceNotFound",
        f"Router {router} does not have an interface with id {port}",
    )


def port_in_use(port: str, network: str, device: str) -> Refusal:
    return Refusal(
        409,
        "PortInUse",
        f"Unable to complete operation on port {port} for network {network}. Port already has an"
        f" attached device {device}.",
    )


def bad_floating_ip_request(reason: str) -> Refusal:
    return Refusal(400, "BadRequest", f"Bad floatingip request: {reason}.")


def no_gateway_for_floating_ip(network: str, subnet: str, port: str) -> Refusal:
    return Refusal(
        404,
        "ExternalGatewayForFloatingIPNotFound",
        f"External network {network} is not reachable from subnet {subnet}.  Therefore, cannot"
        f" associate Port {port} with a Floating IP.",
    )


def floating_ip_taken(address: str, id: str, port: str, fixed: str, network: str) -> Refusal:
    return Refusal(
        409,
        "FloatingIPPortAlreadyAssociated",
        f"Cannot associate floating IP {address} ({id}) with port {port} using fixed IP {fixed},"
        f" as that fixed IP already has a floating IP on external network {network}.",
    )


# security groups


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


def invalid_routes(reason: str) -> Refusal:
    return Refusal(400, "InvalidRoutes", f"Invalid format for routes: {reason}")


def external_addresses_exhausted(network: str) -> Refusal:
    return Refusal(
        400,
        "ExternalIpAddressExhausted",
        f"Unable to find any IP address on external network {network}.",
    )
