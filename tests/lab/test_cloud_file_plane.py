"""What a cloud file comes to as a plane, and which planes there cannot be."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.cloud_file_plane import plane_of
from vipkeeper.lab.plane import FloatingIP, Plane, identity
from vipkeeper.lab.spec import mac_address_of

WALKTHROUGH = spec_file.walkthrough()
PLANE = plane_of(WALKTHROUGH)


def test_ids_are_the_same_each_time_and_different_for_each_kind() -> None:
    assert plane_of(spec_file.walkthrough()) == PLANE
    assert identity("port", "test01") != identity("server", "test01")
    assert PLANE.ports[0].id == identity("port", "test01")
    PLANE.check()


def test_mac_addresses_are_those_of_the_cloud_file() -> None:
    assert {port.mac_address for port in PLANE.ports} == {
        port.mac_address for port in WALKTHROUGH.ports
    }
    (server,) = PLANE.dhcp_servers
    assert server.mac_address == mac_address_of("dhcp-int_net")
    assert server.addresses == (IPv4Interface("192.168.100.2/24"),)


def test_a_router_stands_between_its_networks() -> None:
    (router,) = PLANE.routers
    assert router.interfaces[0].addresses == (IPv4Interface("192.168.100.1/24"),)
    assert router.gateway is not None
    assert router.gateway.addresses == (IPv4Interface("99.88.128.2/24"),)
    assert router.gateway.mac_address == mac_address_of("router1-qg-0")
    vip = FloatingIP(IPv4Address("99.88.128.171"), IPv4Address("192.168.100.196"))
    assert vip in router.floating_ips


def test_groups_are_named_by_their_ids_everywhere() -> None:
    named = {group.name for group in PLANE.security_groups}
    assert named == set(PLANE.group_names)
    assert set(PLANE.group_names.values()) == {"web", "vrrp", "default"}
    remote = {rule.remote_group for group in PLANE.security_groups for rule in group.rules}
    assert remote - {None} <= named
    assert {id for port in PLANE.ports for id in port.security_groups} <= named


def test_ports_that_no_instance_has_are_told_from_the_others() -> None:
    assert [port.name for port in PLANE.unbound_ports()] == ["USER-vip"]
    assert [port.name for _, port in PLANE.bound_ports()] == ["test01", "test02", "client"]


def test_a_networks_default_of_port_security_is_the_ports() -> None:
    networks = tuple(replace(one, port_security_enabled=False) for one in WALKTHROUGH.networks)
    plane = plane_of(replace(WALKTHROUGH, networks=networks))
    assert not any(port.port_security_enabled for port in plane.ports)


@pytest.mark.parametrize(
    ("plane", "message"),
    [
        (replace(PLANE, networks=PLANE.networks[:1]), "there is no network"),
        (replace(PLANE, ports=PLANE.ports[1:]), "there is no port"),
        (replace(PLANE, security_groups=()), "there is no security group"),
        (replace(PLANE, ports=PLANE.ports * 2), "port .* is there twice"),
        (replace(PLANE, instances=PLANE.instances * 2), "instance .* is there twice"),
        (replace(PLANE, routers=PLANE.routers * 2), "router .* is there twice"),
    ],
)
def test_a_plane_that_names_what_is_not_there_is_refused(plane: Plane, message: str) -> None:
    with pytest.raises(LabError, match=message):
        plane.check()


def test_a_port_has_one_place() -> None:
    first, second, *_ = PLANE.instances
    both = replace(PLANE, instances=(first, replace(second, ports=first.ports)))
    with pytest.raises(LabError, match=r"binding of port .* is there twice"):
        both.check()
