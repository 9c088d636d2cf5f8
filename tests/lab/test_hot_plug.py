"""Links that come and go while an instance runs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.lab.clouds import NETWORK, cloud_of
from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.errors import LabError
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import Instance

INSTANCES = (Instance("one", ()), Instance("two", ()))


@pytest.fixture(scope="module")
def dynamic() -> Iterator[Lab]:
    """A lab whose DHCP server knows the port two-0, which nobody uses: two is off."""
    gateway = replace(NETWORK, gateway=IPv4Address("192.0.2.1"))
    with running(cloud_of(*INSTANCES, network=gateway, spare=1)) as lab:
        lab.stop("two")
        yield lab


@pytest.fixture(scope="module")
def fixed() -> Iterator[Lab]:
    with running(cloud_of(*INSTANCES, network=replace(NETWORK, enable_dhcp=False), spare=1)) as lab:
        yield lab


def sh(lab: Lab, command: str) -> subprocess.CompletedProcess[str]:
    return lab.run("one", ["sh", "-c", command])


def addresses(lab: Lab, device: str) -> str:
    return sh(lab, f"ip -br -4 address show dev {device}").stdout


def test_a_link_gets_its_address_by_dhcp_and_the_default_route_stays(dynamic: Lab) -> None:
    lab = dynamic
    lab.attach_port("one", "two-0")
    wait_until(lambda: " 192.0.2.11/24" in addresses(lab, "eth1"), what="an address on eth1")
    routes = sh(lab, "ip route show default").stdout.splitlines()
    assert [route.split()[4] for route in routes] == ["eth0", "eth1"]
    assert "metric" not in routes[0]
    assert "metric 1" in routes[1]
    assert sh(lab, "systemctl is-active dhcp-eth1").stdout == "active\n"

    lab.detach_port("one", "two-0")
    assert sh(lab, "ip link show dev eth1").returncode == 1
    wait_until(
        lambda: sh(lab, "systemctl is-active dhcp-eth1").returncode == 4,
        what="the end of eth1's DHCP client",
    )
    assert sh(lab, "ls /run | grep eth1").stdout == ""
    assert "eth0" in sh(lab, "ip route show default").stdout

    lab.attach_port("one", "two-0")
    wait_until(lambda: " 192.0.2.11/24" in addresses(lab, "eth1"), what="the address once more")
    lab.detach_port("one", "two-0")


def test_a_link_gets_its_static_address_at_once(fixed: Lab) -> None:
    fixed.attach_port("one", "spare-0")
    wait_until(lambda: " 192.0.2.12/24" in addresses(fixed, "eth1"), what="the address")
    fixed.detach_port("one", "spare-0")
    assert sh(fixed, "ip link show dev eth1").returncode == 1


def test_a_link_may_have_several_addresses_of_both_families(fixed: Lab) -> None:
    program = (
        "from vipkeeper.lab.instance import network\n"
        "from vipkeeper.lab.instance.order import Interface\n"
        "static = ('198.51.100.5/24', '2001:db8::5/64')\n"
        "network.bring_up([Interface('eth0', 1400, static, '2001:db8::1')])\n"
    )
    fixed.run("two", ["python", "-c", program], check=True)
    shown = fixed.run("two", ["sh", "-c", "ip -br a show dev eth0; ip -6 r; ip link"]).stdout
    assert {"192.0.2.11/24", "198.51.100.5/24", "2001:db8::5/64"} <= set(shown.split())
    assert "default via 2001:db8::1 dev eth0" in shown
    assert "mtu 1400" in shown


def test_what_dhcp_says_of_names_and_routes_is_taken(dynamic: Lab) -> None:
    lease = "interface=eth0 ip=192.0.2.10 mask=24 lease=1000"
    names = "dns='192.0.2.53 192.0.2.54' domain=example.org"
    routes = "router=192.0.2.99 staticroutes='198.51.100.0/24 192.0.2.7 0.0.0.0/0 192.0.2.1'"
    ended = sh(dynamic, f"{lease} {names} {routes} dhcp-client bound")
    assert ended.returncode == 0, ended.stderr
    assert sh(dynamic, "cat /etc/resolv.conf").stdout.splitlines() == [
        "search example.org",
        "nameserver 192.0.2.53",
        "nameserver 192.0.2.54",
    ]
    assert "198.51.100.0/24 via 192.0.2.7 dev eth0" in sh(dynamic, "ip route").stdout
    # RFC 3442: the router option is not heard where there are classless routes.
    assert "default via 192.0.2.1 dev eth0" in sh(dynamic, "ip route").stdout


def test_a_port_is_pulled_out_of_the_machine_that_has_it(dynamic: Lab) -> None:
    with pytest.raises(LabError, match="two has no port 'spare-0'"):
        dynamic.detach_port("two", "spare-0")
    with pytest.raises(LabError, match="port one-0 is plugged into one"):
        dynamic.attach_port("two", "one-0")
