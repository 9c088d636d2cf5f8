"""An instance as the cloud sees it: booted, stopped, cut off."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from typing import Any, Literal

from vipkeeper.errors import LabError, VipkeeperError
from vipkeeper.lab import isolation, messages
from vipkeeper.lab.cloud import local_addresses
from vipkeeper.lab.cloud.disk import Disk
from vipkeeper.lab.cloud.instance_links import LinkNews, interface
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.cloud.waiting import readable
from vipkeeper.lab.house import Sources
from vipkeeper.lab.instance import console
from vipkeeper.lab.instance.order import BootOrder, CloudInit, Unit
from vipkeeper.lab.instance.shutdown import EXIT_REBOOT, SHUTDOWN_TIMEOUT
from vipkeeper.lab.plane import Instance, Plane, Port
from vipkeeper.linux import namespaces

BOOT_TIMEOUT = 30.0
"""Seconds until a boot is given up; it takes a fraction of one."""

STOP_TIMEOUT = SHUTDOWN_TIMEOUT + 2.0
"""Seconds from asking an instance's init to end until it is killed."""

State = Literal["stopped", "booting", "running", "stopping", "failed"]
"""``failed`` is stopped, too: it did not get through its boot."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all machines of a cloud have in common."""

    sources: Sources
    switch: Switch
    bare: bool


