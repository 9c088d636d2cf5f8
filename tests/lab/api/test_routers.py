"""Routers: gateways, interfaces, routes, and what must go before what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.api.rest import Rest

BAD = "400 BadRequest: Bad router request: "


@pytest.fixture(scope="module")
def public(admin: Rest) -> str:
    id = admin.make("network", name="public", **{"router:external": True})["id"]
    admin.make("subnet", network_id=id, cidr="172.24.4.0/24", ip_version=4, enable_dhcp=False)
    return str(id)


@pytest.fixture
def subnet(member: Rest) -> dict[str, Any]:
    return new_subnet(member)


@pytest.fixture
def router(member: Rest) -> str:
    return str(member.make("router", name="r")["id"])


def new_subnet(member: Rest, cidr: str = "10.3.0.0/24", **values: Any) -> dict[str, Any]:
    network = member.make("network")["id"]
    return member.make("subnet", network_id=network, cidr=cidr, ip_version=4, **values)


def attach(member: Rest, router: str, **what: str) -> dict[str, Any]:
    done: dict[str, Any] = member.put(f"routers/{router}/add_router_interface", what)
    return done


def refuse_to_attach(member: Rest, router: str, **what: str) -> str:
    return member.refused("PUT", f"routers/{router}/add_router_interface", what)


def detach(member: Rest, router: str, **what: str) -> dict[str, Any]:
    done: dict[str, Any] = member.put(f"routers/{router}/remove_router_interface", what)
    return done


def test_a_gateway_is_set_and_taken_away(
    member: Rest, admin: Rest, router: str, public: str
) -> None:
    gateway = {"network_id": public}
    shown = member.change("router", router, external_gateway_info=gateway)
    info = shown["external_gateway_info"]
    assert (info["network_id"], info["enable_snat"]) == (public, True)
    address = info["external_fixed_ips"][0]["ip_address"]
    ports = f"ports?device_id={router}"
    assert member.get(ports)["ports"] == []  # the gateway's port is an admin's to see
    (port,) = admin.get(ports)["ports"]
    assert port["device_owner"] == "network:router_gateway"
    assert port["project_id"] == ""
    assert port["fixed_ips"][0]["ip_address"] == address
    # said again it is the same
    again = member.change("router", router, external_gateway_info=gateway)
    assert again["external_gateway_info"] == info
    no_gateways: tuple[Any, ...] = (None, {})
    for nothing in no_gateways:
        member.change("router", router, external_gateway_info=gateway)
        assert (
            member.change("router", router, external_gateway_info=nothing)["external_gateway_info"]
            is None
        )
        assert admin.get(ports)["ports"] == []


def test_a_gateway_that_is_none(member: Rest, router: str, subnet: dict[str, Any]) -> None:
    body = {"router": {"external_gateway_info": {"network_id": subnet["network_id"]}}}
    assert member.refused("PUT", f"routers/{router}", body) == (
        f"{BAD}Network {subnet['network_id']} is not an external network."
    )


def test_what_an_admin_alone_may_say(member: Rest, admin: Rest, router: str, public: str) -> None:
    gateway = {"network_id": public, "enable_snat": False}
    body = {"router": {"external_gateway_info": gateway}}
    assert member.refused("PUT", f"routers/{router}", body) == (
        "403 PolicyNotAuthorized: (rule:update_router and (rule:update_router:external_gateway_info"
        " and (rule:update_router:external_gateway_info:network_id and"
        " rule:update_router:external_gateway_info:enable_snat))) is disallowed by policy"
    )
    changed = admin.put(f"routers/{router}", body)["router"]
    assert changed["external_gateway_info"]["enable_snat"] is False
    assert changed["ha"] is False
    assert "ha" not in member.show("router", router)


def test_an_interface_by_subnet(member: Rest, router: str, subnet: dict[str, Any]) -> None:
    added = attach(member, router, subnet_id=subnet["id"])
    (port,) = member.get(f"ports?device_id={router}")["ports"]
    assert port["id"] == added["port_id"]
    assert port["device_owner"] == "network:router_interface"
    assert port["fixed_ips"] == [{"subnet_id": subnet["id"], "ip_address": "10.3.0.1"}]
    assert detach(member, router, subnet_id=subnet["id"]) == added
    assert member.get(f"ports?device_id={router}")["ports"] == []


def test_an_interface_by_port(member: Rest, router: str, subnet: dict[str, Any]) -> None:
    address = [{"subnet_id": subnet["id"], "ip_address": "10.3.0.77"}]
    port = member.make("port", network_id=subnet["network_id"], fixed_ips=address)["id"]
    assert attach(member, router, port_id=port)["port_id"] == port
    assert member.show("port", port)["device_id"] == router
    other = str(member.make("router")["id"])
    assert refuse_to_attach(member, other, port_id=port) == (
        f"409 PortInUse: Unable to complete operation on port {port} for network"
        f" {subnet['network_id']}. Port already has an attached device {router}."
    )
    assert detach(member, router, port_id=port)["subnet_id"] == subnet["id"]
    assert member.refused("GET", f"ports/{port}").startswith("404 PortNotFound")


def test_interfaces_that_are_refused(member: Rest, router: str, subnet: dict[str, Any]) -> None:
    port = member.make("port", network_id=subnet["network_id"])["id"]
    assert refuse_to_attach(member, router, subnet_id=subnet["id"], port_id=port) == (
        f"{BAD}Cannot specify both subnet-id and port-id."
    )
    without = new_subnet(member, "10.4.0.0/24", gateway_ip=None)
    assert refuse_to_attach(member, router, subnet_id=without["id"]) == (
        f"{BAD}Subnet for router interface must have a gateway IP."
    )
    unaddressed = member.make("port", network_id=subnet["network_id"], fixed_ips=[])["id"]
    assert refuse_to_attach(member, router, port_id=unaddressed) == (
        f"{BAD}Router port must have at least one fixed IP."
    )
    attach(member, router, subnet_id=subnet["id"])
    overlapping = new_subnet(member, "10.3.0.0/16")
    assert refuse_to_attach(member, router, subnet_id=overlapping["id"]) == (
        f"{BAD}Cidr 10.3.0.0/16 of subnet {overlapping['id']} overlaps with cidr 10.3.0.0/24 of"
        f" subnet {subnet['id']}."
    )


def test_interfaces_that_are_not_there(member: Rest, router: str, subnet: dict[str, Any]) -> None:
    path = f"routers/{router}/remove_router_interface"
    assert member.refused("PUT", path, {"subnet_id": subnet["id"]}) == (
        f"404 RouterInterfaceNotFoundForSubnet: Router {router} has no interface on subnet"
        f" {subnet['id']}"
    )
    port = member.make("port", network_id=subnet["network_id"])["id"]
    assert member.refused("PUT", path, {"port_id": port}) == (
        f"404 RouterInterfaceNotFound: Router {router} does not have an interface with id {port}"
    )
    assert member.refused("PUT", path, {}) == (
        f"{BAD}Either subnet_id or port_id must be specified."
    )


def test_routes_lead_over_what_is_attached(
    member: Rest, router: str, subnet: dict[str, Any]
) -> None:
    routes = [{"destination": "192.0.2.0/24", "nexthop": "10.3.0.9"}]
    path, body = f"routers/{router}", {"router": {"routes": routes}}
    assert member.refused("PUT", path, body) == (
        "400 InvalidRoutes: Invalid format for routes: the nexthop is not connected with router:"
        " 10.3.0.9"
    )
    attach(member, router, subnet_id=subnet["id"])
    assert member.put(path, body)["router"]["routes"] == routes
    refused = member.refused("PUT", f"{path}/remove_router_interface", {"subnet_id": subnet["id"]})
    assert refused == (
        f"409 RouterInterfaceInUseByRoute: Router interface for subnet {subnet['id']} on router"
        f" {router} cannot be deleted, as it is required by one or more routes."
    )
    assert member.change("router", router, routes=[])["routes"] == []
    detach(member, router, subnet_id=subnet["id"])


def test_floating_ips_hold_the_gateway_and_the_interface(
    member: Rest, router: str, subnet: dict[str, Any], public: str
) -> None:
    member.change("router", router, external_gateway_info={"network_id": public})
    attach(member, router, subnet_id=subnet["id"])
    port = member.make("port", network_id=subnet["network_id"])["id"]
    floating = member.make("floatingip", floating_network_id=public, port_id=port)
    body = {"router": {"external_gateway_info": None}}
    assert member.refused("PUT", f"routers/{router}", body) == (
        f"409 RouterExternalGatewayInUseByFloatingIp: Gateway cannot be updated for router"
        f" {router}, since a gateway to external network {public} is required by one or more"
        " floating IPs."
    )
    path = f"routers/{router}/remove_router_interface"
    assert member.refused("PUT", path, {"subnet_id": subnet["id"]}) == (
        f"409 RouterInterfaceInUseByFloatingIP: Router interface for subnet {subnet['id']} on"
        f" router {router} cannot be deleted, as it is required by one or more floating IPs."
    )
    # and in this order it all goes
    member.delete(f"floatingips/{floating['id']}")
    detach(member, router, subnet_id=subnet["id"])
    member.delete(f"routers/{router}")
    member.delete(f"ports/{port}")
    member.delete(f"subnets/{subnet['id']}")
    member.delete(f"networks/{subnet['network_id']}")


def test_routers_of_others_are_not_there(member: Rest, admin: Rest) -> None:
    id = admin.make("router")["id"]
    gone = f"404 RouterNotFound: Router {id} could not be found"
    assert member.refused("GET", f"routers/{id}") == gone
    assert member.refused("PUT", f"routers/{id}/add_router_interface", {}) == gone
