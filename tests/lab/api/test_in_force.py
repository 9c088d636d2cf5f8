"""An answered change is in force, and between two states of the API there is no third one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.lab.api.rest import Rest
from tests.lab.labs import running
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab

TARGET = "192.168.100.67"
ONE, OTHER = "192.168.100.201", "192.168.100.202"
CHANGES = 30
BOUND_S = 60.0

# Protocol 112 with two sources in turn, numbered, until its input ends.
SENDER = f"""
import select, socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
sources = [socket.inet_aton(a) for a in ("{ONE}", "{OTHER}")]
target = socket.inet_aton("{TARGET}")
number = 0
while not select.select([sys.stdin], [], [], 0.0003)[0]:
    for source in sources:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 112, 0, source, target)
        s.sendto(head + struct.pack("!Q", number), ("{TARGET}", 0))
        number += 1
    if number == 2:
        print("ready", flush=True)
"""
RECEIVER = """
import json, select, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
print("ready", flush=True)
seen = []
while True:
    readable, _, _ = select.select([s, sys.stdin], [], [])
    if s in readable:
        packet = s.recv(100)
        if packet[15] in (201, 202):
            seen.append((struct.unpack("!Q", packet[20:28])[0], packet[15]))
    elif sys.stdin in readable:
        break
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    # bare: nobody else speaks protocol 112 there
    with running(spec_file.walkthrough(), what="in-force", bare=True) as lab:
        yield lab


@pytest.fixture
def member(lab: Lab) -> Iterator[Rest]:
    with closing(Rest(lab, "lab")) as rest:
        yield rest


def start(lab: Lab, instance: str, program: str) -> subprocess.Popen[str]:
    return lab.popen(
        instance,
        ["python", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.timeout(240)
def test_a_pair_that_becomes_another_one_is_never_both_and_never_neither(
    lab: Lab, member: Rest
) -> None:
    """The pair lets a source pass at the sender's port, and makes it a member at the receiver's.

    So that each change changes a chain and a set: of the packets of two sources in turn all pass
    of one, until all pass of the other.
    """
    (port,) = member.get("ports?name=test01")["ports"]

    def allow(address: str) -> None:
        member.change("port", port["id"], allowed_address_pairs=[{"ip_address": address}])

    allow(ONE)
    with start(lab, "test02", RECEIVER) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "ready\n"
        with start(lab, "test01", SENDER) as sender:
            assert sender.stdout is not None
            assert sender.stdout.readline() == "ready\n"
            for _ in range(CHANGES // 2):
                allow(OTHER)
                allow(ONE)
            sender.communicate("\n", timeout=BOUND_S)
        output, _ = receiver.communicate("\n", timeout=BOUND_S)
    seen: list[tuple[int, int]] = sorted(map(tuple, json.loads(output)))
    kinds = [kind for _, kind in seen]
    turns = [place for place in range(1, len(seen)) if kinds[place] != kinds[place - 1]]
    assert len(turns) == CHANGES, f"{len(turns)} turns in {len(seen)} packets"
    for place in range(1, len(seen)):
        # Two a round: the next of the same source, or at a turn the next round's at the latest.
        # A packet that is between the two checks at that moment may be lost.
        step = seen[place][0] - seen[place - 1][0]
        assert step == 2 if place not in turns else step <= 5, (place, seen[place - 3 : place + 3])


def test_what_was_answered_is_in_force(lab: Lab, member: Rest) -> None:
    """The very next packet is held against it; nothing has to be waited for."""
    (group,) = member.get("security-groups?name=web")["security_groups"]
    url = f"http://{TARGET}:8080/"
    server = ["python", "-m", "http.server", "8080"]
    with lab.popen("test02", server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as web:
        own = ["curl", "-s", "-o", "/dev/null", "--retry-connrefused", "--retry", "50"]
        lab.run("test02", [*own, "--retry-delay", "0", url], timeout=BOUND_S, check=True)
        for _ in range(5):
            rule = member.make(
                "security_group_rule",
                security_group_id=group["id"],
                direction="ingress",
                protocol="tcp",
                port_range_min=8080,
                port_range_max=8080,
            )
            assert reached(lab, url)
            member.delete(f"security-group-rules/{rule['id']}")
            assert not reached(lab, url)
        web.kill()


def reached(lab: Lab, url: str) -> bool:
    done = lab.run("test01", ["curl", "-s", "-m", "0.5", "-o", "/dev/null", url], timeout=BOUND_S)
    return done.returncode == 0
