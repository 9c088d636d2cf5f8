"""Neutron's exceptions about routers and floating IPs (neutron_lib/exceptions/l3.py)."""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.lab.api.errors import Refusal


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


def interface_in_use_by_route(router: str, subnet: str) -> Refusal:
    return Refusal(
        409,
        "RouterInterfaceInUseByRoute",
        f"Router interface for subnet {subnet} on router {router} cannot be deleted, as it is"
        " required by one or more routes.",
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


def invalid_routes(reason: str) -> Refusal:
    return Refusal(400, "InvalidRoutes", f"Invalid format for routes: {reason}")


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


def external_addresses_exhausted(network: str) -> Refusal:
    return Refusal(
        400,
        "ExternalIpAddressExhausted",
        f"Unable to find any IP address on external network {network}.",
    )
