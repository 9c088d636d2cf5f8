"""More than 10,000 malformed packets a second beside a good peer change nothing but counters."""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest

from tests.daemon.odd_packets import (
    GOOD,
    GROUP,
    GROUP6,
    IPV6,
    ODD_PACKETS,
    PLAIN,
    STRANGER,
    UNKNOWN,
    VERSION_3,
    OddPacket,
    advert,
    altered,
)
from tests.programs import ADDRESSES, TAKEOVER_SECONDS, Speaker
from tests.topology import Network, Node, wait_until
from vipkeeper.vrrp.advertisement import DiscardReason, encode
from vipkeeper.vrrp.announcement import ethernet

SECONDS, RATE, AT_LEAST = 6, 13_000, 10_000

CONFIGURATION = """
vrrp_instance VI_51 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    authentication {{
        auth_type PASS
        auth_pass password
    }}
    virtual_ipaddress {{
        192.168.100.196/24
    }}
}}
vrrp_instance VI_53 {{
    interface eth0
    virtual_router_id 53
    priority {priority}
    virtual_ipaddress {{
        fe80::53:1/64
        2001:db8::53/64
    }}
}}
"""

FLOOD = """
import json, socket, sys, time
frames = [bytes.fromhex(line) for line in sys.stdin]
seconds, rate = float(sys.argv[1]), float(sys.argv[2])
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
out.bind(("eth0", 0))
sent, refused, count, begun = 0, 0, len(frames), time.monotonic()
while (elapsed := time.monotonic() - begun) < seconds:
    for _ in range(int(elapsed * rate) - sent):
        try:
            out.send(frames[sent % count])
            sent += 1
        except OSError:
            refused += 1
    time.sleep(0.001)
print(json.dumps({"sent": sent, "refused": refused, "seconds": time.monotonic() - begun}))
"""
"""The frames from standard input, again and again, at this rate."""


def flood_packets() -> list[OddPacket]:
    """Malformed in every way, random bytes among them, from many sources, in both families."""
    chance = random.Random(9568)
    random_bytes = [chance.randbytes(chance.randint(0, 120)) for _ in range(40)]
    hosts = [IPv4Address(f"192.168.100.{host}") for host in range(200, 250)]
    link_local = ip_address("fe80::68")

    def six(vrid: int, counter: str, payload: bytes, ttl: int = 255) -> OddPacket:
        return OddPacket("IPv6", vrid, counter, payload, False, ttl, link_local, GROUP6)

    good_six = encode(advert(IPV6), link_local, GROUP6)
    return [
        *(
            replace(packet, source=source)
            for packet in ODD_PACKETS
            if packet.destination == GROUP
            and packet.vrid in (PLAIN, UNKNOWN, 0)
            and not packet.acted_on
            and packet.kind not in ("from our address", "version 3")
            for source in (STRANGER, *chance.sample(hosts, 3))
        ),
        *(
            OddPacket("random", 0, "?", start + payload, source=STRANGER)
            for payload in random_bytes
            for start in (b"", bytes((0x21, PLAIN)))
        ),
        *(six(0, "?", payload) for payload in random_bytes),
        OddPacket(
            "version 3",
            PLAIN,
            "version-errors",
            encode(replace(advert(VERSION_3), vrid=PLAIN), STRANGER, GROUP),
            source=STRANGER,
        ),
        six(IPV6, "version-errors", altered(GOOD, 1, IPV6)),
        six(IPV6, "checksum-errors", good_six[:-1] + b"x"),
        six(IPV6, "ip-ttl-errors", good_six, ttl=64),
        six(UNKNOWN, "vrid-errors", encode(replace(advert(IPV6), vrid=99), link_local, GROUP6)),
    ]


def discarded(status: dict[str, object]) -> int:
    """How many packets were discarded, whatever for: each moves one counter."""
    names = {reason.value for reason in DiscardReason}
    tables = [status["statistics"]]
    instances = status["instances"]
    assert isinstance(instances, list)
    tables += [item["statistics"] for item in instances]
    total = 0
    for table in tables:
        assert isinstance(table, dict)
        total += sum(value for name, value in table.items() if name in names)
    return total


def kernel_drops(node: Node) -> int:
    """What the sockets of the node's speaker had no room for."""
    lines = node.run("sh", "-c", "cat /proc/net/raw /proc/net/raw6").splitlines()
    return sum(int(line.split()[-1]) for line in lines if line.split()[-1].isdigit())


