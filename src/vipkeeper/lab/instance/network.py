"""The instance's links: up, with the addresses that were ordered, and one by DHCP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.lab import house
from vipkeeper.lab.instance.order import Interface, Unit

_RUN = Path("/run")


def units(interfaces: Iterable[Interface]) -> tuple[Unit, ...]:
    """A DHCP client for each interface that asks for its address."""
    return tuple(_client(interface) for interface in interfaces if interface.dhcp)


def client_name(interface: str) -> str:
    """The unit of an interface's DHCP client."""
    return f"dhcp-{interface}"


def _client(interface: Interface) -> Unit:
    return Unit(
        client_name(interface.name),
        (
            "/usr/bin/busybox",
            "udhcpc",
            "--foreground",
            f"--interface={interface.name}",
            f"--script={house.HOME}/bin/dhcp-client",
            "--timeout=1",
            "--tryagain=1",
            *("-O", "mtu"),
            *("-O", "search"),
            *("-O", "staticroutes"),
        ),
        autostart=False,
        restart="always",
        aliases=("networking",) if interface.name == "eth0" else (),
        static=True,
    )


def bring_up(interfaces: Iterable[Interface]) -> None:
    """Configure links that are there, and the loopback.

    Raises:
        LabError: the kernel refuses.
    """
    commands = ["link set lo up"]
    for interface in interfaces:
        commands.append(f"link set {interface.name} mtu {interface.mtu} up")
        for address in interface.static:
            # An IPv6 address has no broadcast. It is ours from the start: Neutron gives an
            # address to one port only, so that nothing waits for duplicate address detection.
            kind = "nodad" if ":" in address else "broadcast +"
            commands.append(f"address add {address} {kind} dev {interface.name}")
        if interface.gateway:
            commands.append(
                f"route add default via {interface.gateway} dev {interface.name}"
                f" metric {interface.metric}"
            )
    ended = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(commands),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise LabError(f"cannot configure the network: {ended.stderr.strip()}")


def configured(interfaces: Iterable[Interface]) -> bool:
    """Whether every interface has its address; the DHCP script leaves a mark for each."""
    return all(not interface.dhcp or _mark(interface.name).exists() for interface in interfaces)


def forget(interface: str) -> None:
    """Remove what the DHCP script left of a link that is gone."""
    for leftover in (_mark(interface), _RUN / f"resolv-{interface}"):
        leftover.unlink(missing_ok=True)


def _mark(interface: str) -> Path:
    return _RUN / f"network-{interface}"
