"""What the cloud tells an instance's init, as plain data on its standard input."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interface:
    """One of the instance's links, named eth0, eth1, ... in the order given.

    Attributes:
        static: address with prefix length, empty where DHCP gives it.
        gateway: default router that goes with ``static``, or empty.
    """

    name: str
    mtu: int
    static: str = ""
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A service, as :class:`vipkeeper.lab.spec.Service` describes it."""

    name: str
    argv: tuple[str, ...]
    autostart: bool
    restart: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BootOrder:
    """Everything an instance is made of.

    Attributes:
        disk: directory, in the cloud's file tree, that holds /etc and /var.
        interpreter: the Python program.
        prefix: the Python installation, to be shown where it is not below /usr.
        files: absolute path to content, written at the first boot.
        one_user: only id 0 exists, so that nothing can become another user.
    """

    hostname: str
    disk: str
    interpreter: str
    prefix: str
    interfaces: tuple[Interface, ...]
    units: tuple[Unit, ...]
    files: dict[str, str]
    one_user: bool
