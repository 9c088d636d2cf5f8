"""Application credentials, which a program has in the place of its user's password."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.api.identity.records import ApplicationCredential, Token
from vipkeeper.lab.api.identity.tokens import ROLE_IDS, new_application_credential
from vipkeeper.lab.api.network.fields import Body, NonEmptyName, OptionalName
from vipkeeper.lab.api.operations import STRING, Operation, keyed, several
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, inside, nothing, read

_NAMED = keyed(id=STRING, name=STRING)


class CredentialRequest(Body):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: NonEmptyName
    description: OptionalName = None
    secret: OptionalName = None


class ApplicationCredentials:
    """The paths of a user's own; ``url`` is Keystone's, for links."""

    def __init__(self, controller: Controller, url: str) -> None:
        self._controller = controller
        self._url = url

    def operations(self) -> Iterator[Operation]:
        path = "/v3/users/{user}/application_credentials"
        every = keyed(application_credentials=several(_NAMED))
        one = keyed(application_credential=_NAMED)
        wanted = keyed(application_credential=CredentialRequest)
        yield Operation(
            "GET", path, self._credentials, every, refuses=(403,), query={"name": STRING}
        )
        yield Operation("POST", path, self._create_credential, one, 201, wanted, (403, 409))
        yield Operation("GET", f"{path}/{{id}}", self._credential, one, refuses=(403,))
        yield Operation(
            "DELETE", f"{path}/{{id}}", self._delete_credential, status=204, refuses=(403,)
        )

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    def _of_user(self, request: Request) -> Context:
        context = self._context(request)
        if request.path_params["user"] != context.user_id:
            raise Refusal(403, "Forbidden", "You are not authorized to perform this action.")
        return context

    def _credential_view(self, one: ApplicationCredential) -> dict[str, Any]:
        path = f"/v3/users/{one.user_id}/application_credentials/{one.id}"
        return {
            "id": one.id,
            "name": one.name,
            "description": one.description,
            "project_id": one.project_id,
            "user_id": one.user_id,
            "roles": [{"id": ROLE_IDS[name], "name": name} for name in one.roles],
            "expires_at": None,
            "unrestricted": False,
            "system": None,
            "links": {"self": f"{self._url}{path}"},
        }

    async def _credentials(self, request: Request) -> Response:
        context = self._of_user(request)
        name = request.query_params.get("name")
        found = [
            self._credential_view(one)
            for one in self._controller.state.all(ApplicationCredential)
            if one.user_id == context.user_id and name in (None, one.name)
        ]
        return answer({"application_credentials": found, "links": {}})

    async def _create_credential(self, request: Request) -> Response:
        context = self._of_user(request)
        body = inside(await read(request), "application_credential", CredentialRequest)

        def prepare(change: Change) -> ApplicationCredential:
            for one in change.all(ApplicationCredential):
                if (one.user_id, one.name) == (context.user_id, body.name):
                    raise Refusal(
                        409,
                        "Conflict",
                        "Conflict occurred attempting to store application_credential - Duplicate"
                        f" entry found with name {body.name}.",
                    )
            return new_application_credential(
                change, context, body.name, body.description or "", body.secret
            )

        made = await self._controller.change(prepare)
        view = {**self._credential_view(made), "secret": made.secret}
        return answer({"application_credential": view}, 201)

    def _find_credential(self, request: Request) -> ApplicationCredential:
        context = self._of_user(request)
        id = request.path_params["id"]
        found = self._controller.state.find(ApplicationCredential, id)
        if found is None or found.user_id != context.user_id:
            raise Refusal(404, "NotFound", f"Could not find application credential: {id}.")
        return found

    async def _credential(self, request: Request) -> Response:
        view = self._credential_view(self._find_credential(request))
        return answer({"application_credential": view})

    async def _delete_credential(self, request: Request) -> Response:
        credential = self._find_credential(request)

        def prepare(change: Change) -> None:
            change.delete(credential)
            for token in list(change.all(Token)):
                if token.application_credential_id == credential.id:
                    change.delete(token)

        await self._controller.change(prepare)
        return nothing()
