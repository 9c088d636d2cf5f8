"""Networks and subnets: what is taken, what is refused, and what others may do there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.api.rest import Rest

INVALID = "400 InvalidInput: Invalid input for operation: "


@pytest.fixture
def network(member: Rest) -> str:
    return str(member.make("network", name="mine")["id"])


def subnet(rest: Rest, network: str, cidr: str = "10.9.0.0/24", **values: Any) -> dict[str, Any]:
    version = 6 if ":" in cidr else 4
    return rest.make("subnet", network_id=network, cidr=cidr, ip_version=version, **values)


def refused_subnet(rest: Rest, network: str, **values: Any) -> str:
    body = {"network_id": network, "cidr": "10.9.0.0/24", "ip_version": 4, **values}
    return rest.refused("POST", "subnets", {"subnet": body})


def pool(start: str, end: str) -> dict[str, str]:
    return {"start": start, "end": end}


# subnets


def test_the_gateway_is_the_first_address_and_lies_in_no_pool(member: Rest, network: str) -> None:
    made = subnet(member, network)
    assert made["gateway_ip"] == "10.9.0.1"
    assert made["allocation_pools"] == [pool("10.9.0.2", "10.9.0.254")]


def test_a_gateway_in_the_middle_makes_two_pools(member: Rest, network: str) -> None:
    made = subnet(member, network, gateway_ip="10.9.0.100")
    assert made["allocation_pools"] == [
        pool("10.9.0.1", "10.9.0.99"),
        pool("10.9.0.101", "10.9.0.254"),
    ]


def test_no_gateway(member: Rest, network: str) -> None:
    made = subnet(member, network, gateway_ip=None)
    assert made["gateway_ip"] is None
    assert made["allocation_pools"] == [pool("10.9.0.1", "10.9.0.254")]


def test_ports_get_addresses_of_the_pools_only(member: Rest, network: str) -> None:
    subnet(member, network, enable_dhcp=False, allocation_pools=[pool("10.9.0.20", "10.9.0.21")])
    ports = [member.make("port", network_id=network) for _ in range(2)]
    assert [port["fixed_ips"][0]["ip_address"] for port in ports] == ["10.9.0.20", "10.9.0.21"]
    refused = member.refused("POST", "ports", {"port": {"network_id": network}})
    assert refused == (
        f"409 IpAddressGenerationFailure: No more IP addresses available on network {network}."
    )
    chosen = member.make("port", network_id=network, fixed_ips=[{"ip_address": "10.9.0.30"}])
    assert chosen["fixed_ips"][0]["ip_address"] == "10.9.0.30"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"allocation_pools": [pool("10.9.0.20", "10.9.0.10")]},
            "400 InvalidAllocationPool: The allocation pool 10.9.0.20-10.9.0.10 is not valid.",
        ),
        (
            {"allocation_pools": [pool("10.9.0.20", "10.9.1.10")]},
            "400 OutOfBoundsAllocationPool: The allocation pool 10.9.0.20-10.9.1.10 spans beyond"
            " the subnet cidr 10.9.0.0/24.",
        ),
        (
            {"allocation_pools": [pool("10.9.0.20", "10.9.0.30"), pool("10.9.0.30", "10.9.0.40")]},
            "409 OverlappingAllocationPools: Found overlapping allocation pools:"
            " 10.9.0.20-10.9.0.30 10.9.0.30-10.9.0.40 for subnet 10.9.0.0/24.",
        ),
        (
            {"allocation_pools": [pool("10.9.0.1", "10.9.0.30")]},
            "409 GatewayConflictWithAllocationPools: Gateway ip 10.9.0.1 conflicts with allocation"
            " pool 10.9.0.1-10.9.0.30.",
        ),
        ({"gateway_ip": "10.9.0.255"}, f"{INVALID}Gateway is not valid on subnet."),
        ({"cidr": "0.0.0.0/0"}, f"{INVALID}Invalid CIDR 0.0.0.0/0 given as IP prefix."),
        (
            {"cidr": "10.9.0.0/31"},
            f"{INVALID}Subnet has a prefix length that is incompatible with DHCP service enabled.",
        ),
        (
            {"ip_version": 6},
            f"{INVALID}cidr '10.9.0.0/24' does not match the ip_version '6'.",
        ),
    ],
)
def test_subnets_that_are_refused(
    member: Rest, network: str, values: dict[str, Any], words: str
) -> None:
    assert refused_subnet(member, network, **values) == words


def test_overlaps_are_refused_on_one_network_only(member: Rest, network: str) -> None:
    subnet(member, network)
    refused = refused_subnet(member, network, cidr="10.9.0.128/25")
    assert refused == (
        f"{INVALID}Requested subnet with cidr: 10.9.0.128/25 for network: {network} overlaps with"
        " another subnet."
    )
    subnet(member, str(member.make("network")["id"]), "10.9.0.128/25")


def test_a_changed_gateway_must_lie_outside_the_pools(member: Rest, network: str) -> None:
    id = subnet(member, network)["id"]
    refused = member.refused("PUT", f"subnets/{id}", {"subnet": {"gateway_ip": "10.9.0.7"}})
    assert refused == (
        "409 GatewayConflictWithAllocationPools: Gateway ip 10.9.0.7 conflicts with allocation"
        " pool 10.9.0.2-10.9.0.254."
    )
    changed = member.change(
        "subnet",
        id,
        gateway_ip="10.9.0.254",
        allocation_pools=[pool("10.9.0.2", "10.9.0.99")],
        dns_nameservers=["192.0.2.53"],
        host_routes=[{"destination": "192.0.2.0/24", "nexthop": "10.9.0.3"}],
    )
    assert changed["gateway_ip"] == "10.9.0.254"
    assert changed["dns_nameservers"] == ["192.0.2.53"]
    assert changed["host_routes"] == [{"destination": "192.0.2.0/24", "nexthop": "10.9.0.3"}]
    assert member.change("subnet", id, gateway_ip=None)["gateway_ip"] is None


def test_the_gateway_of_a_router_stays(member: Rest, network: str) -> None:
    id = subnet(member, network)["id"]
    router = member.make("router")["id"]
    port = member.put(f"routers/{router}/add_router_interface", {"subnet_id": id})["port_id"]
    refused = member.refused("PUT", f"subnets/{id}", {"subnet": {"gateway_ip": None}})
    assert refused == (
        f"409 GatewayIpInUse: Current gateway ip 10.9.0.1 already in use by port {port}."
        " Unable to update."
    )


def test_slaac_addresses_are_made_of_the_mac_address(member: Rest, network: str) -> None:
    subnet(member, network)
    slaac = {"ipv6_address_mode": "slaac", "ipv6_ra_mode": "slaac"}
    six = subnet(member, network, "2001:db8::/64", **slaac)
    # One that names its IPv4 address alone has the automatic one too.
    for values in ({}, {"fixed_ips": [{"ip_address": "10.9.0.70"}]}):
        port = member.make("port", network_id=network, mac_address="fa:16:3e:00:00:01", **values)
        assert "2001:db8::f816:3eff:fe00:1" in [one["ip_address"] for one in port["fixed_ips"]]
        assert len(port["fixed_ips"]) == 2
        member.delete(f"ports/{port['id']}")
    chosen = {"network_id": network, "fixed_ips": [{"ip_address": "2001:db8::5"}]}
    assert member.refused("POST", "ports", {"port": chosen}) == (
        "400 AllocationOnAutoAddressSubnet: IPv6 address 2001:db8::5 can not be directly assigned"
        f" to a port on subnet {six['id']} since the subnet is configured for automatic addresses"
    )


def test_a_subnet_that_has_dhcp_has_a_port_of_its_own(member: Rest, network: str) -> None:
    id = subnet(member, network)["id"]
    (port,) = member.get(f"ports?network_id={network}")["ports"]
    assert port["device_owner"] == "network:dhcp"
    member.change("subnet", id, enable_dhcp=False)
    assert member.get(f"ports?network_id={network}")["ports"] == []
    member.change("subnet", id, enable_dhcp=True)
    member.delete(f"networks/{network}")  # which takes the subnet and that port along
    assert member.get(f"subnets?id={id}")["subnets"] == []


# networks


def test_a_change_is_a_revision(member: Rest, network: str) -> None:
    changed = member.change("network", network, name="other", description="d", mtu=1400)
    assert (changed["name"], changed["mtu"], changed["revision_number"]) == ("other", 1400, 2)
    path, body = f"networks/{network}", {"network": {"name": "third"}}
    stale = member.refused("PUT", path, body, **{"If-Match": "revision_number=1"})
    assert stale.startswith("412 RevisionNumberConstraintFailed")
    assert member.refused("DELETE", path, **{"If-Match": "revision_number=1"}).startswith("412")
    assert member.refused("PUT", path, body, **{"If-Match": "x"}).startswith("400 HTTPBadRequest")
    assert member.send("DELETE", path, **{"If-Match": "revision_number=2"})[0] == 204


def test_a_network_that_is_down_is_active_all_the_same(member: Rest, network: str) -> None:
    # Nothing ever changes the status that it was made with.
    changed = member.change("network", network, admin_state_up=False)
    assert (changed["admin_state_up"], changed["status"]) == (False, "ACTIVE")


def test_what_a_subnet_cannot_be_told(member: Rest, network: str) -> None:
    refused = refused_subnet(member, network, service_types=["network:floatingip"])
    assert refused == "400 HTTPBadRequest: Unrecognized attribute(s) 'service_types'"


def test_bulk_is_all_or_nothing(member: Rest) -> None:
    body = {"networks": [{"name": "bulk"}, {"name": "bulk", "mtu": 1}]}
    assert member.refused("POST", "networks", body).startswith("400 InvalidInput")
    assert member.get("networks?name=bulk")["networks"] == []
    made = member.post("networks", {"networks": [{"name": "bulk"}, {"name": "bulk"}]})
    assert len(made["networks"]) == 2


@pytest.mark.parametrize("body", [{}, {"network": []}, {"networks": []}, {"networks": {}}])
def test_bodies_that_are_none(member: Rest, body: object) -> None:
    assert member.refused("POST", "networks", body).startswith("400 HTTPBadRequest")


@pytest.mark.parametrize("name", ["shared", "router:external", "is_default"])
def test_what_an_admin_alone_may_say(member: Rest, network: str, name: str) -> None:
    for method, path, action in (
        ("POST", "networks", "create_network"),
        ("PUT", f"networks/{network}", "update_network"),
    ):
        assert member.refused(method, path, {"network": {name: True}}) == (
            f"403 PolicyNotAuthorized: (rule:{action} and rule:{action}:{name}) is disallowed by"
            " policy"
        )


def test_networks_of_others_are_not_there(member: Rest, admin: Rest) -> None:
    id = admin.make("network")["id"]
    gone = f"404 NetworkNotFound: Network {id} could not be found."
    assert member.refused("GET", f"networks/{id}") == gone
    assert member.refused("DELETE", f"networks/{id}") == gone
    assert member.refused("PUT", f"networks/{id}", {"network": {}}) == gone
    # not even its revision is told
    header = {"If-Match": "revision_number=99"}
    assert member.refused("PUT", f"networks/{id}", {"network": {}}, **header) == gone
    assert refused_subnet(member, str(id)) == gone


def test_a_shared_network_is_used_and_not_changed(member: Rest, admin: Rest) -> None:
    id = admin.make("network", name="shared", shared=True)["id"]
    inside = subnet(admin, str(id))["id"]
    seen = member.show("network", id)
    assert seen["shared"]
    assert "provider:network_type" not in seen
    assert admin.show("network", id)["provider:network_type"] == "vxlan"
    assert member.show("subnet", inside)["cidr"] == "10.9.0.0/24"
    forbidden = "403 PolicyNotAuthorized: rule:{} is disallowed by policy"
    for method, path, body, rule in (
        ("PUT", f"networks/{id}", {"network": {"name": "x"}}, "update_network"),
        ("DELETE", f"networks/{id}", None, "delete_network"),
        ("PUT", f"subnets/{inside}", {"subnet": {"name": "x"}}, "update_subnet"),
        ("DELETE", f"subnets/{inside}", None, "delete_subnet"),
    ):
        assert member.refused(method, path, body) == forbidden.format(rule)
    refused = refused_subnet(member, str(id), cidr="10.8.0.0/24")
    assert refused == forbidden.format("create_subnet")

    port = member.make("port", network_id=id)["id"]
    refused = admin.refused("PUT", f"networks/{id}", {"network": {"shared": False}})
    assert refused == (
        "409 InvalidSharedSetting: Unable to reconfigure sharing settings for network shared."
        " Multiple tenants are using it."
    )
    member.delete(f"ports/{port}")
    assert not admin.change("network", id, shared=False)["shared"]
    assert member.refused("GET", f"networks/{id}").startswith("404 NetworkNotFound")


def test_an_external_network_stays_one_while_a_router_needs_it(member: Rest, admin: Rest) -> None:
    id = admin.make("network", **{"router:external": True})["id"]
    subnet(admin, str(id), "172.24.5.0/24")
    router = member.make("router", external_gateway_info={"network_id": id})["id"]
    body = {"network": {"router:external": False}}
    assert admin.refused("PUT", f"networks/{id}", body) == (
        f"409 ExternalNetworkInUse: External network {id} cannot be updated to be made"
        " non-external, since it has existing gateway ports."
    )
    member.delete(f"routers/{router}")
    assert admin.put(f"networks/{id}", body)["network"]["router:external"] is False
