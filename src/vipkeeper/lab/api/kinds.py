"""Every kind of record, for the database to know them by."""

from __future__ import annotations

from vipkeeper.lab.api.compute.records import Flavor, KeyPair, Server, ServerGroup
from vipkeeper.lab.api.identity.records import (
    ApplicationCredential,
    Project,
    Token,
    User,
)
from vipkeeper.lab.api.image.records import Image
from vipkeeper.lab.api.network.records import (
    FloatingIP,
    Network,
    Port,
    Quota,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.records import Record

ALL: tuple[type[Record], ...] = (
    ApplicationCredential,
    Flavor,
    FloatingIP,
    Image,
    KeyPair,
    Network,
    Port,
    Project,
    Quota,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Server,
    ServerGroup,
    Subnet,
    Token,
    User,
)
