"""Networks with more than one subnet, by DHCP and without, in both families."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)

import pytest

from tests.lab.relay import Relay, relayed
from tests.topology import wait_until
from vipkeeper.lab.plane import (
    DhcpServer,
    Instance,
    Network,
    Plane,
    Port,
    Router,
    RouterPort,
    Subnet,
    identity,
)
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, egress_to_anywhere
from vipkeeper.lab.spec import CloudSpec, mac_address_of

ANYTHING = SecurityGroup(
    identity("security_group", "anything"),
    (*egress_to_anywhere(), SecurityGroupRule("ingress"), SecurityGroupRule("ingress", "IPv6")),
)
FIRST = Network(
    identity("network", "first"),
    "first",
    subnets=(
        Subnet(
            identity("subnet", "first"),
            IPv4Network("10.1.0.0/24"),
            IPv4Address("10.1.0.1"),
            dns_nameservers=("10.1.0.53",),
            host_routes=(("10.9.0.0/16", "10.1.0.9"),),
        ),
        Subnet(identity("subnet", "more"), IPv4Network("10.2.0.0/24"), IPv4Address("10.2.0.1")),
        Subnet(
            identity("subnet", "six"), IPv6Network("2001:db8:1::/64"), IPv6Address("2001:db8:1::1")
        ),
    ),
)
SECOND = Network(
    identity("network", "second"),
    "second",
    subnets=(
        Subnet(
            identity("subnet", "second six"),
            IPv6Network("2001:db8:2::/64"),
            IPv6Address("2001:db8:2::1"),
        ),
    ),
)


def port(name: str, network: Network, *addresses: str) -> Port:
    fixed = tuple(IPv6Address(one) if ":" in one else IPv4Address(one) for one in addresses)
    groups = (ANYTHING.name,)
    id = identity("port", name)
    return Port(id, name, network.id, mac_address_of(name), fixed, security_groups=groups)


def router_port(name: str, network: Network, *addresses: str) -> RouterPort:
    own = tuple(IPv6Interface(one) if ":" in one else IPv4Interface(one) for one in addresses)
    return RouterPort(identity("router_port", name), network.id, mac_address_of(name), own)


PORTS = (
    port("one", FIRST, "10.1.0.5", "2001:db8:1::5"),
    port("two", FIRST, "10.2.0.5"),
    port("three", SECOND, "2001:db8:2::5"),
)
PLANE = Plane(
    (FIRST, SECOND),
    PORTS,
    (
        DhcpServer(
            identity("dhcp_port", "first"),
            FIRST.id,
            mac_address_of("dhcp-first"),
            (IPv4Interface("10.1.0.2/24"), IPv4Interface("10.2.0.2/24")),
        ),
    ),
    (
        Router(
            identity("router", "router"),
            "router",
            (
                router_port("first", FIRST, "10.1.0.1/24", "10.2.0.1/24", "2001:db8:1::1/64"),
                router_port("second", SECOND, "2001:db8:2::1/64"),
            ),
        ),
    ),
    (ANYTHING,),
    tuple(Instance(identity("server", one.name), one.name, (one.id,)) for one in PORTS),
)


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with relayed(CloudSpec((), (), ())) as relay:
        relay.apply(PLANE)
        wait_until(
            lambda: {one["state"] for one in relay.ask("states").values()} == {"running"},
            seconds=30,
            what=lambda: f"{relay.ask('states')}",
        )
        yield relay


def test_each_address_is_there_by_dhcp_or_from_the_start(relay: Relay) -> None:
    shown = relay.lab.run("one", ["ip", "-br", "address", "show", "eth0"]).stdout.split()
    assert {"10.1.0.5/24", "2001:db8:1::5/64"} <= set(shown)
    assert "10.2.0.5/24" in relay.lab.run("two", ["ip", "-br", "address", "show", "eth0"]).stdout


def test_what_a_subnet_says_of_names_and_routes_is_known(relay: Relay) -> None:
    assert "nameserver 10.1.0.53" in relay.lab.run("one", ["cat", "/etc/resolv.conf"]).stdout
    routes = relay.lab.run("one", ["ip", "route"]).stdout
    assert "default via 10.1.0.1" in routes
    assert "10.9.0.0/16 via 10.1.0.9" in routes
    routes = relay.lab.run("two", ["ip", "route"]).stdout
    assert "default via 10.2.0.1" in routes
    assert "10.9.0.0/16" not in routes


@pytest.mark.parametrize(
    ("caller", "address"),
    [
        ("one", "10.2.0.5"),
        ("two", "10.1.0.5"),
        ("one", "2001:db8:2::5"),
        ("three", "2001:db8:1::5"),
    ],
)
def test_the_router_forwards_between_subnets_and_networks(
    relay: Relay, caller: str, address: str
) -> None:
    wait_until(
        lambda: relay.lab.run(caller, ["ping", "-c1", "-W1", address]).returncode == 0,
        what=f"{address} to be reached from {caller}",
    )


def test_a_subnet_that_is_new_is_served_and_one_without_dhcp_not(relay: Relay) -> None:
    new = Subnet(identity("subnet", "new"), IPv4Network("10.3.0.0/24"))
    (server,) = PLANE.dhcp_servers
    changed = replace(
        PLANE,
        networks=(replace(FIRST, subnets=(*FIRST.subnets, new)), SECOND),
        dhcp_servers=(
            replace(server, addresses=(*server.addresses, IPv4Interface("10.3.0.2/24"))),
        ),
        ports=(*PORTS, port("four", FIRST, "10.3.0.5")),
        instances=(
            *PLANE.instances,
            Instance(identity("server", "four"), "four", (identity("port", "four"),)),
        ),
    )
    relay.apply(changed)
    wait_until(
        lambda: (
            "10.3.0.5/24" in relay.lab.run("four", ["ip", "-4", "address"]).stdout
            if relay.ask("states")[identity("server", "four")]["state"] == "running"
            else False
        ),
        seconds=30,
        what="the new subnet's address",
    )
    assert "default" not in relay.lab.run("four", ["ip", "route"]).stdout
    relay.apply(PLANE)
