"""An instance as the cloud sees it: booted, stopped, cut off."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from vipkeeper.errors import LabError
from vipkeeper.lab import isolation, messages
from vipkeeper.lab.cloud.instance_links import LinkNews, interface
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.cloud.waiting import readable
from vipkeeper.lab.house import Sources
from vipkeeper.lab.instance import console
from vipkeeper.lab.instance.init import EXIT_REBOOT, SHUTDOWN_TIMEOUT
from vipkeeper.lab.instance.order import BootOrder, CloudInit, Interface, Unit
from vipkeeper.lab.spec import CloudSpec, Instance
from vipkeeper.linux import mounts, namespaces

BOOT_TIMEOUT = 30.0
"""Seconds until a boot is given up; it takes a fraction of one."""

STOP_TIMEOUT = SHUTDOWN_TIMEOUT + 2.0
"""Seconds from asking an instance's init to end until it is killed."""

_DISKS = Path("/run/disks")
_DISK_SIZE = "256m"

State = Literal["stopped", "booting", "running", "stopping"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all machines of a cloud have in common."""

    spec: CloudSpec
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
        """Why it ended, if its init itself failed."""
        self._around = surroundings
        self._ids = ids
        self._pidfd = -1
        self._disk = _DISKS / instance.name
        self._console = console.create()
        self._link_news = LinkNews(instance.name)
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def name(self) -> str:
        return self.instance.name

    def make_disk(self) -> None:
        """The tmpfs that /etc and /var are kept on, owned by the instance's root."""
        self._disk.mkdir(parents=True)
        owner = self._ids[0][1]
        options = f"mode=0755,uid={owner},gid={owner},size={_DISK_SIZE}"
        mounts.mount("disk", self._disk, "tmpfs", options=options)

    def spawn(self) -> None:
        """Start the instance's init, which begins with its file tree; :meth:`boot` goes on."""
        if self.state != "stopped":
            raise LabError(f"{self.name} is {self.state} already")
        ours, theirs = messages.pair()
        order = isolation.in_memory(pickle.dumps(self._order()))
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
                self._ids,
            )
        finally:
            theirs.close()
            os.close(order)
        self._init = ours
        self._pidfd = os.pidfd_open(self.pid)
        self._ended.clear()
        self.state = "booting"
        asyncio.get_running_loop().add_reader(self._pidfd, self._died)

    def open_network(self) -> int:
        """Descriptor of the namespace that its links go to."""
        return os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    async def boot(self) -> None:
        """See it through its boot, with its links there, until its services were started."""
        try:
            async with asyncio.timeout(BOOT_TIMEOUT):
                await self._hear("built")
                messages.send(self._init, {"linked": True})
                await self._hear("running")
        except TimeoutError:
            self.kill()
            raise LabError(f"{self.name} did not boot within {BOOT_TIMEOUT:.0f} s") from None
        self.state = "running"
        asyncio.get_running_loop().add_reader(self._init, self._told)

    async def until_stopped(self) -> None:
        """Wait for the end of a machine that is shutting down; any other is as it is."""
        if self.state == "stopping":
            await self._ended.wait()

    async def stop(self) -> None:
        """A clean shutdown; what does not end by itself is killed."""
        if self.state == "stopped":
            return
        self.state = "stopping"
        signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await self._ended.wait()
        except TimeoutError:
            self.kill()
            await self._ended.wait()

    async def power_off(self) -> None:
        """Cut from the wire first, then killed: nothing says goodbye."""
        if self.state == "stopped":
            return
        self._around.switch.cut(self.instance.ports)
        self.kill()
        await self._ended.wait()

    def kill(self) -> None:
        self.state = "stopping"
        signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def lend_pidfd(self) -> int:
        """The pidfd of its init, with which its owner enters it.

        Raises:
            LabError: it does not run.
        """
        self._check_running()
        return self._pidfd

    def console_output(self, lines: int | None = None) -> str:
        """The last lines of its console, of this boot and those before; all for None."""
        return console.tail(self._console, lines)

    async def link_added(self, link: Interface) -> None:
        """Have a link configured that was put into its network namespace.

        Raises:
            LabError: it does not run, or cannot configure it.
        """
        self._check_running()
        await self._link_news.added(self._init, link)

    async def link_removed(self, name: str) -> None:
        """Have it stop what it does with a link, before or after the link is taken away.

        Raises:
            LabError: it does not run.
        """
        self._check_running()
        await self._link_news.removed(self._init, name)

    def _check_running(self) -> None:
        if self.state != "running":
            raise LabError(
                f"{self.name} is {self.state}", remedy=f"start it: vipkeeper lab start {self.name}"
            )

    def local_addresses(self) -> list[IPv4Address]:
        """Every IPv4 address it holds at this moment, as its kernel routes them."""
        if self.state != "running":
            return []
        try:
            text = Path(f"/proc/{self.pid}/net/fib_trie").read_text()
        except OSError:  # it ended just now
            return []
        return _local_addresses(text)

    def _order(self) -> BootOrder:
        spec, sources = self._around.spec, self._around.sources
        interfaces = tuple(
            interface(spec, port, f"eth{number}")
            for number, port in enumerate(spec.ports_of(self.instance))
        )
        units = tuple(
            Unit(
                service.name,
                service.argv,
                service.autostart and not self._around.bare,
                service.restart,
                service.aliases,
            )
            for service in self.instance.all_services()
        )
        return BootOrder(
            self.name,
            str(self._disk),
            str(sources.interpreter),
            str(sources.prefix),
            interfaces,
            units,
            dict(self.instance.files),
            one_user=self._ids[0][2] == 1,
            cloud_init=self._cloud_init(),
            console=self._console,
        )

    def _cloud_init(self) -> CloudInit | None:
        instance = self.instance
        if instance.user_data is None:
            return None
        identity = instance.instance_id or instance.name
        return CloudInit(identity, instance.user_data, instance.public_keys)

    async def _hear(self, key: str) -> None:
        """Wait for the next message of its init, which must be ``key``."""
        await readable(self._init)
        received = messages.receive(self._init)
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
        loop.remove_reader(self._init)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._pidfd)
        self._init.close()
        rebooting = os.WIFEXITED(status) and os.WEXITSTATUS(status) == EXIT_REBOOT
        self.pid, self._pidfd, self.state = 0, -1, "stopped"
        self._link_news.init_ended()
        self._ended.set()
        self._when_ended(self, rebooting)


def _local_addresses(fib_trie: str) -> list[IPv4Address]:
    """The addresses that /proc/net/fib_trie says are this machine's own, loopback left out.

    A leaf is a line ``|-- ADDRESS``, followed by what it is: ``/32 host LOCAL``.
    """
    found: dict[IPv4Address, None] = {}
    address = ""
    for line in fib_trie.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            address = words[1]
        elif words == ["/32", "host", "LOCAL"] and not address.startswith("127."):
            found[IPv4Address(address)] = None
    return list(found)
