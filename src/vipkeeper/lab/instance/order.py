"""What the cloud tells an instance's init, as plain data on its standard input."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

_LETTERS = string.ascii_letters

KillMode = Literal["control-group", "process"]


@dataclass(frozen=True, slots=True)
class Interface:
    """One of the instance's links, named eth0, eth1, ... in the order given.

    Attributes:
        static: addresses with prefix length, IPv4 or IPv6.
        gateway: default router that goes with ``static``, or empty.
        dhcp: whether it asks for an address, beside those.
    """

    name: str
    mtu: int
    static: tuple[str, ...] = ()
    gateway: str = ""
    dhcp: bool = False

    @property
    def metric(self) -> int:
        """Of its default route: the first link's is the best one, as on a cloud's images."""
        return int(self.name.lstrip(_LETTERS) or 0)

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Interface:
        """The other end of :func:`dataclasses.asdict` and JSON."""
        return cls(
            str(message["name"]),
            int(message["mtu"]),
            tuple(message.get("static", ())),
            str(message.get("gateway", "")),
            bool(message.get("dhcp", False)),
        )


@dataclass(frozen=True, slots=True)
class Unit:
    """A service, as :class:`vipkeeper.lab.spec.Service` describes it.

    Attributes:
        autostart: enabled at the first boot; later the disk remembers (:mod:`.enablement`).
        oneshot: ends by itself and is active from then on (``RemainAfterExit=yes``).
        kill_mode: what of it is killed when its main process ends, systemd's ``KillMode=``.
        to_console: what it prints is seen on the console as well (``journal+console``).
        static: can be neither enabled nor disabled.
        command: what ``argv`` comes to, where that is a shell's script; empty where it is plain.
    """

    name: str
    argv: tuple[str, ...]
    autostart: bool
    restart: str
    aliases: tuple[str, ...]
    oneshot: bool = False
    kill_mode: KillMode = "control-group"
    to_console: bool = False
    static: bool = False
    command: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The command as a person knows it."""
        return self.command or self.argv


@dataclass(frozen=True, slots=True)
class CloudInit:
    """What cloud-init finds in its data source.

    Attributes:
        instance_id: another one than at the last boot makes it a new instance to cloud-init.
        user_data: as the user gave it: a script, a cloud-config, gzip'd, multipart.
        public_keys: lines for root's authorized_keys.
    """

    instance_id: str
    user_data: bytes
    public_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BootOrder:
    """Everything an instance is made of.

    Attributes:
        disk: directory, in the cloud's file tree, that holds /etc and /var.
        interpreter: the Python program.
        prefix: the Python installation, to be shown where it is not below /usr.
        files: absolute path to content, written at the first boot.
        one_user: only id 0 exists, so that nothing can become another user.
        cloud_init: what it is to do, None to leave it alone.
        console: descriptor that the console's text is appended to (:mod:`.console`), -1 for none.
    """

    hostname: str
    disk: str
    interpreter: str
    prefix: str
    interfaces: tuple[Interface, ...]
    units: tuple[Unit, ...]
    files: dict[str, str]
    one_user: bool
    cloud_init: CloudInit | None = None
    console: int = -1
