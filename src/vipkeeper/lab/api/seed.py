"""The records that a new lab begins with: its users, its image, and what a cloud file describes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from ipaddress import IPv4Address
from uuid import NAMESPACE_URL, uuid5

from vipkeeper.lab import plane
from vipkeeper.lab.api.compute.records import Flavor, Server, Service
from vipkeeper.lab.api.identity.records import Project, User
from vipkeeper.lab.api.image.records import Image
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.networks import _default_pools
from vipkeeper.lab.api.network.records import (
    AddressPair,
    FixedIP,
    FloatingIP,
    HostRoute,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.network.routers import GATEWAY_OWNER
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.plane import Plane

MEMBER, ADMIN = "lab", "admin"
"""Names of the two users and of their projects."""

_FLAVORS = (("1", "m1.tiny", 1, 512, 1), ("2", "m1.small", 1, 2048, 20))


def identity(kind: str, name: str) -> str:
    """An id that is the same in every lab."""
    return str(uuid5(NAMESPACE_URL, f"vipkeeper-lab/{kind}/{name}"))


def empty(now: float, passwords: Mapping[str, str]) -> State:
    """Users, flavors and the image; no network yet.

    Args:
        passwords: of the two users, by name.
    """
    change = Change(State(), now)
    for name, roles in ((MEMBER, ("member", "reader")), (ADMIN, ("admin", "member", "reader"))):
        project = identity("project", name).replace("-", "")
        change.put(Project(id=project, name=name))
        change.put(
            User(
                id=identity("user", name).replace("-", ""),
                name=name,
                password=passwords[name],
                project_id=project,
                roles=roles,
            )
        )
    for id, name, vcpus, ram_mb, disk_gb in _FLAVORS:
        change.put(Flavor(id=id, name=name, vcpus=vcpus, ram_mb=ram_mb, disk_gb=disk_gb))
    change.put(
        Image(
            id=identity("image", "debian-12"),
            name="debian-12",
            description="This machine's own programs, with cloud-init; lighttpd, keepalived and"
            " vipkeeperd are installed and not started",
            created_at=now,
        )
    )
    return change.result()
