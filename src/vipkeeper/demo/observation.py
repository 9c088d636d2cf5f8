"""Looking: one command in an instance, and what its output says.

Each function runs a program that an administrator would run, and returns a
:class:`~vipkeeper.demo.step.Check` with the lines that matter. What is expected is written down
before the look, by the caller's arguments; nothing here decides by anything but the output.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from vipkeeper.demo.step import Check
from vipkeeper.lab.client import Lab

VIP = "192.168.100.196"
VIP_OUTSIDE = "99.88.128.171"
ADDRESS = {"test01": "192.168.100.131", "test02": "192.168.100.67"}
ADDRESS_OUTSIDE = {"test01": "99.88.128.203", "test02": "99.88.128.33"}

# curl(1), EXIT CODES: what a dead address looks like from outside
_CURL_FAILURES = {7: "could not connect", 28: "timed out: no answer"}


@dataclass(frozen=True, slots=True)
class Output:
    """What a command in an instance printed, both streams, and how it ended."""

    where: str
    command: str
    text: str
    code: int

    def lines(self, *patterns: str) -> str:
        """The lines in which one of the regular expressions is found, without their indent.

        All of it where none is: that is what a person then wants to see.
        """
        wanted = [
            line.strip()
            for line in self.text.splitlines()
            if any(re.search(pattern, line) for pattern in patterns)
        ]
        return "\n".join(wanted) or self.text.strip()

    def check(self, expected: str, ok: bool, observed: str | None = None) -> Check:
        text = self.text.strip() if observed is None else observed
        return Check(expected, self.where, self.command, text or f"(exit code {self.code})", ok)


def run(lab: Lab, where: str, command: str, *, timeout: float = 10) -> Output:
    done = lab.run(where, shlex.split(command), timeout=timeout)
    return Output(where, command, done.stdout + done.stderr, done.returncode)


def web_answer(lab: Lab, where: str, address: str, host: str) -> Check:
    """The web server behind `address` is `host`'s."""
    seen = run(lab, where, f"curl -s -m 2 http://{address}/index.html")
    return seen.check(f"{host} answers for {address}", seen.text.strip() == host, _answer(seen))


def no_web_answer(lab: Lab, where: str, address: str) -> Check:
    seen = run(lab, where, f"curl -s -m 2 http://{address}/index.html")
    return seen.check(f"nobody answers for {address}", seen.code in _CURL_FAILURES, _answer(seen))


def _answer(seen: Output) -> str:
    if seen.code == 0:
        return seen.text.strip()
    return f"(exit code {seen.code}: {_CURL_FAILURES.get(seen.code, 'see curl(1)')})"


def addresses(lab: Lab, host: str, *, holds_vip: bool) -> Check:
    """Its own address by DHCP, and the virtual IP or not, as ``ip a`` shows them."""
    seen = run(lab, host, "ip a show dev eth0")
    own = re.escape(ADDRESS[host])
    own_by_dhcp = rf"inet {own}/24 brd 192\.168\.100\.255 scope global dynamic eth0"
    vip = rf"inet {re.escape(VIP)}/24 brd 192\.168\.100\.255 scope global secondary eth0"
    has_vip = bool(re.search(vip, seen.text))
    mentions_vip = VIP in seen.text
    return seen.check(
        f"{host} has its own address by DHCP, and {'also' if holds_vip else 'not'} {VIP}",
        bool(re.search(own_by_dhcp, seen.text)) and (has_vip if holds_vip else not mentions_vip),
        seen.lines(r"^\s*inet "),
    )


def journal(lab: Lab, host: str, wanted: Sequence[str]) -> Check:
    """The wanted messages stand in the daemon's journal in this order, others between them."""
    seen = run(lab, host, "journalctl -u keepalived")
    rest = iter(seen.text.splitlines())
    found = [any(line.rstrip().endswith(message) for line in rest) for message in wanted]
    return seen.check(
        "\n".join(["in this order:", *wanted]),
        all(found),
        seen.lines(r"Entering \w+ STATE", r"received advert", r"Received advert"),
    )


def mac_address(lab: Lab, host: str) -> str:
    return run(lab, host, "cat /sys/class/net/eth0/address").text.strip()


def narrow(table: str) -> str:
    """A table that is as wide as a terminal, indented on one: its widest gaps closed a little."""
    return re.sub(r" {4,}", "   ", table.strip())


def neighbours(text: str) -> dict[str, str]:
    """``arp -n``'s table: address -> MAC address."""
    return dict(re.findall(r"^([\d.]+)\s+ether\s+([0-9a-f:]{17})", text, re.MULTILINE))
