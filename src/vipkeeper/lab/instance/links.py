"""The links of a running instance: those it booted with, and what is plugged and unplugged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab.instance import network
from vipkeeper.lab.instance.order import Interface
from vipkeeper.lab.instance.services import Supervisor


class Links:
    """Keeps a DHCP client running for each link that has no address of its own."""

    def __init__(self, interfaces: tuple[Interface, ...], supervisor: Supervisor) -> None:
        self._interfaces = {interface.name: interface for interface in interfaces}
        self._supervisor = supervisor

    @property
    def configured(self) -> bool:
        return network.configured(self._interfaces.values())

    def bring_up(self) -> None:
        """Configure what was there at boot.

        Raises:
            LabError: the kernel refuses.
        """
        network.bring_up(self._interfaces.values())
        for interface in self._interfaces.values():
            self._start_client(interface)

    def obey(self, message: Mapping[str, Any]) -> str:
        """Do what the cloud says about a link, and return the link's name.

        Raises:
            LabError: the link cannot be configured.
        """
        if message["link"] == "added":
            interface = Interface.from_message(message["interface"])
            self._add(interface)
            return interface.name
        name = str(message["name"])
        self._remove(name)
        return name

    def _add(self, interface: Interface) -> None:
        if interface.name in self._interfaces:
            raise LabError(f"{interface.name} is there already")
        network.bring_up([interface])
        self._interfaces[interface.name] = interface
        self._start_client(interface)

    def _remove(self, name: str) -> None:
        """The link itself may be gone already, or go in a moment."""
        if self._interfaces.pop(name, None) is None:
            return
        unit = network.client_name(name)
        if unit not in self._supervisor.services:
            network.forget(name)
            return

        def stopped() -> None:
            self._supervisor.forget(unit)
            network.forget(name)

        self._supervisor.stop(self._supervisor.services[unit], stopped)

    def _start_client(self, interface: Interface) -> None:
        if self._interfaces.get(interface.name) is not interface:
            return  # unplugged meanwhile
        for unit in network.units([interface]):
            old = self._supervisor.services.get(unit.name)
            if old is not None and old.running:  # plugged in again before it had ended
                old.when_stopped.append(lambda: self._start_client(interface))
            else:
                self._supervisor.start(self._supervisor.add(unit))
