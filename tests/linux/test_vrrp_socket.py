"""Adverts between two nodes on the real kernel: what one sends is what the other receives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from subprocess import PIPE

import pytest

from tests.topology import Network, wait_until

RECEIVE = """
import select, socket, sys
from ipaddress import ip_address
from vipkeeper.linux.vrrp_socket import VrrpReceiver
from vipkeeper.vrrp.version import Family
family = Family(int(sys.argv[1]))
receiver = VrrpReceiver("eth0", socket.if_nametoindex("eth0"), family)
receiver.listen_to({ip_address(sys.argv[2])})
print("listening", flush=True)
while select.select([receiver], [], [], 30)[0]:
    got = receiver.receive()
    print(got.source, got.destination, got.ttl, got.payload.hex(), flush=True)
    if got.payload == b"last":
        break
"""
SEND = """
import socket, sys
from ipaddress import ip_address
from vipkeeper.linux.ip_packet import ip_packet
from vipkeeper.linux.vrrp_socket import VrrpSender
from vipkeeper.vrrp.version import Family
family, source = Family(int(sys.argv[1])), ip_address(sys.argv[2])
sender = VrrpSender("eth0", socket.if_nametoindex("eth0"), family)
for argument in sys.argv[3:]:
    destination, ttl, payload = argument.split(",")
    packet = ip_packet(source, ip_address(destination), 1, payload.encode(), int(ttl))
    sender.send(packet, ip_address(destination))
"""


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    try:
        for name, host in (("one", 1), ("other", 2)):
            node = network.add_node(name, f"192.0.2.{host}/24")
            node.run("ip", "address", "add", f"fe80::{host}/64", "dev", "eth0", "nodad")
            node.run("ip", "address", "add", f"2001:db8::{host}/64", "dev", "eth0", "nodad")
        yield network
    finally:
        network.close()


@pytest.mark.parametrize(
    ("family", "source", "group", "own", "elsewhere"),
    [
        ("4", "192.0.2.1", "224.0.0.18", "192.0.2.2", "224.0.0.19"),
        ("6", "fe80::1", "ff02::12", "fe80::2", "ff02::13"),
        ("6", "2001:db8::1", "ff02::12", "2001:db8::2", "ff02::13"),
    ],
)
def test_what_is_sent_to_the_group_or_to_the_host_is_heard_and_nothing_else(
    network: Network, family: str, source: str, group: str, own: str, elsewhere: str
) -> None:
    one, other = network.nodes["one"], network.nodes["other"]
    receiver = other.start(sys.executable, "-c", RECEIVE, family, group, stdout=PIPE)
    assert receiver.stdout is not None
    assert receiver.stdout.readline() == b"listening\n"
    packets = (f"{elsewhere},255,first", f"{group},255,second", f"{own},7,third", f"{own},1,last")
    one.run(sys.executable, "-c", SEND, family, source, *packets)
    wait_until(lambda: receiver.poll() is not None, what="the receiver has the last packet")

    assert receiver.stdout.read().decode().splitlines() == [
        f"{source} {group} 255 {b'second'.hex()}",
        f"{source} {own} 7 {b'third'.hex()}",
        f"{source} {own} 1 {b'last'.hex()}",
    ]


@pytest.mark.parametrize(("family", "group"), [("4", "224.0.0.18"), ("6", "ff02::12")])
def test_our_own_multicast_does_not_come_back(network: Network, family: str, group: str) -> None:
    one = network.nodes["one"]
    own, other = ("192.0.2.1", "192.0.2.2") if family == "4" else ("fe80::1", "fe80::2")
    receiver = one.start(sys.executable, "-c", RECEIVE, family, group, stdout=PIPE)
    assert receiver.stdout is not None
    assert receiver.stdout.readline() == b"listening\n"
    one.run(sys.executable, "-c", SEND, family, own, f"{group},255,ours")
    network.nodes["other"].run(sys.executable, "-c", SEND, family, other, f"{own},255,last")
    wait_until(lambda: receiver.poll() is not None, what="the receiver has the last packet")

    assert receiver.stdout.read().decode() == f"{other} {own} 255 {b'last'.hex()}\n"
