"""Key pairs. The private half is made where it stays, as Nova wants it from 2.92 on."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from vipkeeper.lab.api.compute import refusals
from vipkeeper.lab.api.compute.records import KeyPair
from vipkeeper.lab.api.compute.requests import KeyPairRequest
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.state import Change


def create(change: Change, body: KeyPairRequest, context: Context) -> KeyPair:
    if not body.public_key:
        raise refusals.bad_request(
            "Keypair data is invalid: this Nova makes no keys; give a public_key"
        )
    id = f"{context.user_id}/{body.name}"
    if change.find(KeyPair, id) is not None:
        raise refusals.conflict(f"Key pair '{body.name}' already exists.")
    pair = KeyPair(
        id=id,
        user_id=context.user_id,
        name=body.name,
        public_key=body.public_key.strip(),
        fingerprint=_fingerprint(body.public_key),
        created_at=change.now,
    )
    change.put(pair)
    return pair


def view(pair: KeyPair) -> dict[str, Any]:
    return {"name": pair.name, "public_key": pair.public_key, "fingerprint": pair.fingerprint}


def _fingerprint(public_key: str) -> str:
    """MD5 of the key itself, as ``ssh-keygen -E md5 -l`` prints it."""
    words = public_key.split()
    try:
        data = base64.b64decode(words[1], validate=True)
    except (IndexError, binascii.Error, ValueError):
        raise refusals.bad_request(
            "Keypair data is invalid: failed to generate fingerprint"
        ) from None
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    return digest.hex(":")
