"""The DHCP server of a network: dnsmasq on a port of its own, as Neutron's agent has it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import deque
from ipaddress import IPv4Address
from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.lab import plane
from vipkeeper.lab.cloud import dhcp_files, links, names
from vipkeeper.lab.cloud.dhcp_release import Lease, release
from vipkeeper.lab.cloud.switch import Plug, Switch
from vipkeeper.lab.plane import Plane
from vipkeeper.linux import namespaces

READY_TIMEOUT = 10.0
"""Seconds until dnsmasq is given up; it takes a few hundredths of one."""

_FILES = Path("/run/dhcp")
_READY = b"sockets bound exclusively to interface"


class DhcpServer:
    """Keeps the server of one network as it is told."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._network = namespaces.new_network()
        self._server: plane.DhcpServer | None = None
        self._told: tuple[object, ...] | None = None
        self._command: tuple[str, ...] = ()
        self._hosts: dict[IPv4Address, tuple[str, str]] = {}
        self._options = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._said: deque[bytes] = deque(maxlen=20)
        self._ready = asyncio.Event()

    def become(self, wanted: Plane, server: plane.DhcpServer) -> None:
        """Make it the server that is wanted; :meth:`ready` waits for a new process."""
        network = wanted.network(server.network)
        told = (server, network, wanted.ports, wanted.instances)
        if told == self._told:
            return
        self._told = None  # until all is done
        if server != self._server:
            self._plug(server)
        hosts = dhcp_files.hosts(wanted, server)
        options = dhcp_files.options(network)
        directory = self._directory(server)
        device = names.dhcp_device(server.port)
        command = dhcp_files.command(
            network, device, str(directory / "hosts"), str(directory / "options")
        )
        gone = [
            (address, mac)
            for address, (mac, _) in self._hosts.items()
            if hosts.get(address, ("",))[0] != mac
        ]
        changed = (hosts, options) != (self._hosts, self._options)
        if changed or self._process is None:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "hosts").write_text(dhcp_files.hosts_text(hosts))
            (directory / "options").write_text(options)
            self._hosts, self._options = hosts, options
        if not any(dhcp_files.served_subnets(network)):  # dnsmasq would have nothing to do
            self._end()
            self._ready.set()
        elif (
            self._process is None
            or command != self._command
            or (changed and not self._ready.is_set())  # the signal could be its end
        ):
            self._restart(command)
        elif changed:
            self._process.send_signal(signal.SIGHUP)
            self._release(gone, server, device)
        self._told = told

    async def ready(self) -> None:
        """Until dnsmasq listens, so that the first question is not asked in vain.

        Raises:
            LabError: it ended instead.
        """
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                await self._ready.wait()
        except TimeoutError:
            raise LabError(f"dnsmasq does not listen after {READY_TIMEOUT:.0f} s") from None
        if self._process is None and self._said:
            text = b"".join(self._said).decode(errors="replace").strip()
            raise LabError(f"dnsmasq ended: {text}")

    def close(self) -> None:
        self._end()
        if self._server is not None:
            self._switch.cut([self._server.port])
        os.close(self._network)

    def _plug(self, server: plane.DhcpServer) -> None:
        """A cable of its own, and its addresses; dnsmasq then starts anew."""
        self._end()
        if self._server is not None:
            self._switch.cut([self._server.port])
        self._server = server
        device = names.dhcp_device(server.port)
        plug = Plug(server.port, server.network, server.mac_address, device)
        self._switch.connect({plug: self._network})
        links.ip(
            [
                "link set lo up",  # where releases go through
                f"link set {device} up",
                *(f"address add {one} broadcast + dev {device}" for one in server.addresses),
            ],
            network=self._network,
        )

    @staticmethod
    def _directory(server: plane.DhcpServer) -> Path:
        return _FILES / server.network

    def _release(self, leases: list[Lease], server: plane.DhcpServer, device: str) -> None:
        for own in server.addresses:
            inside = [lease for lease in leases if lease[0] in own.network]
            if inside:
                release(inside, own.ip, device=device, network=self._network)

    def _restart(self, command: tuple[str, ...]) -> None:
        self._end()
        self._command = command
        self._ready = asyncio.Event()
        self._said.clear()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            preexec_fn=lambda: namespaces.enter(self._network, namespaces.NEW_NETWORK),
        )
        self._process = process
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        asyncio.get_running_loop().add_reader(process.stderr, self._hear, process)

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        """Take what it says, as it would stop in front of a full pipe."""
        assert process.stderr is not None
        data = process.stderr.read(4096)
        if data:
            self._said.append(data)
            if _READY in b"".join(self._said):
                self._ready.set()
        elif process is self._process:
            self._end()
            self._ready.set()

    def _end(self) -> None:
        self._told = None
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stderr is not None
        asyncio.get_running_loop().remove_reader(process.stderr)
        process.kill()
        process.wait()
        process.stderr.close()
