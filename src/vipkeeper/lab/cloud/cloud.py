"""The cloud as a whole: what is built in which order, and what can be asked of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab.cloud.dhcp import DhcpServer
from vipkeeper.lab.cloud.instance_links import interface
from vipkeeper.lab.cloud.machine import Machine, Surroundings
from vipkeeper.lab.cloud.router import Router
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.order import CHUNK, Order
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroupRule
from vipkeeper.linux.namespaces import IdMap

Answer = tuple[dict[str, Any], list[int]]
"""What a request is answered with: a message, and descriptors beside it."""


class Cloud:
    """Builds a lab from its order and serves requests."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._spec = order.spec
        self._began = time.time()
        self._switch = Switch(order.spec)
        self._routers = [Router(one, order.spec, self._switch) for one in order.spec.routers]
        self._dhcp_servers = [
            DhcpServer(network, order.spec, self._switch)
            for network in order.spec.networks
            if network.enable_dhcp
        ]
        around = Surroundings(order.spec, order.sources, self._switch, order.bare)
        self._machines = {
            instance.name: Machine(instance, around, ids, self._machine_ended)
            for instance, ids in zip(order.spec.instances, _id_maps(), strict=False)
        }
        self._reboots: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()
        self._requests: dict[str, Callable[[dict[str, Any]], Awaitable[Answer]]] = {
            "status": self._status,
            "drops": self._drops,
            "enter": self._enter,
            "start": self._start,
            "stop": self._stop,
            "poweroff": self._power_off,
            "console": self._console,
            "attach_port": self._attach_port,
            "detach_port": self._detach_port,
            "update_port": self._update_port,
            "update_security_group": self._update_security_group,
            "down": self._down,
        }

    async def build(self) -> None:
        """Everything up and running, except that services may still be finding each other."""
        for machine in self._machines.values():
            machine.make_disk()
            machine.spawn()  # works on its file tree while the network is made here
        self._switch.build()
        for router in self._routers:
            router.build()
        for server in self._dhcp_servers:
            server.build()
        for name, network in self._plugs():
            port = self._spec.port(name)
            self._switch.plug(name, self._spec.network(port.network), port.mac_address, network)
        self._switch.secure(self._spec)
        for server in self._dhcp_servers:
            server.wait_until_ready()
        await self._boot(self._machines.values())

    async def answer(self, request: dict[str, Any]) -> Answer:
        """Do what a request says.

        Raises:
            LabError: it cannot be done.
        """
        do = self._requests.get(str(request.get("do")))
        if do is None:
            raise LabError(f"a lab cannot {request.get('do')!r}")
        return await do(request)

    def _plugs(self) -> Iterable[tuple[str, str]]:
        """Each bound port and the name of its device in the instance."""
        for machine in self._machines.values():
            for number, name in enumerate(machine.instance.ports):
                yield name, f"eth{number}"

    async def _boot(self, machines: Iterable[Machine]) -> None:
        """See spawned machines through; what does not get there is killed.

        Raises:
            LabError: one did not boot.
        """
        machines = list(machines)
        try:
            self._connect(machines)
            await asyncio.gather(*(machine.boot() for machine in machines))
        except LabError:
            for machine in machines:
                if machine.state == "booting":
                    machine.kill()
            raise

    def _connect(self, machines: list[Machine]) -> None:
        networks = {machine: machine.open_network() for machine in machines}
        try:
            self._switch.connect(
                {name: networks[machine] for machine in machines for name in machine.instance.ports}
            )
        finally:
            for descriptor in networks.values():
                os.close(descriptor)

    def _machine_ended(self, machine: Machine, rebooting: bool) -> None:
        self._switch.cut(machine.instance.ports)
        if rebooting:
            task = asyncio.get_running_loop().create_task(self._reboot(machine))
            self._reboots.add(task)
            task.add_done_callback(self._reboots.discard)

    async def _reboot(self, machine: Machine) -> None:
        try:
            machine.spawn()
            await self._boot([machine])
        except LabError as error:  # there is nobody to tell but who asks for the status
            machine.failure = error.message

    def _machine(self, request: dict[str, Any]) -> Machine:
        self._spec.instance(request["instance"])  # complains if there is none
        return self._machines[request["instance"]]

    # requests

    async def _status(self, _: dict[str, Any]) -> Answer:
        virtual = set(self._spec.virtual_ips())
        instances = []
        for machine in self._machines.values():
            held = machine.local_addresses()
            instances.append(
                {
                    "name": machine.name,
                    "state": machine.state,
                    "failure": machine.failure,
                    "addresses": [str(address) for address in held],
                    "virtual_ips": [str(address) for address in held if address in virtual],
                    "ports": list(machine.instance.ports),
                    "vrrp": machine.instance.vrrp,
                }
            )
        floating = {name: str(address) for address, name in self._spec.floating_ips}
        ports = [
            {
                "name": port.name,
                "network": port.network,
                "fixed_ip": str(port.fixed_ip),
                "mac_address": port.mac_address,
                "floating_ip": floating.get(port.name),
                "port_security_enabled": self._switch.port_security_enabled(self._spec, port),
                "security_groups": list(port.security_groups),
                "allowed_address_pairs": [
                    {"ip_address": pair.ip_address, "mac_address": pair.mac_address}
                    for pair in port.allowed_address_pairs
                ],
            }
            for port in self._spec.ports
        ]
        status = {
            "name": self._order.name,
            "since": self._began,
            "virtual_ips": [str(address) for address in self._spec.virtual_ips()],
            "instances": instances,
            "ports": ports,
            "networks": [
                {"name": network.name, "cidr": str(network.cidr), "mtu": network.mtu}
                for network in self._spec.networks
            ],
        }
        return {"status": status}, []

    async def _drops(self, _: dict[str, Any]) -> Answer:
        owner = {
            port: machine.name
            for machine in self._machines.values()
            for port in machine.instance.ports
        }
        counts = [
            {
                "port": count.port,
                "instance": owner.get(count.port),
                "reason": count.reason.value,
                "packets": count.packets,
                "bytes": count.bytes,
            }
            for count in self._switch.drops()
        ]
        return {"drops": counts}, []

    async def _enter(self, request: dict[str, Any]) -> Answer:
        return {"ok": True}, [self._machine(request).lend_pidfd()]

    async def _start(self, request: dict[str, Any]) -> Answer:
        machine = self._machine(request)
        await machine.until_stopped()
        machine.spawn()
        await self._boot([machine])
        return {"ok": True}, []

    async def _stop(self, request: dict[str, Any]) -> Answer:
        await self._machine(request).stop()
        return {"ok": True}, []

    async def _power_off(self, request: dict[str, Any]) -> Answer:
        await self._machine(request).power_off()
        return {"ok": True}, []

    async def _console(self, request: dict[str, Any]) -> Answer:
        return {"text": self._machine(request).console_output(request.get("lines"))}, []

    async def _attach_port(self, request: dict[str, Any]) -> Answer:
        """Plug a port that no running instance has into one that runs, as ``device``."""
        machine, port = self._machine(request), self._spec.port(request["port"])
        namespace = machine.open_network()
        try:
            network = self._spec.network(port.network)
            self._switch.plug(port.name, network, port.mac_address, request["device"])
            self._switch.connect({port.name: namespace})
        finally:
            os.close(namespace)
        self._switch.secure(self._spec)
        await machine.link_added(interface(self._spec, port, request["device"]))
        return {"ok": True}, []

    async def _detach_port(self, request: dict[str, Any]) -> Answer:
        await self._machine(request).link_removed(request["device"])
        self._switch.cut([request["port"]])
        return {"ok": True}, []

    async def _down(self, _: dict[str, Any]) -> Answer:
        self.ended.set()
        return {"ok": True}, []

    async def _update_port(self, request: dict[str, Any]) -> Answer:
        port = self._spec.port(request["port"])
        changes = dict(request["changes"])
        if "allowed_address_pairs" in changes:
            changes["allowed_address_pairs"] = tuple(
                AddressPair(**pair) for pair in changes["allowed_address_pairs"]
            )
        if "security_groups" in changes:
            changes["security_groups"] = tuple(changes["security_groups"])
        self._change(self._spec.with_port(replace(port, **changes)))
        return {"ok": True}, []

    async def _update_security_group(self, request: dict[str, Any]) -> Answer:
        rules = [SecurityGroupRule(**rule) for rule in request["rules"]]
        self._change(self._spec.with_security_group(request["name"], rules))
        return {"ok": True}, []

    def _change(self, spec: Any) -> None:
        self._switch.secure(spec)
        self._spec = spec


def _id_maps() -> Iterable[IdMap]:
    """A part of the lab's ids for each instance, the cloud's own left out."""
    total = int(Path("/proc/self/uid_map").read_text().split()[2])
    if total == 1:
        while True:
            yield ((0, 0, 1),)
    for first in range(CHUNK, total, CHUNK):
        yield ((0, first, CHUNK),)
