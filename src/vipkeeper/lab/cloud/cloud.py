"""The cloud as a whole: how it begins, and what can be asked of it.

Two ask: whoever knocks at the lab's door (:class:`vipkeeper.lab.client.Lab`), and the process of
the lab's OpenStack APIs (:mod:`vipkeeper.lab.plane_channel`).
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any, Literal

from vipkeeper.errors import LabError
from vipkeeper.lab import isolation
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.cloud import api_process, finding, status
from vipkeeper.lab.cloud.api_process import ApiProcess
from vipkeeper.lab.cloud.data_plane import DataPlane
from vipkeeper.lab.cloud.machine import STOP_TIMEOUT, Machine
from vipkeeper.lab.cloud_file_plane import group_id, plane_of, security_group
from vipkeeper.lab.order import Order
from vipkeeper.lab.plane import Plane
from vipkeeper.lab.plane_difference import PlaneDifference
from vipkeeper.lab.ports import AddressPair, check_name
from vipkeeper.lab.security_groups import SecurityGroupRule
from vipkeeper.lab.spec import CloudSpec

Answer = tuple[dict[str, Any], list[int]]
"""What a request is answered with: a message, and descriptors beside it."""
Owner = Literal["cloud file", "api"]


class Cloud:
    """Builds a lab from its order and serves requests.

    Attributes:
        owner: who changes the plane. Once that is the API, whose database says what there is,
            nobody else may.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._began = time.time()
        self.owner: Owner = "cloud file"
        self._data_plane = DataPlane(order.sources, bare=order.bare)
        listener = socket.socket(fileno=order.listener)
        self._api = ApiProcess(listener, order.sources, self._questions())
        self.ended = asyncio.Event()
        self._requests: dict[str, Callable[[dict[str, Any]], Awaitable[Answer]]] = {
            "status": self._status,
            "drops": self._drops,
            "enter": self._enter,
            "start": self._start,
            "stop": self._stop,
            "poweroff": self._power_off,
            "reboot": self._reboot,
            "console": self._console,
            "attach_port": self._attach_port,
            "detach_port": self._detach_port,
            "update_port": self._update_port,
            "update_security_group": self._update_security_group,
            "archive": self._give_archive,
            "credentials": self._credentials,
            "down": self._down,
        }

    async def build(self) -> None:
        """Everything up and running, except that services may still be finding each other."""
        if self._order.archive is None:
            await self._data_plane.apply(plane_of(self._order.spec, BackEnd(self._order.back_end)))
        else:
            await self._restore(self._order.archive)
        await self._data_plane.booted()
        self._api.watch()

    async def answer(self, request: dict[str, Any]) -> Answer:
        """Do what a request of the lab's socket says.

        Raises:
            LabError: it cannot be done.
        """
        do = self._requests.get(str(request.get("do")))
        if do is None:
            raise LabError(f"a lab cannot {request.get('do')!r}")
        return await do(request)

    async def _restore(self, data: bytes) -> None:
        from vipkeeper.lab.cloud.archive import Archive  # few labs need it

        archive = Archive(data)
        head = archive.head
        self.owner = head.owner
        self._order = replace(self._order, spec=head.spec, passwords=head.passwords)
        archive.fill_api(api_process.DIRECTORY)
        await self._data_plane.apply(archive.head.plane, prepare=archive.fill_disk)

    async def archive(self) -> bytes:
        """The whole lab in one piece; its instances are shut down first, and its API is over."""
        from vipkeeper.lab.cloud import archive

        await self._api.stop()
        plane, machines = self._data_plane.plane, [*self._data_plane.machines.values()]
        running = [machine for machine in machines if machine.state in ("running", "booting")]
        await asyncio.gather(*(machine.stop() for machine in running))
        kept = archive.with_power(plane, (machine.id for machine in running))
        head = archive.Head(kept, self.owner, self._order.spec, self._order.passwords)
        return archive.pack(head, machines, api_process.DIRECTORY)

    # requests of the lab's socket

    def _machine(self, request: dict[str, Any]) -> Machine:
        return finding.machine(self._data_plane.machines, str(request["instance"]))

    async def _status(self, _: dict[str, Any]) -> Answer:
        head = {
            "name": self._order.name,
            "since": self._began,
            "owner": self.owner,
            "api": self._api.describe(),
        }
        plane, machines = self._data_plane.plane, self._data_plane.machines.values()
        claims = self._data_plane.fabric.virtual_ports.claims
        claimed = status.describe_claims(plane, claims, time.monotonic_ns())
        backing = {"back_end": plane.back_end, "virtual_ports": claimed}
        return {"status": {**head, **status.describe(plane, machines), **backing}}, []

    async def _drops(self, _: dict[str, Any]) -> Answer:
        counts = self._data_plane.fabric.rules.drops()
        return {"drops": status.describe_drops(self._data_plane.plane, counts)}, []

    async def _enter(self, request: dict[str, Any]) -> Answer:
        return {"ok": True}, [self._machine(request).lend_pidfd()]

    async def _start(self, request: dict[str, Any]) -> Answer:
        await self._data_plane.start(self._machine(request))
        return {"ok": True}, []

    async def _stop(self, request: dict[str, Any]) -> Answer:
        await self._machine(request).stop()
        return {"ok": True}, []

    async def _power_off(self, request: dict[str, Any]) -> Answer:
        await self._machine(request).power_off()
        return {"ok": True}, []

    async def _reboot(self, request: dict[str, Any]) -> Answer:
        await self._data_plane.reboot(self._machine(request), hard=bool(request["hard"]))
        return {"ok": True}, []

    async def _console(self, request: dict[str, Any]) -> Answer:
        return {"console": self._machine(request).console(request["lines"])}, []

    async def _give_archive(self, _: dict[str, Any]) -> Answer:
        return {"ok": True}, [isolation.in_memory(await self.archive())]

    async def _credentials(self, _: dict[str, Any]) -> Answer:
        """Where the APIs are, and the passwords of their users; only the owner can ask."""
        return {"url": self._api.url, "passwords": dict(self._order.passwords)}, []

    async def _down(self, _: dict[str, Any]) -> Answer:
        self.ended.set()
        return {"ok": True}, []

    async def _attach_port(self, request: dict[str, Any]) -> Answer:
        """Plug a port in that no other instance that runs has."""
        self._refuse_if_owned_by_api()
        plane = self._data_plane.plane
        machine, port = self._machine(request), finding.port(plane, str(request["port"]))
        for other in self._data_plane.machines.values():
            if port.id in other.devices:
                raise LabError(f"port {port.name} is plugged into {other.name}")
        await self._data_plane.apply(_with_binding(plane, port.id, machine.id))
        return {"ok": True}, []

    async def _detach_port(self, request: dict[str, Any]) -> Answer:
        self._refuse_if_owned_by_api()
        plane = self._data_plane.plane
        machine, port = self._machine(request), finding.port(plane, str(request["port"]))
        if port.id not in machine.instance.ports:
            raise LabError(f"{machine.name} has no port {port.name!r}")
        await self._data_plane.apply(_with_binding(plane, port.id, None))
        return {"ok": True}, []

    async def _update_port(self, request: dict[str, Any]) -> Answer:
        self._refuse_if_owned_by_api()
        plane = self._data_plane.plane
        port = finding.port(plane, str(request["port"]))
        changes = dict(request["changes"])
        if "allowed_address_pairs" in changes:
            changes["allowed_address_pairs"] = tuple(
                AddressPair(**pair) for pair in changes["allowed_address_pairs"]
            )
        if "security_groups" in changes:
            changes["security_groups"] = tuple(
                finding.group(plane, name) for name in changes["security_groups"]
            )
        changed = replace(port, **changes)
        ports = tuple(changed if old.id == port.id else old for old in plane.ports)
        await self._data_plane.apply(replace(plane, ports=ports))
        return {"ok": True}, []

    async def _update_security_group(self, request: dict[str, Any]) -> Answer:
        self._refuse_if_owned_by_api()
        plane, name = self._data_plane.plane, str(request["name"])
        rules = tuple(SecurityGroupRule(**rule) for rule in request["rules"])
        check_name(name, "security group")
        group = security_group(name, rules)
        names = {**plane.group_names, group_id(name): name}
        for rule in rules:
            if rule.remote_group is not None and group_id(rule.remote_group) not in names:
                raise finding.no_group(plane, rule.remote_group)
        others = (old for old in plane.security_groups if old.name != group.name)
        await self._data_plane.apply(
            replace(plane, security_groups=(*others, group), group_names=names)
        )
        return {"ok": True}, []

    def _refuse_if_owned_by_api(self) -> None:
        if self.owner == "api":
            raise LabError(
                "this lab is changed by its OpenStack API now",
                remedy="openstack port set ..., see `vipkeeper lab clouds`",
            )

    # questions of the API's process

    def _questions(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        plane = self._data_plane

        def by_id(id: str) -> Machine:
            return finding.machine_of_id(plane.machines, id)

        async def apply(wanted: Plane) -> None:
            await plane.apply(wanted)
            self.owner = "api"

        async def change(difference: PlaneDifference) -> None:
            await apply(difference.applied_to(plane.plane))

        async def seed() -> tuple[CloudSpec, Plane, float, dict[str, Any]]:
            options = {"name": self._order.name, "passwords": dict(self._order.passwords)}
            return self._order.spec, plane.plane, self._began, options

        async def states() -> dict[str, dict[str, Any]]:
            return {machine.id: machine.describe() for machine in plane.machines.values()}

        async def start(id: str) -> None:
            await plane.start(by_id(id))

        async def stop(id: str, timeout: float = STOP_TIMEOUT) -> None:
            await by_id(id).stop(timeout)

        async def poweroff(id: str) -> None:
            await by_id(id).power_off()

        async def reboot(id: str, hard: bool = False) -> None:
            await plane.reboot(by_id(id), hard=hard)

        async def console(id: str, lines: int | None = None) -> str:
            return by_id(id).console(lines)

        async def drops() -> list[dict[str, Any]]:
            return [
                {**asdict(count), "reason": count.reason.value}
                for count in plane.fabric.rules.drops()
            ]

        async def claims() -> dict[str, str]:
            return plane.fabric.virtual_ports.holders()

        every = (apply, change, seed, states, claims, start, stop, poweroff, reboot, console, drops)
        return {question.__name__: question for question in every}


def _with_binding(plane: Plane, port: str, instance: str | None) -> Plane:
    """The plane with a port as the last one of an instance, or of none."""
    unbound = [
        replace(one, ports=tuple(id for id in one.ports if id != port)) for one in plane.instances
    ]
    return replace(
        plane,
        instances=tuple(
            replace(one, ports=(*one.ports, port)) if one.id == instance else one for one in unbound
        ),
    )
