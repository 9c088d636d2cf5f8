"""Small networks in namespaces of their own, for tests against the real kernel.

A :class:`Network` is a network namespace that is the switch, and one more for each node. Root
needs no more; another user gets a user namespace around it. It all ends with the process that
holds it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import pytest

POLL_SECONDS = 0.02
T = TypeVar("T")

PACKAGES = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "nft": "nftables",
    "tcpdump": "tcpdump",
    "keepalived": "keepalived",
    "arping": "arping",
}


def program(name: str) -> str:
    """The path of a program; the test fails with what to install if there is none."""
    path = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        pytest.fail(f"{name} is missing: apt-get install {PACKAGES.get(name, name)}")
    return path


def wait_until(
    condition: Callable[[], T],
    *,
    seconds: float = 10.0,
    what: str | Callable[[], str] = "",
    poll_seconds: float = POLL_SECONDS,
) -> T:
    """Ask until the answer is true, at most so long; return the answer.

    ``what`` says in the failure what was waited for; a callable is asked at that moment.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(poll_seconds)
    return answer


class Node:
    """One machine on the network: a network namespace with eth0."""

    def __init__(self, network: Network, name: str) -> None:
        self.network = network
        self.name = name
        self._started: list[subprocess.Popen[bytes]] = []

    def command(self, argv: Sequence[str]) -> list[str]:
        return [*self.network.enter, "ip", "netns", "exec", self.name, *argv]

    def run(self, *argv: str, check: bool = True) -> str:
        completed = subprocess.run(
            self.command(argv), capture_output=True, text=True, check=False, timeout=30
        )
        if check and completed.returncode:
            pytest.fail(f"{self.name}: {' '.join(argv)}: {completed.stderr or completed.stdout}")
        return completed.stdout

    def start(self, *argv: str, **popen: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(self.command(argv), **popen)  # type: ignore[call-overload]
        assert isinstance(process, subprocess.Popen)
        self._started.append(process)
        return process

    def addresses(self) -> str:
        return self.run("ip", "-br", "address", "show", "dev", "eth0")

    def holds(self, address: str) -> bool:
        return f" {address}/" in self.addresses()

    def mac(self) -> str:
        return self.run("cat", "/sys/class/net/eth0/address").strip()

    def end(self) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self._started:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


class Network:
    """A switch and the nodes on it."""

    def __init__(self) -> None:
        is_root = os.geteuid() == 0
        self._holder = subprocess.Popen(
            [
                program("unshare"),
                *(() if is_root else ("--user", "--map-root-user")),
                *(
                    "--net",
                    "--mount",
                    "--pid",
                    "--fork",
                    "--mount-proc",
                    "--kill-child",
                    "--",
                    "sh",
                    "-c",
                ),
                "mount -t tmpfs run /run && mkdir /run/netns && mount -t sysfs sys /sys"
                " && ip link add switch type bridge mcast_snooping 0 && ip link set switch up"
                " && echo ready && sleep 3600 & wait",  # the shell is init here: it reaps orphans
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._holder.stdout is not None
        if (line := self._holder.stdout.readline()) != "ready\n":
            self._holder.kill()
            pytest.fail(f"no user namespace with a network can be made here: {line}")
        pid = self._child_pid()
        self.enter = [
            *(program("nsenter"), f"--target={pid}", "--net", "--mount", "--pid"),
            *(() if is_root else ("--user", "--preserve-credentials")),
        ]
        self.nodes: dict[str, Node] = {}

    def _child_pid(self) -> int:
        children = f"/proc/{self._holder.pid}/task/{self._holder.pid}/children"
        with open(children) as listing:  # noqa: PTH123 procfs has no better name
            return int(listing.read().split()[0])

    def run(self, *argv: str) -> str:
        return subprocess.run(
            [*self.enter, *argv], capture_output=True, text=True, check=True, timeout=30
        ).stdout

    def add_node(self, name: str, address: str) -> Node:
        """A node with ``address`` (as 192.0.2.1/24) on its eth0."""
        script = (
            f"ip netns add {name} && ip link add {name} type veth peer name eth0 netns {name}"
            f" && ip link set {name} master switch up"
            f" && ip -n {name} link set lo up && ip -n {name} link set eth0 up"
            f" && ip -n {name} address add {address} brd + dev eth0"
        )
        self.run("sh", "-ec", script)
        node = Node(self, name)
        self.nodes[name] = node
        wait_until(
            lambda: "forwarding" in self.run("bridge", "link", "show", "dev", name),
            what=f"the switch forwards for {name}",
        )
        return node

    def unplug(self, name: str) -> None:
        """Cut a node from the wire; it sees its carrier go."""
        self.run("ip", "link", "set", name, "down")

    def plug(self, name: str) -> None:
        self.run("ip", "link", "set", name, "up")

    def close(self) -> None:
        for node in self.nodes.values():
            node.end()
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()
