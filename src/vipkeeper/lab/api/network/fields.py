"""Kinds of values in requests, checked in the words of neutron-lib's validators.

Source: neutron_lib/api/validators/__init__.py and converters.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_MAC_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
# neutron_lib/constants.py, INVALID_MAC_ADDRESSES
_NOBODYS_MAC_ADDRESSES = ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff")
_TRUE = frozenset(("true", "t", "yes", "y", "on", "1"))
_FALSE = frozenset(("false", "f", "no", "n", "off", "0"))


class Body(BaseModel):
    """The inside of a request. What was not given is not in ``model_fields_set``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """What the request says, by attribute; what it leaves out is not there."""
        return {name: getattr(self, name) for name in type(self).model_fields if self.has(name)}

    def has(self, name: str) -> bool:
        return name in self.model_fields_set


def wrong(message: str) -> PydanticCustomError:
    """An error that is told as ``Invalid input for ATTRIBUTE. Reason: MESSAGE``."""
    # PydanticCustomError formats its message; a brace in what somebody sent is none of ours.
    return PydanticCustomError("neutron", "{words}", {"words": message})


def wrong_as_a_whole(message: str) -> PydanticCustomError:
    """An error whose message is told as it is."""
    return PydanticCustomError("neutron_whole", "{words}", {"words": message})


def _text(limit: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise wrong(f"'{value}' is not a valid string.")
        if len(value) > limit:
            raise wrong(f"'{value}' exceeds maximum length of {limit}.")
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise wrong(f"{value!r} is not a valid string.")
        return value

    return check


def _boolean(value: Any) -> bool:
    """neutron_lib's convert_to_boolean."""
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if isinstance(value, str | int) and text in _TRUE | _FALSE:
        return text in _TRUE
    raise wrong(f"'{value}' cannot be converted to boolean.")


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise wrong(f"'{value}' is not an integer.")
    try:
        number = int(value)
    except ValueError:
        raise wrong(f"'{value}' is not an integer.") from None
    if not -(2**31) <= number < 2**31:
        raise wrong(f"'{value}' is not an integer.")
    return number


def _uuid(value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        UUID(value)
    except ValueError:
        raise wrong(f"'{value}' is not a valid UUID.") from None
    return value


def _ip_address(value: Any) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise wrong(f"'{value}' is not a valid IP address.")
    return value


def _mac_address(value: Any) -> str:
    if not isinstance(value, str) or not _MAC_ADDRESS.fullmatch(value):
        raise wrong(f"'{value}' is not a valid MAC address.")
    mac = value.lower().replace("-", ":")
    if mac in _NOBODYS_MAC_ADDRESSES:
        raise wrong(f"'{value}' is not a valid MAC address.")
    return mac


def _cidr(value: Any) -> str:
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError
        network = ip_network(value, strict=False)
    except ValueError:
        raise wrong(f"'{value}' is not a valid IP subnet.") from None
    return str(network)


def is_address(text: str) -> bool:
    """Whether it is one address of either family, without prefix length or zone."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_address_or_prefix(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "%" not in text


def is_mac_address(text: str) -> bool:
    return _MAC_ADDRESS.fullmatch(text) is not None


def _nullable(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _text_schema(limit: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": limit}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


# What the API's description says of each value, since the checks are functions. It says what a
# client should write; some spellings beside that are taken, as neutron-lib takes them.
_UUID_SCHEMA = {"type": "string", "format": "uuid"}
_ADDRESS_SCHEMA = {"anyOf": [{"type": "string", "format": one} for one in ("ipv4", "ipv6")]}
_MAC_SCHEMA = {"type": "string", "pattern": "^[0-9a-f]{2}(:[0-9a-f]{2}){5}$"}
_CIDR_SCHEMA = {
    "type": "string",
    "pattern": r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}|[0-9a-f:]{2,39}/[0-9]{1,3})$",
}
ADDRESS_OR_CIDR_SCHEMA = {"anyOf": [_ADDRESS_SCHEMA, _CIDR_SCHEMA, {"type": "null"}]}
_INTEGER_SCHEMA = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}

Name = Annotated[str, BeforeValidator(_text(255)), WithJsonSchema(_text_schema(255))]
NonEmptyName = Annotated[Name, Field(min_length=1, json_schema_extra={"minLength": 1})]
Description = Annotated[str, BeforeValidator(_text(255)), WithJsonSchema(_text_schema(255))]
DeviceName = Annotated[str, BeforeValidator(_text(255)), WithJsonSchema(_text_schema(255))]
Boolean = Annotated[bool, BeforeValidator(_boolean), WithJsonSchema({"type": "boolean"})]
Integer = Annotated[int, BeforeValidator(_integer), WithJsonSchema(_INTEGER_SCHEMA)]
Id = Annotated[str, BeforeValidator(_uuid), WithJsonSchema(_UUID_SCHEMA)]
OptionalId = Annotated[
    str | None, BeforeValidator(_nullable(_uuid)), WithJsonSchema(_or_null(_UUID_SCHEMA))
]
ProjectId = Annotated[str, BeforeValidator(_text(255)), WithJsonSchema(_text_schema(255))]
Address = Annotated[str, BeforeValidator(_ip_address), WithJsonSchema(_ADDRESS_SCHEMA)]
OptionalAddress = Annotated[
    str | None, BeforeValidator(_nullable(_ip_address)), WithJsonSchema(_or_null(_ADDRESS_SCHEMA))
]
MacAddress = Annotated[str, BeforeValidator(_mac_address), WithJsonSchema(_MAC_SCHEMA)]
Cidr = Annotated[str, BeforeValidator(_cidr), WithJsonSchema(_CIDR_SCHEMA)]
OptionalName = Annotated[
    str | None, BeforeValidator(_nullable(_text(255))), WithJsonSchema(_or_null(_text_schema(255)))
]