def process(speaker: Speaker) -> tuple[int, int]:
    """Its speaker's CPU time in ns, and its resident memory in KiB."""
    pid = speaker.pid("_vrrp")
    text = speaker.node.run("cat", f"/proc/{pid}/schedstat", f"/proc/{pid}/status")
    resident = next(line for line in text.splitlines() if line.startswith("VmRSS"))
    return int(text.split()[0]), int(resident.split()[1])


@pytest.fixture
def pair(network: Network, tmp_path: Path) -> tuple[Speaker, Speaker]:
    speakers = []
    for name, priority in (("test01", 150), ("test02", 100)):
        node = network.add_node(name, f"{ADDRESSES[name]}/24")
        host = ADDRESSES[name].rpartition(".")[2]
        node.run("ip", "address", "add", f"fe80::{host}/64", "dev", "eth0", "nodad")
        speakers.append(
            Speaker(node, "vipkeeperd", CONFIGURATION.format(priority=priority), tmp_path)
        )
    for speaker in speakers:
        speaker.start()
    active, backup = speakers
    wait_until(
        lambda: states(active) == ["Active"] * 2 and states(backup) == ["Backup"] * 2,
        seconds=TAKEOVER_SECONDS,
        what=lambda: active.log() + backup.log(),
    )
    return active, backup


def states(speaker: Speaker) -> list[str]:
    return [item["state"] for item in speaker.status()["instances"]]


def test_a_flood_of_malformed_packets_changes_nothing_but_counters(
    network: Network, pair: tuple[Speaker, Speaker], tmp_path: Path
) -> None:
    flooder = network.add_node("test03", f"{STRANGER}/24")
    frames = tmp_path / "frames"
    mac = bytes.fromhex(flooder.mac().replace(":", ""))
    frames.write_text(
        "".join(
            ethernet(mac, packet.ip_packet(), packet.destination).hex() + "\n"
            for packet in flood_packets()
        )
    )

    def flood(seconds: float) -> dict[str, float]:
        arguments = f"{seconds} {RATE} <{frames}"
        answer = flooder.run("sh", "-c", f"{sys.executable} -c '{FLOOD}' {arguments}")
        outcome = json.loads(answer)
        assert isinstance(outcome, dict)
        return outcome

    sent = flood(1)["sent"]  # what is remembered of it is remembered now: memory grows no more
    before = [speaker.status() for speaker in pair]
    logs = [len(speaker.log().splitlines()) for speaker in pair]
    processes = [process(speaker) for speaker in pair]

    outcome = flood(SECONDS)
    while outcome["sent"] / outcome["seconds"] < AT_LEAST and outcome["sent"] < SECONDS * AT_LEAST:
        more = flood(SECONDS)  # a busy machine: what was missed in time is made up in number
        outcome = {name: outcome[name] + more[name] for name in outcome}
    sent += outcome["sent"]

    for number, speaker in enumerate(pair):
        wait_until(
            lambda speaker=speaker: (  # type: ignore[misc]
                discarded(speaker.status()) + kernel_drops(speaker.node) >= sent * 0.99
            ),
            what=lambda speaker=speaker: (  # type: ignore[misc]
                f"{discarded(speaker.status())} and {kernel_drops(speaker.node)} of {sent}"
            ),
        )
        status = speaker.status()
        assert discarded(status) + kernel_drops(speaker.node) <= sent
        for item, old in zip(status["instances"], before[number]["instances"], strict=True):
            assert (item["state"], item["since"]) == (old["state"], old["since"])
            assert len(item["neighbours"]) <= 8
        assert len(speaker.log().splitlines()) - logs[number] <= 60, speaker.log()
        cpu, resident = process(speaker)
        assert resident - processes[number][1] <= 1024, "KiB more than before"
        spent = (cpu - processes[number][0]) / 1e9
        print(  # noqa: T201 a figure to look at with -s
            f"{speaker.node.name}: {outcome['sent'] / outcome['seconds']:.0f} packets/s, "
            f"{kernel_drops(speaker.node)} of {sent} dropped by the kernel, "
            f"{spent / outcome['seconds']:.0%} of a CPU, "
            f"{spent / outcome['sent'] * 1e6:.1f} us each"
        )
    (heard, heard_before) = (
        status["instances"][0]["statistics"]["advertisement-rcvd"]
        for status in (pair[1].status(), before[1])
    )
    assert heard - heard_before >= SECONDS - 1
