"""The DHCP server of a network: dnsmasq on a port of its own, as Neutron's agent has it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections import deque
from ipaddress import IPv4Address

from vipkeeper.errors import LabError
from vipkeeper.lab.cloud import links
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.spec import CloudSpec, Network, mac_address_of
from vipkeeper.linux import namespaces

LEASE_S = 86400
"""Neutron's dhcp_lease_duration."""

_DEVICE = "dhcp0"
_READY = b"sockets bound exclusively to interface"


class DhcpServer:
    """Runs as long as the lab does."""

    def __init__(self, network: Network, cloud: CloudSpec, switch: Switch) -> None:
        self._spec = network
        self._cloud = cloud
        self._switch = switch
        self._network = namespaces.new_network()
        self._said: deque[bytes] = deque(maxlen=20)

    def build(self) -> None:
        network = self._spec
        name = f"dhcp-{network.name}"
        self._switch.plug(name, network, mac_address_of(name), _DEVICE, trusted=True)
        self._switch.connect({name: self._network})
        links.ip(
            [
                "link set lo up",
                f"link set {_DEVICE} up",
                f"address add {self._address()}/{network.cidr.prefixlen} broadcast + dev {_DEVICE}",
            ],
            network=self._network,
        )
        self._process = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            preexec_fn=lambda: namespaces.enter(self._network, namespaces.NEW_NETWORK),
        )

    def wait_until_ready(self) -> None:
        """Until dnsmasq listens, so that the first question is not asked in vain."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line)
            if _READY in line:
                self._keep_listening()
                return
        text = b"".join(self._said).decode(errors="replace").strip()
        raise LabError(f"dnsmasq ended: {text or 'without a word'}")

    def _keep_listening(self) -> None:
        """Take what it says further on, as it would stop in front of a full pipe."""
        said = self._process.stderr
        assert said is not None
        os.set_blocking(said.fileno(), False)
        loop = asyncio.get_running_loop()

        def hear() -> None:
            if data := said.read(4096):
                self._said.append(data)
            else:
                loop.remove_reader(said)

        loop.add_reader(said, hear)

    def _address(self) -> IPv4Address:
        """The first free address from the network's start, .2 where .1 is the gateway."""
        network = self._spec
        used = {port.fixed_ip for port in self._cloud.ports if port.network == network.name}
        used |= {network.gateway} if network.gateway else set()
        used |= {one.external_ip for one in self._cloud.routers}
        for address in network.cidr.hosts():
            if address not in used:
                return address
        raise LabError(f"network {network.name} has no address left for its DHCP server")

    def _command(self) -> list[str]:
        network = self._spec
        command = [
            "dnsmasq",
            "--keep-in-foreground",
            "--log-facility=-",
            "--conf-file=",
            "--no-hosts",
            "--no-resolv",
            "--port=0",  # no DNS
            "--user=",  # stay root of the lab: there may be no other user, and to drop groups
            "--group=",  # is forbidden where groups are frozen
            "--pid-file=",
            "--leasefile-ro",
            "--dhcp-authoritative",
            "--no-ping",  # addresses are Neutron's to give, nobody else has them
            "--quiet-dhcp",
            f"--interface={_DEVICE}",
            "--bind-interfaces",
            f"--dhcp-range={network.cidr.network_address},static,{network.cidr.netmask},{LEASE_S}s",
            f"--dhcp-option=option:mtu,{network.mtu}",
            f"--dhcp-option=option:router{f',{network.gateway}' if network.gateway else ''}",
        ]
        for instance in self._cloud.instances:
            for port in self._cloud.ports_of(instance):
                if port.network == network.name:
                    host = f"{port.mac_address},{port.fixed_ip},{instance.name}"
                    command.append(f"--dhcp-host={host}")
        return command
