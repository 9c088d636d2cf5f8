"""Two routers, a third machine and a switch; and what can be seen of them from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.interop.configurations import ADDRESSES, HOSTS, VRID, Configuration, VirtualMac
from tests.topology import Network, Node, wait_until

WATCHER = "watcher"
WATCHER_HOST = 5
PREFIXES = {4: "192.0.2.{}/24", 6: "2001:db8::{}/64"}

LONG_TIME = "3600"
"""Seconds in which the watcher's kernel asks nobody whether its neighbours are still there."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at all machines.

    Attributes:
        addresses: those that each router has, on all its interfaces.
        interfaces: those that each router has.
        neighbours: the MAC addresses in the watcher's cache, by IP address.
        ports: where the switch has learned that a MAC address is.
    """

    addresses: Mapping[str, frozenset[str]]
    interfaces: Mapping[str, frozenset[str]]
    neighbours: Mapping[str, str]
    ports: Mapping[str, str]


class Scene:
    """The machines and the wires; the programs come later."""

    def __init__(self, network: Network, configuration: Configuration) -> None:
        self.network = network
        self.configuration = configuration
        self.watcher = self._add_node(WATCHER, WATCHER_HOST)
        self.routers = {name: self._add_node(name, host) for name, host in HOSTS.items()}
        wait_until(lambda: not self._tentative(), what="the link-local addresses can be used")
        self._macs = {name: node.mac() for name, node in self.routers.items()}
        self._look = ["sh", "-c", "; ".join(self._commands())]

    def _add_node(self, name: str, host: int) -> Node:
        node = self.network.add_node(name, PREFIXES[4].format(host))
        node.run("ip", "address", "add", PREFIXES[6].format(host), "dev", "eth0", "nodad")
        return node

    def _tentative(self) -> bool:
        return any(
            node.run("ip", "-6", "address", "show", "tentative")
            for node in self.network.nodes.values()
        )

    def _commands(self) -> list[str]:
        return [
            *(f"ip -n {name} -json address show" for name in HOSTS),
            f"ip -n {WATCHER} -json neigh show",
            "bridge -json fdb show br switch",
        ]

    def look(self) -> Sight:
        decoder, text = json.JSONDecoder(), self.network.run(*self._look)
        answers = []
        while text := text.lstrip():
            answer, end = decoder.raw_decode(text)
            answers.append(answer)
            text = text[end:]
        *links, neighbours, learned = answers
        named = dict(zip(HOSTS, links, strict=True))
        return Sight(
            {
                name: frozenset(item["local"] for link in found for item in link["addr_info"])
                for name, found in named.items()
            },
            {name: frozenset(link["ifname"] for link in found) for name, found in named.items()},
            {item["dst"]: item["lladdr"] for item in neighbours if "lladdr" in item},
            {item["mac"]: item["ifname"] for item in learned if item.get("state") != "permanent"},
        )

    def mac_when_active(self, name: str) -> str:
        """What the virtual addresses lead to while this router is Active."""
        if self.configuration.virtual_mac is VirtualMac.NONE:
            return self._macs[name]
        kind = {4: "01", 6: "02"}[self.configuration.family]
        return f"00:00:5e:00:{kind}:{VRID:02x}"

    def never_ask_again(self) -> None:
        """What the watcher's cache says from here on, others have told it without being asked."""
        for family in ("ipv4", "ipv6"):
            setting = f"net.{family}.neigh.eth0.delay_first_probe_time={LONG_TIME}"
            self.watcher.run("sysctl", "-qw", setting)

    def introduce_watcher_to(self, name: str) -> None:
        """A router that has talked to the watcher before, and need not ask for its MAC address."""
        link_local = self._link_local(self.watcher)
        for address in (*(item.format(WATCHER_HOST) for item in ADDRESSES.values()), link_local):
            entry = (address, "lladdr", self.watcher.mac(), "nud", "permanent", "dev", "eth0")
            self.routers[name].run("ip", "neigh", "replace", *entry)

    def _link_local(self, node: Node) -> str:
        shown = node.run("ip", "-br", "-6", "address", "show", "dev", "eth0", "scope", "link")
        return next(word for word in shown.split() if word.startswith("fe80")).partition("/")[0]

    def ping(self, address: str) -> bool:
        scoped = f"{address}%eth0" if address.startswith("fe80") else address
        answer = self.watcher.run("ping", "-c", "1", "-W", "5", scoped, check=False)
        return " 1 received" in answer

    def power_off(self, name: str) -> None:
        """Off the wire, then off altogether: its programs have no time to say anything."""
        self.network.unplug(name)
        self.network.run("sh", "-c", f"kill -KILL $(ip netns pids {name})")
