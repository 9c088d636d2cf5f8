"""What is kept of Keystone's things."""

from __future__ import annotations

from typing import ClassVar

from vipkeeper.lab.api.records import Record

DOMAIN = "default"


class Project(Record):
    kind: ClassVar[str] = "project"

    name: str
    description: str = ""


class User(Record):
    """A user, with one project and the roles there.

    Attributes:
        password: as it is; it opens a lab on this machine and nothing else.
    """

    kind: ClassVar[str] = "user"

    name: str
    password: str
    project_id: str
    roles: tuple[str, ...]


class Token(Record):
    """A token that was given out; its id is the token itself."""

    kind: ClassVar[str] = "token"

    user_id: str
    project_id: str
    roles: tuple[str, ...]
    methods: tuple[str, ...]
    issued_at: float
    expires_at: float
    audit_id: str
    application_credential_id: str | None = None


class ApplicationCredential(Record):
    kind: ClassVar[str] = "application_credential"

    user_id: str
    project_id: str
    name: str
    description: str = ""
    secret: str
    roles: tuple[str, ...]
    expires_at: float | None = None
