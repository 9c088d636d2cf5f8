"""What an instance's init is told about its links, while it runs and at its boot."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab import messages
from vipkeeper.lab.instance.order import Interface
from vipkeeper.lab.plane import Plane, Port

TIMEOUT = 5.0
"""Seconds that an instance has to configure a link, its DHCP lease apart."""


def interface(plane: Plane, port: Port, device: str) -> Interface:
    """A port as the instance sees it that it is plugged into.

    By DHCP comes what a DHCP server gives; any other address, and all of IPv6, is there from
    the start, as by a config drive.
    """
    network = plane.network(port.network)
    static, gateway, dhcp = [], "", False
    for address in port.fixed_ips:
        subnet = network.subnet_of(address)
        if subnet is None:
            continue
        if address.version == 4 and subnet.enable_dhcp:
            dhcp = True
            continue
        static.append(f"{address}/{subnet.cidr.prefixlen}")
        gateway = gateway or str(subnet.gateway or "")
    return Interface(device, network.mtu, tuple(static), gateway, dhcp)


class LinkNews:
    """News of links to a running init, and its answers, which come between other messages."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._answers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._numbers = itertools.count()

    async def added(self, init: socket.socket, link: Interface) -> None:
        """Have a link configured that was put into the instance's network namespace.

        Raises:
            LabError: it cannot be configured.
        """
        await self._tell(init, {"link": "added", "interface": asdict(link)})

    async def removed(self, init: socket.socket, name: str) -> None:
        """Have its DHCP client stopped, before or after the link is taken away."""
        await self._tell(init, {"link": "removed", "name": name})

    def take(self, message: Mapping[str, Any]) -> bool:
        """Whether a message of init's is one of the answers."""
        if "link" not in message:
            return False
        answer = self._answers.get(int(message["number"]))
        if answer is not None and not answer.done():
            answer.set_result(message)
        return True

    def init_ended(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result({"error": f"{self._instance} ended"})

    async def _tell(self, init: socket.socket, message: messages.Message) -> None:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        messages.send(init, {**message, "number": number})
        try:
            async with asyncio.timeout(TIMEOUT):
                messages.raise_failure(await answer)
        except TimeoutError:
            raise LabError(f"{self._instance} does not say what became of its link") from None
        finally:
            del self._answers[number]
