"""The router's address translation against the kernel: who answers, and whom it sees calling."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.topology import Network, Node, wait_until
from vipkeeper.lab.router_rules import SYSCTLS, FloatingIP, Router, ruleset

VIP = "192.168.100.196"
VIP_FLOATING, TEST01_FLOATING, TEST02_FLOATING = "99.88.128.171", "99.88.128.203", "99.88.128.33"
GATEWAY, CLIENT = "99.88.128.1", "99.88.128.100"
PORT = 7

ROUTER = Router(
    "router",
    "qg-router",
    f"{GATEWAY}/24",
    (
        FloatingIP(VIP_FLOATING, VIP),
        FloatingIP(TEST01_FLOATING, "192.168.100.131"),
        FloatingIP(TEST02_FLOATING, "192.168.100.67"),
    ),
)

SERVER = f"""
import socket, sys
listener = socket.create_server(("", {PORT}), backlog=16)
print("ready", flush=True)
while True:
    connection, (caller, _) = listener.accept()
    connection.sendall(f"{{sys.argv[1]}} {{caller}}".encode())
    connection.close()
"""
CALL = f"""
import socket, sys
source = (sys.argv[2], 0) if sys.argv[2:] else None
connection = socket.create_connection((sys.argv[1], {PORT}), 3, source)
print(connection.recv(100).decode())
"""


class Cloud:
    """test01 (which holds the VIP), test02 and test03 (no floating IP) behind a router."""

    def __init__(self, network: Network) -> None:
        self.network = network
        inside = {
            "test01": "192.168.100.131/24",
            "test02": "192.168.100.67/24",
            "test03": "192.168.100.13/24",
            "router": "192.168.100.1/24",
        }
        self.nodes: dict[str, Node] = {
            name: network.add_node(name, address) for name, address in inside.items()
        }
        network.run(
            "sh",
            "-ec",
            "ip netns add client"
            " && ip link add eth0 netns client type veth peer name qg-router netns router"
            " && ip -n client link set eth0 up && ip -n client link set lo up"
            f" && ip -n client address add {CLIENT}/24 dev eth0"
            " && ip -n router link set qg-router up",
        )
        self.nodes["client"] = network.nodes["client"] = Node(network, "client")
        router = self.nodes["router"]
        for address in ROUTER.gateway_addresses:
            router.run("ip", "address", "add", address, "dev", "qg-router")
        for name in ("test01", "test02", "test03"):
            self.nodes[name].run("ip", "route", "add", "default", "via", "192.168.100.1")
        self.nodes["test01"].run("ip", "address", "add", f"{VIP}/24", "dev", "eth0")
        for name, value in SYSCTLS.items():
            router.run("sysctl", "-qw", f"{name}={value}")
        subprocess.run(
            router.command(["nft", "-f", "-"]),
            input=ruleset(ROUTER),
            text=True,
            check=True,
            timeout=10,
        )

    def serve(self) -> None:
        for name, node in self.nodes.items():
            server = node.start(sys.executable, "-c", SERVER, name, stdout=subprocess.PIPE)
            assert server.stdout is not None
            with server.stdout:
                assert server.stdout.readline() == b"ready\n"

    def call(self, caller: str, address: str, source: str = "") -> str:
        """Who answers and whom it saw: "test01 99.88.128.100"."""
        arguments = [address, source] if source else [address]
        return self.nodes[caller].run(sys.executable, "-c", CALL, *arguments).strip()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with closing(Network()) as network:
        cloud = Cloud(network)
        cloud.serve()
        wait_until(
            lambda: "UP" in cloud.nodes["client"].run("ip", "-br", "link", "show", "dev", "eth0")
        )
        yield cloud


class TestFromOutside:
    def test_the_vips_floating_ip_reaches_its_holder_who_sees_the_caller(
        self, cloud: Cloud
    ) -> None:
        assert cloud.call("client", VIP_FLOATING) == f"test01 {CLIENT}"

    def test_an_instances_floating_ip(self, cloud: Cloud) -> None:
        assert cloud.call("client", TEST02_FLOATING) == f"test02 {CLIENT}"

    def test_the_router_itself_at_its_own_address(self, cloud: Cloud) -> None:
        assert cloud.call("client", GATEWAY) == f"router {CLIENT}"


class TestToOutside:
    def test_under_the_own_floating_ip(self, cloud: Cloud) -> None:
        assert cloud.call("test01", CLIENT) == f"client {TEST01_FLOATING}"

    def test_under_the_vips_floating_ip_from_the_vip(self, cloud: Cloud) -> None:
        assert cloud.call("test01", CLIENT, VIP) == f"client {VIP_FLOATING}"

    def test_under_the_gateways_address_without_one(self, cloud: Cloud) -> None:
        assert cloud.call("test03", CLIENT) == f"client {GATEWAY}"


class TestHairpin:
    def test_a_node_with_a_floating_ip_calls_the_vips(self, cloud: Cloud) -> None:
        assert cloud.call("test02", VIP_FLOATING) == f"test01 {TEST02_FLOATING}"

    def test_a_node_without_a_floating_ip_calls_the_vips(self, cloud: Cloud) -> None:
        assert cloud.call("test03", VIP_FLOATING) == f"test01 {GATEWAY}"

    def test_the_holder_calls_itself(self, cloud: Cloud) -> None:
        assert cloud.call("test01", VIP_FLOATING) == f"test01 {TEST01_FLOATING}"

    def test_the_router_calls_the_vips(self, cloud: Cloud) -> None:
        assert cloud.call("router", VIP_FLOATING) == f"test01 {GATEWAY}"


def test_what_stays_inside_is_not_translated(cloud: Cloud) -> None:
    assert cloud.call("test02", VIP) == "test01 192.168.100.67"


def test_the_floating_ip_follows_the_vip_to_whoever_speaks_for_it(cloud: Cloud) -> None:
    """The router is told nothing: it believes ARP."""
    holder, successor = cloud.nodes["test01"], cloud.nodes["test02"]
    holder.run("ip", "address", "del", f"{VIP}/24", "dev", "eth0")
    successor.run("ip", "address", "add", f"{VIP}/24", "dev", "eth0")
    try:
        successor.run("arping", "-U", "-c", "1", "-i", "eth0", "-S", VIP, VIP, check=False)
        wait_until(
            lambda: successor.mac() in cloud.nodes["router"].run("ip", "neigh", "show", VIP),
            what="the router has learnt the VIP's new holder",
        )
        assert cloud.call("client", VIP_FLOATING) == f"test02 {CLIENT}"
    finally:
        successor.run("ip", "address", "del", f"{VIP}/24", "dev", "eth0")
        holder.run("ip", "address", "add", f"{VIP}/24", "dev", "eth0")
