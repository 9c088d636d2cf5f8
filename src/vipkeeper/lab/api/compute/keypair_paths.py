"""The paths of key pairs."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.compute import keypairs, refusals
from vipkeeper.lab.api.compute.records import KeyPair
from vipkeeper.lab.api.compute.requests import KeyPairRequest
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.operations import STRING, Operation, keyed, several
from vipkeeper.lab.api.wire import answer, inside, nothing, read

_PAIR = keyed(name=STRING, public_key=STRING, fingerprint=STRING)


class KeyPairPaths:
    """What a user does with the own key pairs."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def operations(self) -> Iterator[Operation]:
        path, one = "/v2.1/os-keypairs", keyed(keypair=_PAIR)
        wanted = keyed(keypair=KeyPairRequest)
        yield Operation("GET", path, self._key_pairs, keyed(keypairs=several(one)))
        yield Operation("POST", path, self._create_key_pair, one, 200, wanted, (409,))
        yield Operation("GET", f"{path}/{{name}}", self._key_pair, one)
        yield Operation("DELETE", f"{path}/{{name}}", self._delete_key_pair, status=202)

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    async def _key_pairs(self, request: Request) -> Response:
        context = self._context(request)
        own = (
            pair for pair in self._controller.state.all(KeyPair) if pair.user_id == context.user_id
        )
        return answer({"keypairs": [{"keypair": keypairs.view(pair)} for pair in own]})

    async def _key_pair(self, request: Request) -> Response:
        pair = self._find_key_pair(request)
        return answer({"keypair": {**keypairs.view(pair), "user_id": pair.user_id}})

    async def _create_key_pair(self, request: Request) -> Response:
        context = self._context(request)
        body = inside(await read(request), "keypair", KeyPairRequest)
        pair = await self._controller.change(lambda change: keypairs.create(change, body, context))
        return answer({"keypair": {**keypairs.view(pair), "user_id": pair.user_id}})

    async def _delete_key_pair(self, request: Request) -> Response:
        pair = self._find_key_pair(request)
        await self._controller.change(lambda change: change.delete(pair))
        return nothing(202)

    def _find_key_pair(self, request: Request) -> KeyPair:
        context = self._context(request)
        name = request.path_params["name"]
        pair = self._controller.state.find(KeyPair, f"{context.user_id}/{name}")
        if pair is None:
            raise refusals.not_found(f"Keypair {name}", f"for user {context.user_id}")
        return pair
