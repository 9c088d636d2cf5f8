"""The part of a spec that says how the members agree who has the address."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from vipkeeper.openstack.declaration import spec_checks
from vipkeeper.openstack.declaration.declared import Boolean, Declared
from vipkeeper.openstack.declaration.faults import checked_with, faults


class Mode(StrEnum):
    """Whom adverts are sent to."""

    UNICAST = "unicast"
    MULTICAST = "multicast"


class AuthenticationType(StrEnum):
    PASS = "pass"  # noqa: S105 -- the name of a type
    AH = "ah"


class Authentication(Declared):
    """VRRPv2's: RFC 2338 5.3.6. keepalived uses the first eight characters.

    Whoever sees an advert reads the password of ``pass``.
    """

    WANTED = "a mapping with type and password"

    type: Annotated[AuthenticationType, Field(description="pass or ah")] = AuthenticationType.PASS
    password: Annotated[SecretStr, Field(description="text in quotes")]

    @field_validator("password")
    @classmethod
    def _fits(cls, password: SecretStr) -> SecretStr:
        if found := spec_checks.of_password(password.get_secret_value()):
            raise faults(*found)
        return password


class Vrrp(Declared):
    """How the members agree who has the address.

    Attributes:
        version: 2 or 3; IPv6 and a fraction of a second need 3, authentication needs 2.
            None: 2 with authentication, else 3.
        vrid: None: one is derived from the address, another than those that are known in the
            network.
        interval: between adverts, seconds.
        preempt: whether a better member takes the address back.
        virtual_mac: whether the address has the MAC address 00:00:5e:00:01:VRID.
    """

    WANTED = "a mapping with version, vrid, interval, mode and others"

    version: Annotated[Literal[2, 3] | None, Field(description="2 or 3")] = None
    vrid: Annotated[
        int | None,
        Field(strict=True, ge=1, le=255, description="a whole number from 1 to 255"),
    ] = None
    authentication: Authentication | None = None
    interval: Annotated[
        float,
        Field(
            strict=True,
            ge=0.01,
            le=255,
            description="a number of seconds from 0.01 to 40.95 (VRRPv2: 1 to 255)",
        ),
    ] = 1.0
    mode: Annotated[Mode, Field(description="unicast or multicast")] = Mode.UNICAST
    preempt: Boolean = True
    virtual_mac: Boolean = False

    @property
    def protocol_version(self) -> Literal[2, 3]:
        return self.version or (2 if self.authentication else 3)

    @field_validator("version", mode="before")
    @classmethod
    def _is_a_number(cls, version: Any) -> Any:
        return str(version) if isinstance(version, bool) else version  # True is 1 for a Literal

    @field_validator("authentication", mode="wrap")
    @classmethod
    def _has_a_version(
        cls, written: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        words = "VRRPv3 has no authentication (RFC 9568 9): leave it out, or write version: 2"
        found: spec_checks.Faults = [((), words)] if info.data.get("version") == 3 else []
        return checked_with(written, validate, lambda _: found)

    @field_validator("interval")
    @classmethod
    def _can_be_said(cls, interval: float, info: ValidationInfo) -> float:
        version = info.data.get("version")
        if version is None and "authentication" in info.data:
            version = 2 if info.data["authentication"] else 3
        if version and (found := spec_checks.of_interval(interval, version)):
            raise faults(*found)
        return interval
