"""Authentication: a password, an application credential or a token in, a token out.

Source: Keystone's api-ref v3, "Authentication and token management".
"""

from __future__ import annotations

import datetime
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.errors import bad_request, unauthorized
from vipkeeper.lab.api.identity.records import (
    DOMAIN,
    ApplicationCredential,
    Project,
    Token,
    User,
)
from vipkeeper.lab.api.operations import OBJECT, STRING, keyed
from vipkeeper.lab.api.records import new_id
from vipkeeper.lab.api.state import Change, State

LIFETIME_S = 3600
"""keystone.conf [token] expiration."""

ROLE_IDS: Mapping[str, str] = {
    "admin": "0c7a4b4b0b4d4dd2a1a0d3b5a5c1f001",
    "member": "0c7a4b4b0b4d4dd2a1a0d3b5a5c1f002",
    "reader": "0c7a4b4b0b4d4dd2a1a0d3b5a5c1f003",
}

_USER = {
    "type": "object",
    "properties": {"id": STRING, "name": STRING, "password": STRING, "domain": OBJECT},
}
_METHODS = {"enum": ["password", "token", "application_credential"]}
REQUEST = keyed(
    auth={
        "type": "object",
        "required": ["identity"],
        "properties": {
            "identity": {
                "type": "object",
                "required": ["methods"],
                "properties": {
                    "methods": {"type": "array", "minItems": 1, "items": _METHODS},
                    "password": keyed(user=_USER),
                    "token": keyed(id=STRING),
                    "application_credential": {
                        "type": "object",
                        "properties": {"id": STRING, "name": STRING, "secret": STRING},
                    },
                },
            },
            "scope": {"type": "object", "properties": {"project": OBJECT}},
        },
    }
)
"""What :func:`issue` takes."""


def issue(change: Change, body: Mapping[str, Any]) -> Token:
    """A new token for who proves to be somebody.

    Raises:
        Refusal: 400 if the request makes no sense, 401 if the proof does not hold.
    """
    auth = _object(body, "auth")
    identity = _object(auth, "identity")
    methods = identity.get("methods")
    if (
        not isinstance(methods, list)
        or not methods
        or not all(isinstance(one, str) for one in methods)
    ):
        raise bad_request("'methods' is a required property of 'identity'")
    token = None
    for method in methods:
        prove = {
            "password": _by_password,
            "token": _by_token,
            "application_credential": _by_application_credential,
        }.get(method)
        if prove is None:
            raise unauthorized()
        token = prove(change, _object(identity, method), tuple(methods))
    assert token is not None
    _check_scope(change, auth.get("scope"), token)
    _forget_expired(change)
    change.put(token)
    return token


def context_of(state: State, token_id: str | None, now: float) -> Context:
    """Whom a token stands for.

    Raises:
        Refusal: 401; it is none, or none any longer.
    """
    token = state.find(Token, token_id)
    if token is None or token.expires_at <= now:
        raise unauthorized()
    return Context(token.user_id, token.project_id, token.roles, token.id)


def describe(state: State, token: Token, catalogue: list[dict[str, Any]]) -> dict[str, Any]:
    """The body that goes with a token."""
    user, project = state.find(User, token.user_id), state.find(Project, token.project_id)
    assert user is not None
    assert project is not None
    domain = {"id": DOMAIN, "name": "Default"}
    described: dict[str, Any] = {
        "methods": list(token.methods),
        "user": {
            "domain": domain,
            "id": user.id,
            "name": user.name,
            "password_expires_at": None,
        },
        "audit_ids": [token.audit_id],
        "expires_at": _iso(token.expires_at),
        "issued_at": _iso(token.issued_at),
        "project": {"domain": domain, "id": project.id, "name": project.name},
        "is_domain": False,
        "roles": [{"id": ROLE_IDS[name], "name": name} for name in token.roles],
        "catalog": catalogue,
    }
    if token.application_credential_id is not None:
        described["application_credential"] = {
            "id": token.application_credential_id,
            "restricted": True,
        }
    return {"token": described}


def _by_password(change: Change, proof: Mapping[str, Any], methods: tuple[str, ...]) -> Token:
    said = _object(proof, "user")
    user = _user(change, said)
    password = said.get("password")
    if (
        user is None
        or not isinstance(password, str)
        or not hmac.compare_digest(user.password.encode(), password.encode())
    ):
        raise unauthorized()
    return _token(change, user, user.roles, methods)


def _by_token(change: Change, proof: Mapping[str, Any], methods: tuple[str, ...]) -> Token:
    id = proof.get("id")
    context = context_of(change, id if isinstance(id, str) else None, change.now)
    user = change.find(User, context.user_id)
    if user is None:
        raise unauthorized()
    return _token(change, user, context.roles, methods)


def _by_application_credential(
    change: Change, proof: Mapping[str, Any], methods: tuple[str, ...]
) -> Token:
    id, secret = proof.get("id"), proof.get("secret")
    credential = change.find(ApplicationCredential, id if isinstance(id, str) else None)
    if credential is None and isinstance(proof.get("name"), str):
        user = _user(change, _object(proof, "user"))
        credential = next(
            (
                one
                for one in change.all(ApplicationCredential)
                if user is not None and (one.user_id, one.name) == (user.id, proof["name"])
            ),
            None,
        )
    if (
        credential is None
        or not isinstance(secret, str)
        or not hmac.compare_digest(credential.secret.encode(), secret.encode())
        or (credential.expires_at is not None and credential.expires_at <= change.now)
    ):
        raise unauthorized()
    owner = change.find(User, credential.user_id)
    if owner is None:
        raise unauthorized()
    token = _token(change, owner, credential.roles, methods)
    return token.model_copy(update={"application_credential_id": credential.id})


def _token(change: Change, user: User, roles: tuple[str, ...], methods: tuple[str, ...]) -> Token:
    return Token(
        id=secrets.token_urlsafe(32),
        user_id=user.id,
        project_id=user.project_id,
        roles=roles,
        methods=methods,
        issued_at=change.now,
        expires_at=change.now + LIFETIME_S,
        audit_id=secrets.token_urlsafe(16),
    )


def _user(state: State, said: Mapping[str, Any]) -> User | None:
    for user in state.all(User):
        if said.get("id") == user.id or said.get("name") == user.name:
            return user
    return None


def _check_scope(state: State, scope: Any, token: Token) -> None:
    """A user has one project here: who asks for another one, or a domain, is not let in."""
    if scope is None or scope == "unscoped" or not isinstance(scope, dict):
        return
    wanted = scope.get("project")
    if not isinstance(wanted, dict):
        if "system" in scope and "admin" in token.roles:
            return
        raise unauthorized()
    project = state.find(Project, token.project_id)
    assert project is not None
    if (
        wanted.get("id", project.id) != project.id
        or wanted.get("name", project.name) != project.name
    ):
        raise unauthorized()


def _forget_expired(change: Change) -> None:
    for token in list(change.all(Token)):
        if token.expires_at <= change.now:
            change.delete(token)


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = value.get(key)
    if not isinstance(inner, dict):
        raise bad_request(f"'{key}' is a required property")
    return inner


def _iso(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_application_credential(
    change: Change, context: Context, name: str, description: str, secret: str | None
) -> ApplicationCredential:
    credential = ApplicationCredential(
        id=new_id().replace("-", ""),
        user_id=context.user_id,
        project_id=context.project_id,
        name=name,
        description=description,
        secret=secret or secrets.token_urlsafe(32),
        roles=context.roles,
    )
    change.put(credential)
    return credential
