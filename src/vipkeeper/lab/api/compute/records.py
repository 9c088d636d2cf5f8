"""What is kept of Nova's things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vipkeeper.lab.api.network.records import Value
from vipkeeper.lab.api.records import Record


class Service(Value):
    """A program of the image, as :class:`vipkeeper.lab.plane.Service`."""

    name: str
    argv: tuple[str, ...]
    autostart: bool = True
    restart: str = "no"
    aliases: tuple[str, ...] = ()


class Server(Record):
    """A server. Whether it runs is not kept: the data plane knows.

    Attributes:
        ports: ids in the order of its interfaces.
        created_ports: those that were made for it and go with it.
        files: of a server that a cloud file describes; others have their user data.
        user_data: base64, as it was given; None for a server without cloud-init.
        power_wanted: whether it was last told to run, for a boot of the lab.
    """

    kind: ClassVar[str] = "server"

    project_id: str
    user_id: str
    name: str
    description: str = ""
    hostname: str
    flavor_id: str
    image_id: str | None
    ports: tuple[str, ...] = ()
    created_ports: tuple[str, ...] = ()
    key_name: str | None = None
    metadata: Mapping[str, str] = {}
    user_data: str | None = None
    public_keys: tuple[str, ...] = ()
    files: Mapping[str, str] = {}
    services: tuple[Service, ...] = ()
    group_id: str | None = None
    created_at: float
    updated_at: float
    launched_at: float | None = None
    admin_pass: str = ""
    power_wanted: bool = True
    error: str = ""


class Flavor(Record):
    kind: ClassVar[str] = "flavor"

    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int


class KeyPair(Record):
    """Its id is USER/NAME."""

    kind: ClassVar[str] = "keypair"

    user_id: str
    name: str
    public_key: str
    fingerprint: str
    created_at: float


class ServerGroup(Record):
    kind: ClassVar[str] = "server_group"

    project_id: str
    user_id: str
    name: str
    policy: str
