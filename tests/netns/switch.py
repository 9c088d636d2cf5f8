"""A bridge with three instances and a router under port security, and frames through it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from tests.netns.frames import Wire, arp, ip_frame
from tests.topology import Network, wait_until
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.drops import Reason, parse_counters
from vipkeeper.lab.port_security import SYSCTLS, Ruleset, ruleset, transaction
from vipkeeper.lab.ports import Member, Port
from vipkeeper.lab.security_groups import (
    SecurityGroup,
    SecurityGroupRule,
    default_group,
    egress_to_anywhere,
)

A, B, C, ROUTER = "192.168.100.11", "192.168.100.12", "192.168.100.13", "192.168.100.1"
VIP, ELSEWHERE = "192.168.100.201", "192.168.100.99"
ADDRESSES = {"a": A, "b": B, "c": C, "router": ROUTER}
VIRTUAL_MAC = "00:00:5e:00:01:33"

OUT = SecurityGroup("out", egress_to_anywhere())
IN = SecurityGroup("in", (*egress_to_anywhere(), SecurityGroupRule("ingress")))
ECHO = SecurityGroup(
    "echo",
    (
        *egress_to_anywhere(),
        SecurityGroupRule("ingress", protocol="udp", port_range_min=7, port_range_max=7),
    ),
)
VRRP_RULE = SecurityGroup(
    "vrrp", (*egress_to_anywhere(), SecurityGroupRule("ingress", protocol="vrrp"))
)
GROUPS = (OUT, IN, ECHO, VRRP_RULE, default_group())


class Switch:
    """Three instances a, b, c and a router on one bridge, with their port security."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.bridges = {"switch": 1}
        self.back_end = BackEnd.LINUXBRIDGE
        self.in_force: Ruleset | None = None
        self._marks = 0
        for name, value in SYSCTLS.items():
            network.run("sysctl", "-qw", f"{name}={value}")
        nodes = {
            name: network.add_node(f"tap-{name}", f"{address}/24")
            for name, address in ADDRESSES.items()
        }
        for name, node in nodes.items():
            # Nothing but the tests' own frames; fe80 addresses would be announced.
            network.run("sysctl", "-qw", f"net.ipv6.conf.tap-{name}.disable_ipv6=1")
            node.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
            node.run("ip", "address", "flush", "dev", "eth0")
        self.wires = {name: Wire(node) for name, node in nodes.items()}
        self.macs = {name: wire.mac for name, wire in self.wires.items()}
        self.ports = {
            name: Port(
                name, f"tap-{name}", "switch", self.macs[name], (address,),
                trusted=name == "router",
                security_groups=("in",),
                number=number,
            )
            for number, (name, address) in enumerate(ADDRESSES.items(), start=1)
        }  # fmt: skip

    def apply(
        self,
        groups: Sequence[SecurityGroup] = GROUPS,
        unplugged: Sequence[Member] = (),
        /,
        **ports: Port,
    ) -> None:
        """Put these ports in force instead of what they were in the test before."""
        plugged = [*(self.ports | ports).values()]
        self.load(ruleset(plugged, groups, self.bridges, unplugged, self.back_end))

    def load(self, wanted: Ruleset) -> None:
        self.run(["nft", "-f", "-"], transaction(self.in_force, wanted))
        self.in_force = wanted

    def run(self, argv: Sequence[str], text: str) -> None:
        argv = [*self.network.enter, *argv]
        subprocess.run(argv, input=text, text=True, check=True, timeout=10)

    def port(self, name: str, *groups: str, **changes: object) -> Port:
        return replace(self.ports[name], security_groups=groups or ("in",), **changes)  # type: ignore[arg-type]  # any attribute

    def learn(self) -> None:
        """Let the bridge know who is where, so that it floods nothing that has one receiver."""
        for name in self.wires:
            listener = self.wires["a" if name != "a" else "b"]
            listener.until(self.mark(name))

    def mark(self, sender: str) -> bytes:
        """A frame that passes whatever else does not: a question under the own addresses."""
        self._marks += 1
        target = str(IPv4Address("198.18.0.0") + self._marks)  # RFC 2544's, nobody's here
        frame = arp(self.macs[sender], ADDRESSES[sender], target)
        self.wires[sender].send(frame)
        return frame

    def drops(self) -> dict[tuple[str, Reason], int]:
        counts = parse_counters(self.network.run("nft", "-j", "list", "counters"))
        return {(count.port, count.reason): count.packets for count in counts if count.packets}

    def frame(
        self, sender: str, receiver: str, protocol: int, data: bytes, *,
        source: str = "", destination: str = "", source_mac: str = "", destination_mac: str = "",
    ) -> bytes:  # fmt: skip
        return ip_frame(
            source_mac or self.macs[sender],
            destination_mac or self.macs[receiver],
            source or ADDRESSES[sender],
            destination or ADDRESSES[receiver],
            protocol,
            data,
        )

    def passes(self, sender: str, receiver: str, frame: bytes) -> None:
        before = self.drops()
        self.wires[receiver].forget()
        self.wires[sender].send(frame)
        came = self.wires[receiver].until(frame)
        assert frame in came
        assert self.drops() == before

    def dropped(
        self, sender: str, receiver: str, frame: bytes, reason: Reason, *, at: str = ""
    ) -> None:
        """It is counted, for this reason at this port and for no other, and does not arrive."""
        for wire in self.wires.values():
            wire.forget()
        self.counted(sender, frame, reason, at=at or sender)
        assert frame not in self.wires[receiver].until(self.mark(sender))

    def counted(self, sender: str, frame: bytes, reason: Reason, *, at: str) -> None:
        """It is counted, for this reason at this port and for no other."""
        before = self.drops()
        counter = (at, reason)
        self.wires[sender].send(frame)
        wait_until(lambda: self.drops() != before, what=f"{counter} is counted, not {self.drops()}")
        after = self.drops()
        changed = {key for key in after if after[key] != before.get(key, 0)}
        assert changed == {counter}
