"""Ports, beyond what was recorded (``tests/cases/neutron``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.api.rest import Rest


@pytest.fixture(scope="module")
def network(member: Rest) -> str:
    id = member.make("network", name="net")["id"]
    member.make("subnet", network_id=id, cidr="10.5.0.0/24", ip_version=4)
    return str(id)


@pytest.fixture
def port(member: Rest, network: str) -> dict[str, Any]:
    return member.make("port", network_id=network)


def test_what_is_given_is_kept(member: Rest, network: str) -> None:
    values = {
        "name": "p",
        "description": "d",
        "admin_state_up": False,
        "device_id": "somewhere",
        "device_owner": "compute:elsewhere",
        "security_groups": [],
        "extra_dhcp_opts": [{"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}],
        "mac_address": "FA-16-3E-00-00-AA",
    }
    made = member.make("port", network_id=network, **values)
    assert {**made, "mac_address": values["mac_address"]}.items() >= values.items()
    assert made["mac_address"] == "fa:16:3e:00:00:aa"
    assert member.show("port", made["id"]) == made


def test_bulk_is_all_or_nothing(member: Rest, network: str) -> None:
    one = {"network_id": network, "name": "bulk", "fixed_ips": [{"ip_address": "10.5.0.50"}]}
    assert member.refused("POST", "ports", {"ports": [one, one]}).startswith(
        "409 IpAddressAlreadyAllocated"
    )
    assert member.get("ports?name=bulk")["ports"] == []
    other = {**one, "fixed_ips": [{"ip_address": "10.5.0.51"}]}
    made = member.post("ports", {"ports": [one, other]})["ports"]
    assert [port["fixed_ips"][0]["ip_address"] for port in made] == ["10.5.0.50", "10.5.0.51"]


def test_port_security_off_tells_of_pairs_before_groups(member: Rest, port: dict[str, Any]) -> None:
    path = f"ports/{port['id']}"
    member.change("port", port["id"], allowed_address_pairs=[{"ip_address": "10.5.0.200"}])
    off: dict[str, Any] = {"port_security_enabled": False}
    refused = member.refused("PUT", path, {"port": off})
    assert refused.startswith("409 AddressPairAndPortSecurityRequired")
    refused = member.refused("PUT", path, {"port": {**off, "allowed_address_pairs": []}})
    assert refused.startswith("409 PortSecurityPortHasSecurityGroup")
    with_groups = {**off, "allowed_address_pairs": [], "security_groups": port["security_groups"]}
    refused = member.refused("PUT", path, {"port": with_groups})
    assert refused.startswith("400 PortSecurityAndIPRequiredForSecurityGroups")
    nothing = {**off, "allowed_address_pairs": [], "security_groups": []}
    assert not member.put(path, {"port": nothing})["port"]["port_security_enabled"]


def test_a_port_without_an_address_has_groups_too(member: Rest, network: str) -> None:
    made = member.make("port", network_id=network, fixed_ips=[])
    assert made["fixed_ips"] == []
    group = made["security_groups"]
    assert len(group) == 1
    assert member.change("port", made["id"], security_groups=group)["security_groups"] == group


@pytest.mark.parametrize(
    ("owner", "groups"), [("network:mine", 0), ("baremetal:none", 1), ("compute:nova", 1)]
)
def test_ports_of_the_network_service_are_in_no_group(
    member: Rest, network: str, owner: str, groups: int
) -> None:
    made = member.make("port", network_id=network, device_owner=owner)
    assert len(made["security_groups"]) == groups


def test_addresses_are_exchanged_in_one_step(member: Rest, port: dict[str, Any]) -> None:
    own = port["fixed_ips"]
    both = [*own, {"ip_address": "10.5.0.60"}]
    changed = member.change("port", port["id"], fixed_ips=both)
    assert [one["ip_address"] for one in changed["fixed_ips"]] == [
        own[0]["ip_address"],
        "10.5.0.60",
    ]
    assert member.change("port", port["id"], fixed_ips=own)["fixed_ips"] == own
    # what it let go of is free again
    other = member.make(
        "port", network_id=port["network_id"], fixed_ips=[{"ip_address": "10.5.0.60"}]
    )
    member.delete(f"ports/{other['id']}")


@pytest.mark.parametrize(
    ("fixed_ips", "words"),
    [
        (
            [{"ip_address": "192.0.2.1"}],
            "400 InvalidIpForNetwork: IP address 192.0.2.1 is not a valid IP for any of the subnets"
            " on the specified network.",
        ),
        (
            [{"ip_address": "10.5.0.9"}, {"ip_address": "10.5.0.9"}],
            "400 HTTPBadRequest: Invalid input for fixed_ips. Reason: Duplicate IP address"
            " '10.5.0.9'.",
        ),
        (
            "10.5.0.9",
            "400 HTTPBadRequest: Invalid input for fixed_ips. Reason: Invalid data format for"
            " fixed IP: '10.5.0.9'.",
        ),
        (
            None,
            "400 HTTPBadRequest: Invalid input for fixed_ips. Reason: Invalid data format for"
            " fixed IP: 'None'.",
        ),
    ],
)
def test_addresses_that_are_refused(
    member: Rest, network: str, fixed_ips: object, words: str
) -> None:
    body = {"port": {"network_id": network, "fixed_ips": fixed_ips}}
    assert member.refused("POST", "ports", body) == words


def test_a_subnet_of_another_network(member: Rest, network: str) -> None:
    other = member.make("network")["id"]
    subnet = member.make("subnet", network_id=other, cidr="10.6.0.0/24", ip_version=4)["id"]
    body = {"port": {"network_id": network, "fixed_ips": [{"subnet_id": subnet}]}}
    assert member.refused("POST", "ports", body) == (
        "400 InvalidInput: Invalid input for operation: Failed to create port on network"
        f" {network}, because fixed_ips included invalid subnet {subnet}."
    )


def test_the_mac_address_of_what_is_plugged_in_stays(admin: Rest, port: dict[str, Any]) -> None:
    new = "fa:16:3e:00:00:bb"
    assert admin.change("port", port["id"], mac_address=new)["mac_address"] == new
    admin.change("port", port["id"], device_id="server", device_owner="compute:nova")
    body = {"port": {"mac_address": "fa:16:3e:00:00:cc"}}
    assert admin.refused("PUT", f"ports/{port['id']}", body) == (
        f"409 PortBound: Unable to complete operation on port {port['id']}, port is already bound,"
        f" port type: bridge, old_mac {new}, new_mac fa:16:3e:00:00:cc."
    )


def test_an_admin_sees_the_binding(member: Rest, admin: Rest, port: dict[str, Any]) -> None:
    binding = {key for key in admin.show("port", port["id"]) if key.startswith("binding:")}
    assert binding == {
        "binding:vnic_type",
        "binding:host_id",
        "binding:profile",
        "binding:vif_type",
        "binding:vif_details",
    }
    shown = member.show("port", port["id"])
    assert {key for key in shown if key.startswith("binding:")} == {"binding:vnic_type"}
    changed = admin.change("port", port["id"], **{"binding:host_id": "lab"})
    assert changed["binding:vif_type"] == "bridge"


def test_ports_of_others_are_not_there(member: Rest, admin: Rest) -> None:
    network = admin.make("network")["id"]
    id = admin.make("port", network_id=network)["id"]
    gone = f"404 PortNotFound: Port {id} could not be found."
    assert member.refused("GET", f"ports/{id}") == gone
    assert member.refused("PUT", f"ports/{id}", {"port": {}}) == gone
    assert member.refused("DELETE", f"ports/{id}") == gone


def test_only_an_admin_makes_them_for_others(member: Rest, admin: Rest, network: str) -> None:
    body = {"port": {"network_id": network, "project_id": admin.project_id}}
    refused = "403 PolicyNotAuthorized: rule:create_port is disallowed by policy"
    assert member.refused("POST", "ports", body) == refused
    made = admin.make("port", network_id=network, tenant_id=member.project_id)
    assert made["project_id"] == member.project_id
    # The default group is that of whose port it is.
    assert member.get("ports?id=" + str(made["id"]))["ports"][0]["security_groups"] == (
        [group["id"] for group in member.get("security-groups?name=default")["security_groups"]]
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Failed to parse request. Required attribute 'network_id' not specified"),
        ({"network_id": "x"}, "Invalid input for network_id. Reason: 'x' is not a valid UUID."),
        (
            {"admin_state_up": "perhaps"},
            "Invalid input for admin_state_up. Reason: 'perhaps' cannot be converted to boolean.",
        ),
        (
            {"mac_address": "x"},
            "Invalid input for mac_address. Reason: 'x' is not a valid MAC address.",
        ),
        (
            {"name": "x" * 256},
            f"Invalid input for name. Reason: '{'x' * 256}' exceeds maximum length of 255.",
        ),
        ({"foo": 1, "bar": 2}, "Unrecognized attribute(s) 'foo, bar'"),
    ],
)
def test_values_that_are_refused(
    member: Rest, network: str, body: dict[str, Any], words: str
) -> None:
    whole = {"network_id": network, **body} if body else body
    assert member.refused("POST", "ports", {"port": whole}) == f"400 HTTPBadRequest: {words}"
