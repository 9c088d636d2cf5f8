"""What dnsmasq is told, and what is sent to it for a lease that is over."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from vipkeeper.lab import spec_file
from vipkeeper.lab.cloud import dhcp_files
from vipkeeper.lab.cloud.dhcp_release import message
from vipkeeper.lab.cloud_file_plane import plane_of
from vipkeeper.lab.plane import Network, Subnet

ONE = Subnet(
    "1",
    IPv4Network("10.0.0.0/24"),
    IPv4Address("10.0.0.1"),
    dns_nameservers=("10.0.0.53", "2001:db8::53"),
    host_routes=(("10.9.0.0/16", "10.0.0.9"),),
)
TWO = Subnet("2", IPv4Network("10.1.0.0/24"))
OFF = Subnet("3", IPv4Network("10.2.0.0/24"), enable_dhcp=False)
SIX = Subnet("4", IPv6Network("2001:db8::/64"))
NETWORK = Network("n", "n", 1400, subnets=(ONE, TWO, OFF, SIX))


def test_each_subnet_has_a_range_and_options_of_its_own() -> None:
    command = dhcp_files.command(NETWORK, "ns-x", "hosts", "options")
    assert [word for word in command if word.startswith("--dhcp-range")] == [
        "--dhcp-range=set:subnet-1,10.0.0.0,static,255.255.255.0,86400s",
        "--dhcp-range=set:subnet-2,10.1.0.0,static,255.255.255.0,86400s",
    ]
    assert "--dhcp-option=option:mtu,1400" in command
    assert (
        dhcp_files.options(NETWORK)
        == """\
tag:subnet-1,option:router,10.0.0.1
tag:subnet-1,option:dns-server,10.0.0.53
tag:subnet-1,option:classless-static-route,10.9.0.0/16,10.0.0.9,0.0.0.0/0,10.0.0.1
tag:subnet-1,249,10.9.0.0/16,10.0.0.9,0.0.0.0/0,10.0.0.1
tag:subnet-2,option:router
"""
    )


def test_every_port_of_the_network_is_known_the_unbound_ones_by_their_address() -> None:
    plane = plane_of(spec_file.walkthrough())
    text = dhcp_files.hosts_text(dhcp_files.hosts(plane, plane.dhcp_servers[0]))
    ports = {port.name: port for port in plane.ports}
    assert text.splitlines() == [
        f"{ports['test01'].mac_address},192.168.100.131,test01",
        f"{ports['test02'].mac_address},192.168.100.67,test02",
        f"{ports['USER-vip'].mac_address},192.168.100.196,host-192-168-100-196",
    ]


def test_an_address_of_a_subnet_without_dhcp_is_not_given() -> None:
    plane = plane_of(spec_file.walkthrough())
    networks = tuple(
        replace(one, subnets=tuple(replace(subnet, enable_dhcp=False) for subnet in one.subnets))
        for one in plane.networks
    )
    assert dhcp_files.hosts(replace(plane, networks=networks), plane.dhcp_servers[0]) == {}


def test_a_release_names_the_address_the_client_and_the_server() -> None:
    data = message(IPv4Address("10.0.0.7"), "fa:16:3e:00:00:07", IPv4Address("10.0.0.2"))
    assert data[:3] == bytes((1, 1, 6))  # BOOTREQUEST, Ethernet, 6 octets
    assert data[12:16] == IPv4Address("10.0.0.7").packed  # ciaddr
    assert data[28:34] == bytes.fromhex("fa163e000007")  # chaddr
    assert data[236:240] == bytes.fromhex("63825363")
    assert data[240:] == bytes((53, 1, 7, 54, 4, 10, 0, 0, 2, 255))
