"""Keystone's paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.errors import KEYSTONE_SCHEMA, Refusal
from vipkeeper.lab.api.identity.credentials import ApplicationCredentials
from vipkeeper.lab.api.identity.records import (
    DOMAIN,
    Project,
    Token,
    User,
)
from vipkeeper.lab.api.identity.tokens import (
    REQUEST,
    ROLE_IDS,
    describe,
    issue,
)
from vipkeeper.lab.api.operations import OBJECT, STRING, Operation, Service, keyed, several
from vipkeeper.lab.api.wire import answer, nothing, read

REGION = "RegionOne"
_UPDATED = "2022-09-29T00:00:00Z"
_NAMED = keyed(id=STRING, name=STRING)
_PROJECT = keyed(id=STRING, name=STRING, domain_id=STRING)


class IdentityService:
    """Keystone over a controller.

    Args:
        url: where it is reached.
        catalogue: what tokens tell of the services.
    """

    def __init__(self, controller: Controller, url: str, catalogue: list[dict[str, Any]]) -> None:
        self._controller = controller
        self._url = url
        self._catalogue = catalogue

    def service(self) -> Service:
        return Service(
            "Keystone", "/identity", Refusal.as_keystone, KEYSTONE_SCHEMA, (*self._operations(),)
        )

    def _operations(self) -> Iterator[Operation]:
        by_name = {"name": STRING}
        projects = keyed(projects=several(_PROJECT))
        yield Operation("GET", "/", self._versions, keyed(versions=OBJECT), 300, public=True)
        yield Operation("GET", "/v3", self._version, keyed(version=OBJECT), public=True)
        yield from self._token_operations()
        yield Operation("GET", "/v3/auth/projects", self._own_projects, projects)
        yield Operation("GET", "/v3/auth/catalog", self._catalog, keyed(catalog=several()))
        yield Operation("GET", "/v3/projects", self._projects, projects, query=by_name)
        yield Operation("GET", "/v3/projects/{id}", self._project, keyed(project=_PROJECT))
        yield Operation(
            "GET", "/v3/users", self._users, keyed(users=several(_NAMED)), query=by_name
        )
        yield Operation("GET", "/v3/users/{id}", self._user, keyed(user=_NAMED))
        yield Operation("GET", "/v3/users/{id}/projects", self._projects, projects, query=by_name)
        yield Operation(
            "GET", "/v3/domains", self._domains, keyed(domains=several(_NAMED)), query=by_name
        )
        yield Operation("GET", "/v3/domains/{id}", self._domain, keyed(domain=_NAMED))
        yield Operation("GET", "/v3/roles", self._roles, keyed(roles=several(_NAMED)))
        yield Operation("GET", "/v3/regions", self._regions, keyed(regions=several()))
        yield from ApplicationCredentials(self._controller, self._url).operations()

    def _token_operations(self) -> Iterator[Operation]:
        path, token = "/v3/auth/tokens", keyed(token=OBJECT)
        subject = {"X-Subject-Token": STRING}
        yield Operation("POST", path, self._issue, token, 201, REQUEST, (401,), public=True)
        yield Operation("GET", path, self._validate, token, refuses=(403, 404), headers=subject)
        yield Operation(
            "DELETE", path, self._revoke, status=204, refuses=(403, 404), headers=subject
        )

    def _context(self, request: Request) -> Context:
        return self._controller.context(request.headers.get("X-Auth-Token"))

    def _described(self) -> dict[str, Any]:
        return {
            "id": "v3.14",
            "status": "stable",
            "updated": _UPDATED,
            "links": [{"rel": "self", "href": f"{self._url}/v3/"}],
            "media-types": [
                {
                    "base": "application/json",
                    "type": "application/vnd.openstack.identity-v3+json",
                }
            ],
        }

    async def _versions(self, _: Request) -> Response:
        return answer({"versions": {"values": [self._described()]}}, 300)

    async def _version(self, _: Request) -> Response:
        return answer({"version": self._described()})

    # tokens

    async def _issue(self, request: Request) -> Response:
        body = await read(request)
        token = await self._controller.change(lambda change: issue(change, body))
        described = describe(self._controller.state, token, self._catalogue)
        return answer(described, 201, {"X-Subject-Token": token.id, "Vary": "X-Auth-Token"})

    def _subject(self, request: Request) -> Token:
        context = self._context(request)
        id = request.headers.get("X-Subject-Token")
        token = self._controller.state.find(Token, id)
        if token is None:
            raise Refusal(404, "NotFound", f"Could not find token: {id}.")
        if not context.is_admin and token.user_id != context.user_id:
            raise Refusal(403, "Forbidden", "You are not authorized to perform this action.")
        return token

    async def _validate(self, request: Request) -> Response:
        token = self._subject(request)
        described = describe(self._controller.state, token, self._catalogue)
        return answer(described, 200, {"X-Subject-Token": token.id, "Vary": "X-Auth-Token"})

    async def _revoke(self, request: Request) -> Response:
        token = self._subject(request)
        await self._controller.change(lambda change: change.delete(token))
        return nothing()

    # who there is

    async def _catalog(self, request: Request) -> Response:
        self._context(request)
        return answer(
            {"catalog": self._catalogue, "links": {"self": f"{self._url}/v3/auth/catalog"}}
        )

    async def _own_projects(self, request: Request) -> Response:
        context = self._context(request)
        return self._projects_answer([context.project_id])

    async def _projects(self, request: Request) -> Response:
        context = self._context(request)
        every = [project.id for project in self._controller.state.all(Project)]
        return self._projects_answer(every if context.is_admin else [context.project_id], request)

    def _projects_answer(self, ids: list[str], request: Request | None = None) -> Response:
        name = request.query_params.get("name") if request is not None else None
        found = [
            self._project_view(project)
            for project in self._controller.state.all(Project)
            if project.id in ids and name in (None, project.name)
        ]
        return answer({"projects": found, "links": {"self": f"{self._url}/v3/projects"}})

    def _project_view(self, project: Project) -> dict[str, Any]:
        return {
            "id": project.id,
            "name": project.name,
            "description": project.description,
            "domain_id": DOMAIN,
            "parent_id": DOMAIN,
            "enabled": True,
            "is_domain": False,
            "tags": [],
            "options": {},
            "links": {"self": f"{self._url}/v3/projects/{project.id}"},
        }

    async def _project(self, request: Request) -> Response:
        context = self._context(request)
        id = request.path_params["id"]
        project = self._controller.state.find(Project, id)
        if project is None or not context.owns(project.id):
            raise Refusal(404, "NotFound", f"Could not find project: {id}.")
        return answer({"project": self._project_view(project)})

    def _visible_users(self, context: Context) -> list[User]:
        return [
            user
            for user in self._controller.state.all(User)
            if context.is_admin or user.id == context.user_id
        ]

    def _user_view(self, user: User) -> dict[str, Any]:
        return {
            "id": user.id,
            "name": user.name,
            "domain_id": DOMAIN,
            "enabled": True,
            "default_project_id": user.project_id,
            "password_expires_at": None,
            "options": {},
            "links": {"self": f"{self._url}/v3/users/{user.id}"},
        }

    async def _users(self, request: Request) -> Response:
        users = self._visible_users(self._context(request))
        name = request.query_params.get("name")
        found = [self._user_view(user) for user in users if name in (None, user.name)]
        return answer({"users": found, "links": {"self": f"{self._url}/v3/users"}})

    async def _user(self, request: Request) -> Response:
        id = request.path_params["id"]
        for user in self._visible_users(self._context(request)):
            if user.id == id:
                return answer({"user": self._user_view(user)})
        raise Refusal(404, "NotFound", f"Could not find user: {id}.")

    def _domain_view(self) -> dict[str, Any]:
        return {
            "id": DOMAIN,
            "name": "Default",
            "description": "The default domain",
            "enabled": True,
            "tags": [],
            "options": {},
            "links": {"self": f"{self._url}/v3/domains/{DOMAIN}"},
        }

    async def _domains(self, request: Request) -> Response:
        self._context(request)
        name = request.query_params.get("name", "Default")
        found = [self._domain_view()] if name == "Default" else []
        return answer({"domains": found, "links": {"self": f"{self._url}/v3/domains"}})

    async def _domain(self, request: Request) -> Response:
        self._context(request)
        if request.path_params["id"] != DOMAIN:
            raise Refusal(404, "NotFound", f"Could not find domain: {request.path_params['id']}.")
        return answer({"domain": self._domain_view()})

    async def _roles(self, request: Request) -> Response:
        self._context(request)
        found = [
            {
                "id": id,
                "name": name,
                "domain_id": None,
                "description": None,
                "options": {},
                "links": {"self": f"{self._url}/v3/roles/{id}"},
            }
            for name, id in ROLE_IDS.items()
        ]
        return answer({"roles": found, "links": {"self": f"{self._url}/v3/roles"}})

    async def _regions(self, request: Request) -> Response:
        self._context(request)
        region = {
            "id": REGION,
            "description": "",
            "parent_region_id": None,
            "links": {"self": f"{self._url}/v3/regions/{REGION}"},
        }
        return answer({"regions": [region], "links": {"self": f"{self._url}/v3/regions"}})
