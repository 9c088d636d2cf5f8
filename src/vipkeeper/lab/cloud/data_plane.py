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
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from vipkeeper.errors import LabError, VipkeeperError
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.cloud.id_ranges import IdRanges
from vipkeeper.lab.cloud.machine import Machine, Surroundings
from vipkeeper.lab.cloud.switch import Plug, Switch
from vipkeeper.lab.house import Sources
from vipkeeper.lab.plane import Instance, Plane, Port

if TYPE_CHECKING:
    from vipkeeper.lab.cloud.fabric import Fabric


class DataPlane:
    """Everything that carries packets, and the instances.

    Attributes:
        plane: what it is now.
        machines: the instances by id.
    """

    def __init__(self, sources: Sources, *, bare: bool) -> None:
        self.plane = Plane()
        self.switch = Switch()
        self.machines: dict[str, Machine] = {}
        self._around = Surroundings(sources, self.switch, bare)
        self._ids = IdRanges.of_this_process()
        self._applying = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @cached_property
    def fabric(self) -> Fabric:
        """What lies between the cables.

        It is loaded when the first instances have begun, for it takes 50 ms, and they have
        their own work meanwhile.
        """
        from vipkeeper.lab.cloud.fabric import Fabric

        return Fabric(self.switch, self._claimed)

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
                        new.append(self._new_machine(instance))
                        new[-1].disk.make()
                        if prepare is not None:
                            prepare(new[-1])
                for machine in new:
                    if machine.instance.running:
                        machine.spawn(wanted)
                self.fabric.prepare(wanted)
                await self.fabric.ready()
                self._plug(wanted)
            except BaseException:
                with suppress(VipkeeperError, OSError):
                    for machine in new:
                        self._remove_machine(machine)
                    self.fabric.prepare(before)
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

    def _new_machine(self, instance: Instance) -> Machine:
        machine = Machine(instance, self._around, self._ids.allot(), self._ended)
        self.machines[instance.id] = machine
        return machine

    def _plug(self, wanted: Plane) -> None:
        """The cables of instances, and away with what they no longer need."""
        self._pull_out(wanted)
        self.fabric.clear_away(wanted)
        self.switch.change(
            _cable(wanted, port, cable.device)
            for port in wanted.ports
            if (cable := self.switch.cable(port.id)) is not None
        )
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
        self.switch.cut(port for machine, port in leaving if not self._is_elsewhere(port, machine))
        for machine, port in leaving:
            if machine.state == "booting":
                continue  # it may stay after all, if this plane cannot be
            device = machine.devices.pop(port)
            if machine.state == "running":
                self._tell(machine.unplugged(device))

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
                and replace(cable, up=True)
                != replace(_cable(wanted, wanted.port(port), device), up=True)
            )
        ]

    def _is_elsewhere(self, port: str, machine: Machine) -> bool:
        """Whether a port's cable goes to another instance by now."""
        return any(port in one.devices for one in self.machines.values() if one is not machine)

    def _plug_in(self, wanted: Plane) -> None:
        """Lay the cables of instances that have begun to boot, and what running ones lack."""
        plugs: dict[Plug, Machine] = {}
        for instance in wanted.instances:
            machine = self.machines[instance.id]
            for id in instance.ports:
                port = wanted.port(id)
                if machine.state == "booting" and id in machine.devices:
                    if self.switch.cable(id) is None:
                        plugs[_cable(wanted, port, machine.devices[id])] = machine
                elif machine.state == "running" and id not in machine.devices:
                    machine.devices[id] = machine.free_device()
                    plugs[_cable(wanted, port, machine.devices[id])] = machine
        self._connect(plugs)
        self.fabric.plugged(wanted)
        for plug, machine in plugs.items():
            if machine.state == "running":
                self._tell(machine.plugged(wanted, wanted.port(plug.port), plug.device))

    def _claimed(self) -> None:
        self._in_background(self._settle_routers_again())

    async def _settle_routers_again(self) -> None:
        async with self._applying:
            self.fabric.settle_routers_again()

    def _tell(self, news: Coroutine[None, None, None]) -> None:
        """Tell an instance of a link; what it makes of it is its own affair, and in its journal."""

        async def tell() -> None:
            with suppress(LabError, OSError):  # it may have ended just now
                await news

        self._in_background(tell())

    def _end_unwanted(self, wanted: Plane) -> None:
        for machine in [*self.machines.values()]:
            if not self._is_wanted(machine, wanted):
                self._remove_machine(machine)

    def _remove_machine(self, machine: Machine) -> None:
        """Cut it from the wire and kill it; its disk goes too, and its ids when it has ended."""
        del self.machines[machine.id]
        machine.cut_and_kill()
        machine.disk.remove()
        self._in_background(self._bury(machine))

    async def _bury(self, machine: Machine) -> None:
        await machine.until_ended()
        machine.close()
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
        except VipkeeperError as error:
            machine.give_up(error)
            raise
        if machine.state == "running" and self.machines.get(machine.id) is machine:
            async with self._applying:
                self._plug(self.plane)  # what was changed while it booted

    async def _see_through(self, machine: Machine) -> None:
        with suppress(VipkeeperError):  # it says so itself, there is nobody else to tell
            await self._boot(machine)

    def _ended(self, machine: Machine, rebooting: bool) -> None:
        self.switch.cut(port for port in machine.devices if not self._is_elsewhere(port, machine))
        machine.devices = {}
        if rebooting and self.machines.get(machine.id) is machine:
            try:
                machine.spawn(self.plane)
            except VipkeeperError as error:
                machine.failure = error.message
            else:
                self._in_background(self._see_through(machine))

    def _connect(self, plugs: dict[Plug, Machine]) -> None:
        with ExitStack() as opened:
            networks: dict[Machine, int] = {}
            for machine in set(plugs.values()):
                with suppress(FileNotFoundError):  # it has ended just now
                    networks[machine] = machine.open_network()
                    opened.callback(os.close, networks[machine])
            self.switch.connect(
                {plug: networks[machine] for plug, machine in plugs.items() if machine in networks}
            )

    def _in_background(self, deed: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _cable(plane: Plane, port: Port, device: str) -> Plug:
    """Only the linuxbridge agent takes the tap of a port down; the others' rules are enough."""
    up = port.admin_state_up or plane.back_end != BackEnd.LINUXBRIDGE
    return Plug(port.id, port.network, port.mac_address, device, up)
