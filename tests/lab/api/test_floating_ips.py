"""Floating IPs, beyond what was recorded (``tests/cases/neutron``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.api.rest import Rest

BAD = "400 BadRequest: Bad floatingip request: "


@dataclass(frozen=True)
class Setting:
    """A network behind a router, and one outside."""

    public: str
    network: str
    router: str


@pytest.fixture(scope="module")
def setting(member: Rest, admin: Rest) -> Setting:
    public = admin.make("network", name="public", **{"router:external": True})["id"]
    admin.make("subnet", network_id=public, cidr="172.24.4.0/24", ip_version=4)
    network = member.make("network")["id"]
    subnet = member.make("subnet", network_id=network, cidr="10.2.0.0/24", ip_version=4)["id"]
    router = member.make("router", external_gateway_info={"network_id": public})["id"]
    member.put(f"routers/{router}/add_router_interface", {"subnet_id": subnet})
    return Setting(str(public), str(network), str(router))


@pytest.fixture
def port(member: Rest, setting: Setting) -> dict[str, Any]:
    return member.make("port", network_id=setting.network)


@pytest.fixture
def floating(member: Rest, setting: Setting) -> Iterator[str]:
    """One that leads nowhere yet; its id."""
    id = member.make("floatingip", floating_network_id=setting.public)["id"]
    yield str(id)
    member.send("DELETE", f"floatingips/{id}")


def test_it_leads_to_a_port_and_away(
    member: Rest, setting: Setting, floating: str, port: dict[str, Any]
) -> None:
    nowhere = member.show("floatingip", floating)
    assert (nowhere["port_id"], nowhere["status"]) == (None, "DOWN")
    there = member.change("floatingip", floating, port_id=port["id"])
    assert there["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]
    assert there["router_id"] == setting.router
    assert there["port_details"]["mac_address"] == port["mac_address"]
    assert member.show("floatingip", floating)["status"] == "ACTIVE"
    found = member.get(f"floatingips?port_id={port['id']}")["floatingips"]
    assert [one["id"] for one in found] == [floating]
    # what it is called is no matter of where it leads
    assert member.change("floatingip", floating, description="vip")["port_id"] == port["id"]
    away = member.change("floatingip", floating, port_id=None)
    assert (away["port_id"], away["router_id"], away["status"]) == (None, None, "DOWN")
    # a change that says nothing takes it away as well
    member.change("floatingip", floating, port_id=port["id"])
    assert member.change("floatingip", floating)["port_id"] is None


def test_it_moves_and_may_be_told_twice(
    member: Rest, setting: Setting, floating: str, port: dict[str, Any]
) -> None:
    other = member.make("port", network_id=setting.network)["id"]
    for target in (port["id"], port["id"], other):
        assert member.change("floatingip", floating, port_id=target)["port_id"] == target
    # and the first port is free for another one
    second = member.make("floatingip", floating_network_id=setting.public, port_id=port["id"])
    member.delete(f"floatingips/{second['id']}")


def test_of_several_addresses_one_must_be_named(
    member: Rest, setting: Setting, floating: str
) -> None:
    addresses = [{"ip_address": "10.2.0.70"}, {"ip_address": "10.2.0.71"}]
    port = member.make("port", network_id=setting.network, fixed_ips=addresses)["id"]
    path = f"floatingips/{floating}"
    assert member.refused("PUT", path, {"floatingip": {"port_id": port}}) == (
        f"{BAD}Port {port} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address"
        " when assigning a floating IP."
    )
    named = {"port_id": port, "fixed_ip_address": "10.2.0.71"}
    assert member.change("floatingip", floating, **named)["fixed_ip_address"] == "10.2.0.71"
    # each address has its own
    other = {"port_id": port, "fixed_ip_address": "10.2.0.70"}
    member.make("floatingip", floating_network_id=setting.public, **other)
    # the port loses the address, and the floating IP its end
    member.change("port", port, fixed_ips=addresses[:1])
    assert member.show("floatingip", floating)["port_id"] is None


def test_an_address_needs_a_port(member: Rest, floating: str) -> None:
    body = {"floatingip": {"fixed_ip_address": "10.2.0.9"}}
    assert member.refused("PUT", f"floatingips/{floating}", body) == (
        f"{BAD}fixed_ip_address cannot be specified without a port_id."
    )


def test_a_port_without_an_ipv4_address(member: Rest, setting: Setting, floating: str) -> None:
    port = member.make("port", network_id=setting.network, fixed_ips=[])["id"]
    body = {"floatingip": {"port_id": port}}
    assert member.refused("PUT", f"floatingips/{floating}", body) == (
        f"{BAD}Cannot add floating IP to port {port} that has no fixed IPv4 addresses."
    )


def test_an_admin_chooses_the_address(member: Rest, admin: Rest, setting: Setting) -> None:
    chosen = {"floating_network_id": setting.public, "floating_ip_address": "172.24.4.99"}
    made = admin.make("floatingip", project_id=member.project_id, **chosen)
    assert made["floating_ip_address"] == "172.24.4.99"
    assert member.show("floatingip", made["id"])["project_id"] == member.project_id
    refused = admin.refused("POST", "floatingips", {"floatingip": chosen})
    assert refused.startswith("409 IpAddressAlreadyAllocated: IP address 172.24.4.99")
    member.delete(f"floatingips/{made['id']}")
    again = admin.make("floatingip", **chosen)
    admin.delete(f"floatingips/{again['id']}")


def test_its_address_is_held_by_a_port_that_only_an_admin_sees(
    member: Rest, admin: Rest, floating: str
) -> None:
    ports = f"ports?device_id={floating}"
    (port,) = admin.get(ports)["ports"]
    assert (port["device_owner"], port["status"]) == ("network:floatingip", "N/A")
    assert member.get(ports)["ports"] == []
    assert admin.refused("DELETE", f"ports/{port['id']}") == (
        f"409 ServicePortInUse: Port {port['id']} cannot be deleted directly via the port API: has"
        " device owner network:floatingip."
    )
    member.delete(f"floatingips/{floating}")
    assert admin.get(ports)["ports"] == []


def test_it_does_not_lead_to_a_port_of_somebody_else(
    member: Rest, admin: Rest, setting: Setting, floating: str
) -> None:
    theirs = admin.make("port", network_id=setting.network)["id"]
    body = {"floatingip": {"port_id": theirs}}
    assert member.refused("PUT", f"floatingips/{floating}", body) == (
        f"{BAD}Cannot process floating IP association with Port {theirs}, since that port is owned"
        " by a different tenant."
    )
    assert admin.change("floatingip", floating, port_id=theirs)["port_id"] == theirs


def test_it_has_no_name(member: Rest, floating: str) -> None:
    # openstacksdk would take it for the address
    assert "name" not in member.show("floatingip", floating)


def test_floating_ips_of_others_are_not_there(member: Rest, admin: Rest, setting: Setting) -> None:
    id = admin.make("floatingip", floating_network_id=setting.public)["id"]
    gone = f"404 FloatingIPNotFound: Floating IP {id} could not be found"
    assert member.refused("GET", f"floatingips/{id}") == gone
    assert member.refused("DELETE", f"floatingips/{id}") == gone
    admin.delete(f"floatingips/{id}")
