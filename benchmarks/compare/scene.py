"""Two nodes with a program each, a machine that probes, another that is the witness, and a switch.

The witness is a machine of its own: an answer to its question would else tell the kernel of the
prober where the VIP is, and a client's neighbour cache would be right without any announcement.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from benchmarks.compare.settings import PREFIX_LENGTHS, Settings
from benchmarks.compare.sightings import Sightings
from tests.programs import Speaker
from tests.topology import Network, Node, program, wait_until
from vipkeeper.drill.measurement import Drill

BETTER, OTHER, WATCHER, WITNESS = "test01", "test02", "watcher", "witness"
_HOSTS = {BETTER: 131, OTHER: 67, WATCHER: 5, WITNESS: 6}
ADDRESSES = {name: f"192.168.100.{host}" for name, host in _HOSTS.items()}
IPV6_ADDRESSES = {name: f"2001:db8::{host}" for name, host in _HOSTS.items()}

SETTLING_SECONDS = 60.0
"""A bound for waiting, not a measurement."""

_ROOT = Path(__file__).parents[2]
_ECHO = 'hostname "$0" && exec "$@"'  # by which name the echo server answers


class Scene:
    """One run: its machines, programs and measuring instruments. Close it.

    ``marks`` are instants that were noted (CLOCK_REALTIME, nanoseconds). ``elections`` is how often
    a node had become Active before the deed.
    """

    def __init__(self, settings: Settings, kinds: tuple[str, str], directory: Path) -> None:
        self.settings = settings
        self.network = Network()
        self.marks: dict[str, int] = {}
        self.elections = 0
        try:
            self.watcher, self.witness = self._add_node(WATCHER), self._add_node(WITNESS)
            self.better, self.other = (
                Speaker(self._add_node(name), kind, settings.configuration(priority), directory)
                for name, kind, priority in zip(
                    (BETTER, OTHER), kinds, settings.priorities, strict=True
                )
            )
            for speaker in (self.better, self.other):
                self._start_echo(speaker.node)
        except BaseException:
            self.network.close()
            raise

    def _add_node(self, name: str) -> Node:
        node = self.network.add_node(name, f"{ADDRESSES[name]}/{PREFIX_LENGTHS[4]}")
        if self.settings.family == 6:
            address = f"{IPV6_ADDRESSES[name]}/{PREFIX_LENGTHS[6]}"
            node.run("ip", "address", "add", address, "dev", "eth0", "nodad")
            wait_until(
                lambda: not node.run("ip", "-6", "address", "show", "tentative"),
                what="the link-local address can be used",
            )
        return node

    def _start_echo(self, node: Node) -> None:
        argv = ["unshare", "--uts", "--", "sh", "-ec", _ECHO, node.name]
        argv += [*on_time(), sys.executable, "-m", "vipkeeper.drill.echo"]
        echo = node.start(*argv, stdout=subprocess.PIPE)
        assert echo.stdout is not None
        if not echo.stdout.readline():
            raise RuntimeError(f"no echo server on {node.name}")

    def start_both(self) -> None:
        """At the same moment; returns when both listen."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Speaker.start, (self.better, self.other)))

    def wait_for_holder(self, speaker: Speaker) -> None:
        """Wait until it alone has the VIP."""
        peer = self.other if speaker is self.better else self.better
        wait_until(
            lambda: self._alone(speaker, peer),
            seconds=SETTLING_SECONDS,
            what=lambda: f"{speaker.node.name} has the VIP\n{speaker.log()}\n{peer.log()}",
        )

    def _alone(self, speaker: Speaker, peer: Speaker) -> bool:
        vip = self.settings.vip
        return speaker.node.holds(vip) and not peer.node.holds(vip)

    def probing(self) -> Drill:
        """Probe the VIP from the watcher, one datagram a millisecond."""
        argv = [*on_time(), sys.executable, "-m", "vipkeeper.drill.probe", self.settings.vip]
        process = self.watcher.start(
            *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return Drill(cast("subprocess.Popen[str]", process))

    def mark(self, what: str) -> None:
        self.marks[what] = time.time_ns()

    def transitions(self, *speakers: Speaker) -> int:
        """How often they have become Active so far, by their logs, whose words are the same."""
        return sum(each.log().count("Entering MASTER STATE") for each in speakers)

    def cut_off(self, name: str) -> None:
        """Frames are no longer carried; the node keeps its carrier."""
        self.network.run("bridge", "link", "set", "dev", name, "state", "0")

    def heal(self, name: str) -> None:
        self.network.run("bridge", "link", "set", "dev", name, "state", "3")

    def close(self) -> None:
        self.network.close()


class Watch:
    """A running witness. Leaving the ``with`` block ends it and sets :attr:`sightings`."""

    sightings: Sightings

    def __init__(self, scene: Scene) -> None:
        addresses = IPV6_ADDRESSES if scene.settings.family == 6 else ADDRESSES
        nodes = [f"{node.name}={node.mac()}" for node in (scene.better.node, scene.other.node)]
        self._process = scene.witness.start(
            *("env", f"PYTHONPATH={_ROOT}", *on_time(), sys.executable),
            *("-m", "benchmarks.compare.witness", scene.settings.vip),
            *(addresses[WITNESS], *nodes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        said = self._process.communicate(timeout=30)[0]
        self.sightings = Sightings.from_data(json.loads(said))


def on_time() -> list[str]:
    """How a measuring instrument is started: in real time, where that is permitted."""
    if os.geteuid() != 0:  # the network is in a user namespace then
        return []
    return [program("chrt"), "--fifo", "2"]
