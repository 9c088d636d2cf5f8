"""The instance's links: up, and an address by DHCP or, where there is none, as ordered."""

from __future__ import annotations

import subprocess
from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.lab import house
from vipkeeper.lab.instance.order import Interface, Unit


def units(interfaces: tuple[Interface, ...]) -> tuple[Unit, ...]:
    """A DHCP client for each interface that has no address of its own."""
    return tuple(
        Unit(
            f"dhcp-{interface.name}",
            (
                "/usr/bin/busybox",
                "udhcpc",
                "--foreground",
                f"--interface={interface.name}",
                f"--script={house.HOME}/bin/dhcp-client",
                "--timeout=1",
                "--tryagain=1",
                "-O",
                "mtu",
            ),
            autostart=False,
            restart="always",
            aliases=("networking",) if interface.name == "eth0" else (),
        )
        for interface in interfaces
        if not interface.static
    )


def bring_up(interfaces: tuple[Interface, ...]) -> None:
    commands = ["link set lo up"]
    for interface in interfaces:
        commands.append(f"link set {interface.name} mtu {interface.mtu} up")
        if interface.static:
            commands.append(f"address add {interface.static} broadcast + dev {interface.name}")
        if interface.gateway:
            commands.append(f"route add default via {interface.gateway} dev {interface.name}")
    ended = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(commands),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise LabError(f"cannot configure the network: {ended.stderr.strip()}")


def configured(interfaces: tuple[Interface, ...]) -> bool:
    """Whether every interface has its address; the DHCP script leaves a mark for each."""
    return all(
        interface.static or Path(f"/run/network-{interface.name}").exists()
        for interface in interfaces
    )