class Machine:
    """One instance.

    Args:
        ids: its part of the ids; a single one means that nothing in it can change user.
        when_ended: called with the machine at each end, and whether it wants to boot again.
    """

    def __init__(
        self,
        instance: Instance,
        surroundings: Surroundings,
        ids: namespaces.IdMap,
        when_ended: Callable[[Machine, bool], None],
    ) -> None:
        self.instance = instance
        self._when_ended = when_ended
        self.state: State = "stopped"
        self.pid = 0
        self.failure = ""
        """Why it ended, if its init itself failed, or why it did not boot."""
        self.remedy = ""
        self.devices: dict[str, str] = {}
        """Name of its link by port, while it runs."""
        self._around = surroundings
        self.ids = ids
        self._pidfd = -1
        self._booting = False
        self._failed = False
        self.disk = Disk(instance.id, ids[0][1])
        self._console = console.create()
        self._link_news = LinkNews(instance.name)
        self._ended = asyncio.Event()
        self._ended.set()
        self._settled = asyncio.Event()
        """It does not boot at this moment."""
        self._settled.set()

    @property
    def id(self) -> str:
        return self.instance.id

    @property
    def name(self) -> str:
        return self.instance.name

    @property
    def off(self) -> bool:
        """Nothing of it runs."""
        return self.state in ("stopped", "failed")

    def spawn(self, plane: Plane) -> None:
        """Start the instance's init, which begins with its file tree; :meth:`boot` goes on."""
        if not self.off:
            raise LabError(f"{self.name} is {self.state} already")
        self.failure, self.remedy, self._failed = "", "", False
        self.devices = {id: f"eth{number}" for number, id in enumerate(self.instance.ports)}
        ours, theirs = messages.pair()
        order = isolation.in_memory(pickle.dumps(self._order(plane)))
        try:
            self.pid = isolation.spawn(
                isolation.Program(
                    [
                        *isolation.python(self._around.sources, "vipkeeper.lab.instance"),
                        str(theirs.fileno()),
                        self.name,
                    ],
                    stdin=order,
                    inherit=[theirs.fileno(), self._console],
                ),
                self.ids,
            )
        finally:
            theirs.close()
            os.close(order)
        self._init = ours
        self._pidfd = os.pidfd_open(self.pid)
        self._ended.clear()
        self._settled.clear()
        self.state = "booting"
        asyncio.get_running_loop().add_reader(self._pidfd, self._died)

    def open_network(self) -> int:
        """Descriptor of the namespace that its links go to."""
        return os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    async def boot(self) -> None:
        """See it through its boot, with its links there, until its services were started.

        Raises:
            LabError: it did not get there, and is being killed.
        """
        self._booting = True  # until then the socket to its init is read here
        init = self._init
        try:
            async with asyncio.timeout(BOOT_TIMEOUT):
                await self._hear(init, "built")
                messages.send(init, {"linked": True})
                await self._hear(init, "running")
        except TimeoutError:
            error = LabError(f"{self.name} did not boot within {BOOT_TIMEOUT:.0f} s")
            self.give_up(error)
            raise error from None
        except LabError as error:
            self.give_up(error)
            raise
        finally:
            self._booting = False
        if self.state == "booting":
            self.state = "running"
            self._settled.set()
            asyncio.get_running_loop().add_reader(init, self._told)

    async def until_stopped(self) -> None:
        """Wait for the end of a machine that is shutting down; any other is as it is."""
        if self.state == "stopping":
            await self._ended.wait()

    def give_up(self, error: VipkeeperError) -> None:
        """It did not boot: what there is of it goes, and the reason stays.

        Who was told to stop while it booted has not failed.
        """
        if self.state in ("booting", "failed"):
            self.failure, self.remedy = error.message, error.remedy
        if self.state == "booting":
            self._failed = True
            self.kill()

    async def until_ended(self) -> None:
        await self._ended.wait()

    async def until_booted(self) -> None:
        """Wait for the end of its boot.

        Raises:
            LabError: it did not get there.
        """
        await self._settled.wait()
        if self.state == "failed":
            raise LabError(self.failure, remedy=self.remedy)

    async def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """A clean shutdown; what does not end by itself within ``timeout`` seconds is killed."""
        await self._end_by(signal.SIGTERM, timeout)

    async def restart(self) -> None:
        """As if ``reboot`` were run in it; it boots again by itself when it has ended so."""
        await self._end_by(signal.SIGINT, STOP_TIMEOUT)

    async def _end_by(self, number: signal.Signals, timeout: float) -> None:
        if self.off:
            return
        self.state = "stopping"
        signal.pidfd_send_signal(self._pidfd, number)
        try:
            async with asyncio.timeout(timeout):
                await self._ended.wait()
        except TimeoutError:
            self.kill()
            await self._ended.wait()

    async def power_off(self) -> None:
        """Cut from the wire first, then killed: nothing says goodbye."""
        self.cut_and_kill()
        await self._ended.wait()

    def cut_and_kill(self) -> None:
        self._around.switch.cut(self.devices)
        if not self.off:
            self.kill()

    def kill(self) -> None:
        self.state = "stopping"
        signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def plugged(self, plane: Plane, port: Port, device: str) -> None:
        """Have a link configured that was put into its network namespace.

        Raises:
            LabError: it does not run, or cannot configure it.
        """
        self._check_running()
        await self._link_news.added(self._init, interface(plane, port, device))

    async def unplugged(self, device: str) -> None:
        """Have it stop what it does with a link that was taken away.

        Raises:
            LabError: it does not run.
        """
        self._check_running()
        await self._link_news.removed(self._init, device)

    def free_device(self) -> str:
        """The lowest name that none of its links has."""
        used = set(self.devices.values())
        return next(name for number in count() if (name := f"eth{number}") not in used)

    def lend_pidfd(self) -> int:
        """The pidfd of its init, with which its owner enters it.

        Raises:
            LabError: it does not run.
        """
        self._check_running()
        return self._pidfd

    def _check_running(self) -> None:
        if self.state != "running":
            raise LabError(
                f"{self.name} is {self.state}", remedy=f"start it: vipkeeper lab start {self.name}"
            )

    def console(self, lines: int | None) -> str:
        """The last lines of its console, of this boot and those before; all for None."""
        return console.tail(self._console, lines)

    def close(self) -> None:
        """Its console goes too; to be called when it has ended for good."""
        os.close(self._console)

    def describe(self) -> dict[str, Any]:
        """How it is, as plain data."""
        addresses = [str(address) for address in self.local_addresses()]
        return {"state": self.state, "failure": self.failure, "addresses": addresses}

    def local_addresses(self) -> list[IPv4Address]:
        """Every IPv4 address it holds at this moment, as its kernel routes them."""
        if self.state != "running":
            return []
        return local_addresses.of_process(self.pid)

    def _order(self, plane: Plane) -> BootOrder:
        sources = self._around.sources
        interfaces = tuple(
            interface(plane, plane.port(id), device) for id, device in self.devices.items()
        )
        units = tuple(
            Unit(
                service.name,
                service.argv,
                service.autostart and not self._around.bare,
                service.restart,
                service.aliases,
            )
            for service in self.instance.services
        )
        return BootOrder(
            self.name,
            str(self.disk.path),
            str(sources.interpreter),
            str(sources.prefix),
            interfaces,
            units,
            dict(self.instance.files),
            one_user=self.ids[0][2] == 1,
            cloud_init=self._cloud_init(),
            console=self._console,
        )

    def _cloud_init(self) -> CloudInit | None:
        instance = self.instance
        if instance.user_data is None:
            return None
        return CloudInit(instance.id, instance.user_data, instance.public_keys)

    async def _hear(self, init: socket.socket, key: str) -> None:
        """Wait for the next message of its init, which must be ``key``."""
        await readable(init)
        received = messages.receive(init)
        if received is None:
            raise LabError(f"{self.name} ended while it booted")
        if "error" in received[0]:
            raise LabError(
                f"{self.name}: {received[0]['error']}", remedy=received[0].get("remedy", "")
            )
        assert key in received[0]

    def _told(self) -> None:
        """Its init answers about a link, or says that it shuts down or why it ends.

        Or it is gone (:meth:`_died`).
        """
        received = messages.receive(self._init)
        if received is not None and self._link_news.take(received[0]):
            return
        asyncio.get_running_loop().remove_reader(self._init)
        self.state = "stopping"
        if received is not None:
            self.failure = str(received[0].get("error", ""))

    def _died(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._pidfd)
        if not self._booting:  # otherwise its last words, and its end, are heard there
            loop.remove_reader(self._init)
            self._init.close()
        rebooting = os.WIFEXITED(status) and os.WEXITSTATUS(status) == EXIT_REBOOT
        self.state = "failed" if self.state == "booting" or self._failed else "stopped"
        self.pid, self._pidfd = 0, -1
        self._link_news.init_ended()
        self._ended.set()
        self._settled.set()
        self._when_ended(self, rebooting)
