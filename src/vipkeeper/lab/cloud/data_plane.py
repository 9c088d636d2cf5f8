"""The data plane: it is told what is wanted, and becomes that by difference.

::

    spawn       new instances begin with their file trees
    bridges     new networks
    rules       of all ports, those included that are about to go
    routers, DHCP servers
    pull out    cables that are no longer wanted
    bridges     away
    rules       without the ports that went
    plug in     cables of new instances, and of new ports of running ones
    end         instances that are no longer wanted
    boot        new instances, in the background

So no cable is without its port's rules at any moment, and whatever can fail does so before
an instance has been ended. What failed is followed by the way back to the plane before.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace

from vipkeeper.errors import LabError, VipkeeperError
from vipkeeper.lab import plane
from vipkeeper.lab.cloud.dhcp import DhcpServer
from vipkeeper.lab.cloud.id_ranges import IdRanges
from vipkeeper.lab.cloud.machine import Machine, Surroundings
from vipkeeper.lab.cloud.router import Router
from vipkeeper.lab.cloud.switch import Plug, Switch
from vipkeeper.lab.cloud.virtual_ports import VirtualPorts
from vipkeeper.lab.delivery import neighbours, realised, written
from vipkeeper.lab.house import Sources
from vipkeeper.lab.plane import Instance, Plane, Port


class DataPlane:
    """Everything that carries packets, and the instances.

    Attributes:
        plane: what it is now.
        machines: the instances by id.
        virtual_ports: OVN's.
    """

    def __init__(self, sources: Sources, *, bare: bool) -> None:
        self.plane = Plane()
        self.switch = Switch()
        self.routers: dict[str, Router] = {}
        self.machines: dict[str, Machine] = {}
        self.virtual_ports = VirtualPorts(self.switch, self._claimed)
        self._writes: tuple[str, ...] = ()  # to distributed routers: port ids, the last one last
        self._dhcp_servers: dict[str, DhcpServer] = {}
        self._around = Surroundings(sources, self.switch, bare)
        self._ids = IdRanges.of_this_process()
        self._applying = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.switch.build()

    async def apply(
        self, wanted: Plane, *, prepare: Callable[[Machine], None] | None = None
    ) -> None:
        """Become what is wanted; new instances go on booting afterwards.

        Args:
            prepare: done to a new instance whose disk is there and still empty.

        Raises:
            LabError: it cannot be, and what was before is in force again as far as possible.
        """
        async with self._applying:
            wanted.check()
            before = self.plane
            new: list[Machine] = []
            try:
                for instance in wanted.instances:
                    if instance.id not in self.machines:
                        new.append(self._add_machine(instance, prepare))
                for machine in new:
                    if machine.instance.running:
                        machine.spawn(wanted)
                self._prepare(wanted)
                await asyncio.gather(*(one.ready() for one in self._dhcp_servers.values()))
                self._plug(wanted)
            except BaseException:
                for machine in new:
                    self._remove_machine(machine)
                with suppress(VipkeeperError, OSError):
                    self._prepare(before)
                    self._plug(before)
                raise
            self._end_unwanted(wanted)
            for machine in new:
                if machine.instance.running:
                    self._in_background(self._see_through(machine))

    async def booted(self) -> None:
        """Until every instance has booted, and every change that waited for it is made.

        Raises:
            LabError: one has not.
        """
        while self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            for machine in self.machines.values():
                if machine.state == "failed" or machine.failure:
                    raise LabError(machine.failure, remedy=machine.remedy)

    async def start(self, machine: Machine) -> None:
        """Boot an instance, once it is off.

        Raises:
            LabError: it runs, or it did not boot.
        """
        await machine.until_stopped()
        machine.spawn(self.plane)
        await self._boot(machine)

    async def reboot(self, machine: Machine, *, hard: bool) -> None:
        """End it and boot it again: with its services' goodbye, or cut from the wire and killed.

        Raises:
            LabError: it did not boot.
        """
        if hard:
            await machine.power_off()
        else:
            await machine.restart()
        if machine.off:
            machine.spawn(self.plane)
            await self._boot(machine)
        else:  # whose init has ended as it should have boots again by itself
            await machine.until_booted()

    # the steps of a change

    def _add_machine(
        self, instance: Instance, prepare: Callable[[Machine], None] | None
    ) -> Machine:
        machine = Machine(instance, self._around, self._ids.allot(), self._ended)
        machine.disk.make()
        self.machines[instance.id] = machine
        if prepare is not None:
            prepare(machine)
        return machine

    def _prepare(self, wanted: Plane) -> None:
        """Everything that is new, or that no cable of an instance depends on."""
        self.switch.add_networks(wanted.networks)
        self.switch.secure(wanted)
        self.virtual_ports.become(wanted)
        self._settle_routers(wanted)
        self._settle_dhcp(wanted)

    def _plug(self, wanted: Plane) -> None:
        """The cables of instances, and away with what they no longer need."""
        self._pull_out(wanted)
        self.switch.remove_networks(wanted.networks)
        self.switch.secure(wanted)
        self.switch.switch_ports(wanted.ports)
        self._writes = written(self._writes, self.plane, wanted)
        self.plane = wanted
        for instance in wanted.instances:
            self.machines[instance.id].instance = instance
        self._plug_in(wanted)

    def _pull_out(self, wanted: Plane) -> None:
        """Take away the cables that are no longer wanted; a booting instance's when it runs."""
        leaving = [
            (machine, port)
            for machine in self.machines.values()
            if machine.state != "booting" or not self._is_wanted(machine, wanted)
            for port in self._unwanted_ports(machine, wanted)
        ]
        self.switch.cut(
            port
            for machine, port in leaving
            if not any(port in other.devices for other in self._others(machine))
        )
        for machine, port in leaving:
            if machine.state == "running":
                machine.unplugged(port)

    def _unwanted_ports(self, machine: Machine, wanted: Plane) -> list[str]:
        """The ports of its links that it is to have no longer, or as another link."""
        instance = next((one for one in wanted.instances if one.id == machine.id), None)
        if instance is None:
            return [*machine.devices]
        return [
            port
            for port, device in machine.devices.items()
            if port not in instance.ports
            or (
                (cable := self.switch.cable(port)) is not None
                and replace(cable, up=True) != replace(_cable(wanted.port(port), device), up=True)
            )
        ]

    def _others(self, machine: Machine) -> list[Machine]:
        return [one for one in self.machines.values() if one is not machine]

    def _settle_routers(self, wanted: Plane) -> None:
        present = {router.id: router for router in wanted.routers if router.admin_state_up}
        for id in self.routers.keys() - present.keys():
            self.routers.pop(id).close()
        for id, router in present.items():
            if id not in self.routers:
                self.routers[id] = Router(self.switch)
            self._settle_router(self.routers[id], router, wanted)
        if self.plane.networks:  # in a lab that has just begun nobody knows of anybody
            for one in self.routers.values():
                one.announce()

    def _settle_router(self, router: Router, described: plane.Router, wanted: Plane) -> None:
        virtual, holders = self.virtual_ports.virtual, self.virtual_ports.holders()
        order = written(self._writes, self.plane, wanted)
        router.become(realised(described, wanted, holders))
        router.set_permanent_neighbours(neighbours(described, wanted, order, virtual, holders))

    def _claimed(self) -> None:
        self._in_background(self._settle_routers_again())

    async def _settle_routers_again(self) -> None:
        async with self._applying:
            self._settle_routers(self.plane)

    def _settle_dhcp(self, wanted: Plane) -> None:
        present = {server.network: server for server in wanted.dhcp_servers}
        for network in self._dhcp_servers.keys() - present.keys():
            self._dhcp_servers.pop(network).close()
        for network, server in present.items():
            if network not in self._dhcp_servers:
                self._dhcp_servers[network] = DhcpServer(self.switch)
            self._dhcp_servers[network].become(wanted, server)

    def _plug_in(self, wanted: Plane) -> None:
        """Lay the cables of instances that have begun to boot, and what running ones lack."""
        plugs: dict[Plug, Machine] = {}
        for instance in wanted.instances:
            machine = self.machines[instance.id]
            for id in instance.ports:
                port = wanted.port(id)
                if machine.state == "booting" and id in machine.devices:
                    if self.switch.cable(id) is None:
                        plugs[_cable(port, machine.devices[id])] = machine
                elif machine.state == "running" and id not in machine.devices:
                    machine.devices[id] = machine.free_device()
                    plugs[_cable(port, machine.devices[id])] = machine
        self._connect(plugs)
        for plug, machine in plugs.items():
            if machine.state == "running":
                machine.plugged(wanted, wanted.port(plug.port), plug.device)
        self.virtual_ports.become(wanted)

    def _end_unwanted(self, wanted: Plane) -> None:
        for machine in [*self.machines.values()]:
            if not self._is_wanted(machine, wanted):
                self._remove_machine(machine)

    def _remove_machine(self, machine: Machine) -> None:
        """Cut it from the wire and kill it; its disk goes too, and its ids when it has ended."""
        del self.machines[machine.id]
        machine.cut_and_kill()
        machine.disk.remove()
        self._in_background(self._give_back_ids(machine))

    async def _give_back_ids(self, machine: Machine) -> None:
        await machine.until_ended()
        machine.forget_console()
        self._ids.give_back(machine.ids)

    @staticmethod
    def _is_wanted(machine: Machine, wanted: Plane) -> bool:
        return any(instance.id == machine.id for instance in wanted.instances)

    # boots

    async def _boot(self, machine: Machine) -> None:
        """See a spawned instance through its boot, cables and all.

        Raises:
            LabError: it did not get there.
        """
        try:
            self._plug_in(self.plane)
            await machine.boot()
        except LabError as error:
            machine.give_up(error)
            raise
        if machine.state == "running" and self.machines.get(machine.id) is machine:
            async with self._applying:
                self._plug(self.plane)  # what was changed while it booted

    async def _see_through(self, machine: Machine) -> None:
        with suppress(LabError):  # it says so itself, there is nobody else to tell
            await self._boot(machine)

    def _ended(self, machine: Machine, rebooting: bool) -> None:
        self.switch.cut(machine.devices)
        machine.devices = {}
        if rebooting and self.machines.get(machine.id) is machine:
            try:
                machine.spawn(self.plane)
            except LabError as error:
                machine.failure = error.message
            else:
                self._in_background(self._see_through(machine))

    def _connect(self, plugs: dict[Plug, Machine]) -> None:
        networks = {machine: machine.open_network() for machine in plugs.values()}
        try:
            self.switch.connect({plug: networks[machine] for plug, machine in plugs.items()})
        finally:
            for descriptor in networks.values():
                os.close(descriptor)

    def _in_background(self, deed: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _cable(port: Port, device: str) -> Plug:
    return Plug(port.id, port.network, port.mac_address, device, port.admin_state_up)
