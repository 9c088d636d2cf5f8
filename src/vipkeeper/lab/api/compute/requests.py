"""The bodies that Nova takes. What it would ignore, as it has no meaning here, is ignored."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from vipkeeper.lab.api.network.fields import (
    Body,
    Name,
    NonEmptyName,
    OptionalAddress,
    OptionalId,
    OptionalName,
    wrong,
)

MAX_USER_DATA = 65535
"""nova/objects/fields and the API schema: of the base64 text."""

_KEY_PAIR_NAME = r"^[A-Za-z0-9 _@.-]+$"
_KEY_PAIR_NAME_SCHEMA: dict[str, Any] = {"pattern": _KEY_PAIR_NAME, "minLength": 1}


class Tolerant(Body):
    """A body in which keys without a meaning here are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class NetworkOfServer(Tolerant):
    uuid: OptionalId = None
    port: OptionalId = None
    fixed_ip: OptionalAddress = None


class NamedGroup(Tolerant):
    name: Name


def _user_data(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_USER_DATA:
        raise wrong(f"user data has at most {MAX_USER_DATA} characters of base64")
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise wrong("User data needs to be valid base 64.") from None
    return value


_USER_DATA_SCHEMA = {
    "anyOf": [
        {"type": "string", "maxLength": MAX_USER_DATA, "pattern": "^([A-Za-z0-9+/]{4})*$"},
        {"type": "null"},
    ]
}


class ServerRequest(Tolerant):
    name: NonEmptyName
    flavorRef: Name  # noqa: N815 -- Nova's spelling
    imageRef: OptionalName = None  # noqa: N815
    networks: tuple[NetworkOfServer, ...] | Literal["auto", "none"] = "auto"
    security_groups: tuple[NamedGroup, ...] = ()
    user_data: Annotated[
        str | None, BeforeValidator(_user_data), WithJsonSchema(_USER_DATA_SCHEMA)
    ] = None
    key_name: OptionalName = None
    metadata: dict[Name, Name] = Field(default_factory=dict)
    min_count: Annotated[int, Field(ge=1, le=10)] = 1
    max_count: Annotated[int | None, Field(ge=1, le=10)] = None
    block_device_mapping_v2: tuple[dict[str, Any], ...] = ()
    description: OptionalName = None
    adminPass: OptionalName = None  # noqa: N815


class SchedulerHints(Tolerant):
    group: OptionalName = None


class ServerChange(Tolerant):
    name: NonEmptyName = "server"
    description: OptionalName = None


class FixedIPOfInterface(Tolerant):
    ip_address: OptionalAddress = None


class AttachmentRequest(Tolerant):
    port_id: OptionalId = None
    net_id: OptionalId = None
    fixed_ips: tuple[FixedIPOfInterface, ...] = ()


class KeyPairRequest(Tolerant):
    name: Annotated[
        NonEmptyName,
        Field(
            pattern=_KEY_PAIR_NAME, json_schema_extra={"pattern": _KEY_PAIR_NAME, "minLength": 1}
        ),
    ]
    public_key: Annotated[str | None, Field(max_length=16384)] = None


class ServerGroupRequest(Tolerant):
    name: NonEmptyName
    policies: tuple[Name, ...] = ()
    policy: OptionalName = None


class FlavorRequest(Tolerant):
    name: NonEmptyName
    vcpus: Annotated[int, Field(ge=1, le=1024)]
    ram: Annotated[int, Field(ge=1, le=2**31 - 1)]
    disk: Annotated[int, Field(ge=0, le=2**31 - 1)]
    id: OptionalName = None


class MetadataRequest(Tolerant):
    metadata: dict[Name, Name]


class GroupOfServer(Tolerant):
    name: Name
