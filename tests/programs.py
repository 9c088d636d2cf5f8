"""Two VRRP programs on the walkthrough's two files, and what can be asked of either."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.topology import Network, Node, program, wait_until
from vipkeeper.daemon.control import ask

VIP = "192.168.100.196"
ADDRESSES = {"test01": "192.168.100.131", "test02": "192.168.100.67"}

WALKTHROUGH = """\
vrrp_instance vrrp_group_1 {{
     state {state}
     interface eth0
     virtual_router_id 1
     priority {priority}
     authentication {{
         auth_type PASS
         auth_pass password
     }}
     virtual_ipaddress {{
         192.168.100.196/24 brd 192.168.100.255 dev eth0
     }}
}}
"""
CONFIGURATIONS = {
    "test01": WALKTHROUGH.format(state="MASTER", priority=100),
    "test02": WALKTHROUGH.format(state="BACKUP", priority=50),
}

TAKEOVER_SECONDS = 12.0
"""A bound for waiting, not a measurement: 3.8 s by the timers, more on a busy machine."""

START_SECONDS = 40.0
"""Likewise: two interpreters, 0.4 s by themselves, were seen to take 11 s beside twenty others."""


class Speaker:
    """A VRRP program on a node: ``vipkeeperd`` or ``keepalived``."""

    def __init__(self, node: Node, kind: str, configuration: str, directory: Path) -> None:
        self.node = node
        self.kind = kind
        self._base = directory / f"{node.name}-{kind}"
        self.configuration = self._base.with_suffix(".conf")
        self.configuration.write_text(configuration)
        self.log_file = self._base.with_suffix(".log")
        self.options: tuple[str, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["-n", "-l", "-D", "-f", str(self.configuration)]
        arguments += ["-p", f"{self._base}.pid", "-r", f"{self._base}_vrrp.pid"]
        if self.kind == "keepalived":
            # Its dumps go there, not where another user's may lie.
            argv = [
                "env",
                f"TMPDIR={self._base.parent}",
                program("keepalived"),
                "-P",
                "-G",
                *arguments,
            ]
        else:
            argv = [sys.executable, "-m", "vipkeeper.daemon.main", "-P", "-G", *arguments]
            argv += ["--control", f"{self._base}.sock", *self.options]
        with self.log_file.open("ab") as log:
            self._process = self.node.start(*argv, stdout=log, stderr=log)
        # Its timers run from here on: one interpreter that starts slowly does not lose an election.
        begun = len(self._starts()) + 1
        wait_until(
            lambda: len(self._starts()) >= begun,
            seconds=START_SECONDS,
            what=lambda: f"{self.kind} listens\n{self.log()}",
        )

    def _starts(self) -> list[str]:
        """What either program says once it listens, or cannot for a reason that it names."""
        return re.findall(
            r"\(init\)|entering FAULT state$|Entering MASTER STATE\n.*\n.*\"Initialize\"",
            self.log(),
            re.MULTILINE,
        )

    def stop(self) -> int:
        """SIGTERM, and wait for the end; returns the exit code."""
        assert self._process is not None
        self.signal("TERM")
        return self._process.wait(timeout=15)

    def pid(self, which: str = "") -> int:
        path = Path(f"{self._base}{which}.pid")
        return int(wait_until(lambda: path.exists() and path.read_text().strip(), what=str(path)))

    def signal(self, name: str, which: str = "") -> None:
        # The number is of the network's own PID namespace.
        self.node.run("kill", f"-{name}", str(self.pid(which)))

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def status(self) -> dict[str, Any]:
        """What ``vipkeeper status --json`` says."""
        arguments = ["status", "--json", "--control", f"{self._base}.sock"]
        call = "from vipkeeper.cli.main import main; main()"
        answer = json.loads(self.node.run(sys.executable, "-c", call, *arguments))
        assert isinstance(answer, dict)
        return answer

    def counters(self) -> dict[str, int]:
        """Every counter by name: vipkeeper's by RFC 8347, keepalived's as it dumps them."""
        if self.kind == "vipkeeperd":
            status = ask(Path(f"{self._base}.sock"), {"request": "status"})["status"]
            return {**status["instances"][0]["statistics"], **status["statistics"]}
        dump = self._base.parent / "keepalived.stats"
        dump.unlink(missing_ok=True)
        self.signal("USR2")
        text = wait_until(lambda: dump.exists() and dump.read_text(), what=str(dump)) or ""
        counters, section = {}, ""
        for name, _, value in (line.rpartition(":") for line in text.splitlines() if ":" in line):
            if value.strip().isdigit():
                counters[f"{section} {name.strip()}"] = int(value)
            else:
                section = name.strip()
        return counters


VIPKEEPER_DISCARDS = (
    "errors",
    "failures",
    "incomplete-packet",
    "invalid-type-pkts-rcvd",
    "own-packets-rcvd",
    "owner-conflicts",
    "owner-ignored-adverts",
)


def discards(speaker: Speaker) -> dict[str, int]:
    """The counters of packets that were not accepted, where they are not 0."""
    counters = speaker.counters()
    if speaker.kind == "vipkeeperd":
        return {
            name: value
            for name, value in counters.items()
            if value
            and isinstance(value, int)
            and name.endswith(VIPKEEPER_DISCARDS)
            and name != "send-errors"  # of an advert that met a link going down
        }
    # keepalived groups them under "Packet Errors" and "Authentication Errors"; what is not an
    # error has one of these names.
    good = ("Received", "Sent", "Became master", "Released master")
    return {name: value for name, value in counters.items() if value and not name.endswith(good)}


def holders(speakers: Iterable[Speaker]) -> list[str]:
    return [speaker.node.name for speaker in speakers if speaker.node.holds(VIP)]


class Pair:
    """test01 and test02 with a program each, and a third machine that watches."""

    def __init__(self, network: Network, kinds: tuple[str, str], directory: Path) -> None:
        self.network = network
        self.watcher = network.add_node("watcher", "192.168.100.5/24")
        self.test01, self.test02 = (
            Speaker(
                network.add_node(name, f"{ADDRESSES[name]}/24"),
                kind,
                CONFIGURATIONS[name],
                directory,
            )
            for name, kind in zip(("test01", "test02"), kinds, strict=True)
        )

    def wait_for_holder(self, *names: str) -> None:
        wait_until(
            lambda: holders((self.test01, self.test02)) == list(names),
            seconds=TAKEOVER_SECONDS,
            what=lambda: f"the VIP is held by {names or 'nobody'}\n{self.logs()}",
        )

    def logs(self) -> str:
        return f"--- test01\n{self.test01.log()}\n--- test02\n{self.test02.log()}"

    def mac_of_vip(self) -> str:
        """Who answers for the VIP, as the watcher's neighbour cache has it, without asking."""
        entry = self.watcher.run("ip", "neigh", "show", VIP)
        return entry.partition("lladdr ")[2].partition(" ")[0]
