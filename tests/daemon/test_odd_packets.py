"""One packet of each bad kind, from a raw socket to a daemon on the real kernel."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.daemon.odd_packets import (
    CONFIGURATION,
    ODD_PACKETS,
    OUR_LINK_LOCAL,
    OURS,
    THEIR_LINK_LOCAL,
    THEIRS,
    OddPacket,
)
from tests.programs import TAKEOVER_SECONDS, Speaker
from tests.topology import Network, wait_until
from vipkeeper.daemon import ietf_vrrp
from vipkeeper.daemon.statistics import GLOBAL_REASONS, INSTANCE_COUNTERS

SEND = """
import socket, sys
from ipaddress import ip_address
from vipkeeper.linux.vrrp_socket import VrrpSender
from vipkeeper.vrrp.version import Family
senders = {family: VrrpSender("eth0", socket.if_nametoindex("eth0"), family) for family in Family}
for line in sys.stdin:
    destination, packet = line.split()
    destination = ip_address(destination)
    senders[Family(destination.version)].send(bytes.fromhex(packet), destination)
"""
"""Sends whole IP packets, one a line: where to, and the bytes."""

RECEIVED = {
    *(name for name in INSTANCE_COUNTERS if not name.endswith(("sent", "transitions"))),
    *(reason.value for reason in GLOBAL_REASONS),
}


def received(status: dict[str, Any]) -> dict[str, int]:
    """What moves when something is received, that of an instance as VRID/NAME."""
    tables = {"": status["statistics"]} | {
        f"{item['vrid']}/": item["statistics"] for item in status["instances"]
    }
    return {
        prefix + name: value
        for prefix, statistics in tables.items()
        for name, value in statistics.items()
        if name in RECEIVED
    }


def sum_of_expected(packets: tuple[OddPacket, ...]) -> dict[str, int]:
    expected: dict[str, int] = {}
    for packet in packets:
        is_global = packet.counter in {reason.value for reason in GLOBAL_REASONS}
        names = [packet.counter if is_global else f"{packet.vrid}/{packet.counter}"]
        if packet.acted_on:
            names.append(f"{packet.vrid}/advertisement-rcvd")
            if "checksum" not in packet.counter:
                form = "pseudo-header" if packet.vrid in (52, 53) else "message"
                names.append(f"{packet.vrid}/checksum-{form}-rcvd")
        for name in names:
            expected[name] = expected.get(name, 0) + 1
    return expected


def test_each_kind_moves_its_counter_by_one(network: Network, tmp_path: Path) -> None:
    node = network.add_node("test01", f"{OURS}/24")
    other = network.add_node("test02", f"{THEIRS}/24")
    node.run("ip", "address", "add", "192.168.100.132/24", "dev", "eth0")
    node.run("ip", "address", "add", f"{OUR_LINK_LOCAL}/64", "dev", "eth0", "nodad")
    other.run("ip", "address", "add", f"{THEIR_LINK_LOCAL}/64", "dev", "eth0", "nodad")
    # Linux takes a packet from one of its own addresses for forged, and drops it unless told.
    node.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/eth0/accept_local")
    speaker = Speaker(node, "vipkeeperd", CONFIGURATION, tmp_path)
    speaker.start()
    wait_until(
        lambda: all(item["state"] == "Active" for item in speaker.status()["instances"]),
        seconds=TAKEOVER_SECONDS,
        what=speaker.log,
    )
    before = received(speaker.status())

    lines = [f"{packet.destination} {packet.ip_packet().hex()}\n" for packet in ODD_PACKETS]
    script = tmp_path / "packets"
    script.write_text("".join(lines))
    other.run("sh", "-c", f"{sys.executable} -c '{SEND}' <{script}")

    def moved() -> dict[str, int]:
        after = received(speaker.status())
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}

    expected = sum_of_expected(ODD_PACKETS)
    wait_until(lambda: sum(moved().values()) >= sum(expected.values()), what=lambda: f"{moved()}")
    assert moved() == expected
    status = speaker.status()
    assert all(item["state"] == "Active" for item in status["instances"])
    # An owner's address is the host's own: the other instances may send from it.
    assert {item["primary_address"] for item in status["instances"]} == {
        str(OURS),
        str(OUR_LINK_LOCAL),
    }
    hold_the_model(status)


def hold_the_model(status: dict[str, Any]) -> None:
    """The same numbers under ``ietf-vrrp``, with times where the model has times."""
    tree = status["ietf-vrrp"]
    assert (tree["virtual-routers"], tree["interfaces"]) == (7, 1)
    assert set(tree["statistics"]) == {"discontinuity-datetime", *ietf_vrrp.GLOBAL_COUNTERS}
    pairs = [(tree["statistics"], status["statistics"])]
    for item in status["instances"]:
        tree = item["ietf-vrrp"]
        assert (tree["vrid"], tree["state"]) == (item["vrid"], "master")
        assert set(tree["statistics"]) == {"discontinuity-datetime", *ietf_vrrp.INSTANCE_COUNTERS}
        pairs.append((tree["statistics"], item["statistics"]))
        assert datetime.fromisoformat(tree["up-datetime"]).tzinfo is not None
    for in_model, all_of_them in pairs:
        assert in_model.items() <= all_of_them.items()
        assert datetime.fromisoformat(in_model["discontinuity-datetime"]).tzinfo is not None
