"""What a server can be told to do: ``POST /servers/ID/action``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from starlette.responses import Response

from vipkeeper.errors import LabError
from vipkeeper.lab.api.compute import refusals, servers
from vipkeeper.lab.api.compute.records import Server
from vipkeeper.lab.api.compute.views import Condition
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.controller import Controller
from vipkeeper.lab.api.operations import STRING, Endpoint, Operation, either, keyed
from vipkeeper.lab.api.state import Change
from vipkeeper.lab.api.wire import answer, nothing

SHUTDOWN_TIMEOUT_S = 60.0
"""nova.conf [DEFAULT] shutdown_timeout: how long a clean shutdown may take."""

_MAX_LINES = 2**31 - 1
_SECURITY_GROUP = keyed(name=STRING)
REQUEST = either(
    keyed(**{"os-stop": {"type": ["object", "null"]}}),
    keyed(**{"os-start": {"type": ["object", "null"]}}),
    keyed(reboot=keyed(type={"enum": ["SOFT", "HARD"]})),
    keyed(
        **{
            "os-getConsoleOutput": {
                "type": "object",
                "properties": {"length": {"type": ["integer", "null"], "minimum": -1}},
            }
        }
    ),
    keyed(addSecurityGroup=_SECURITY_GROUP),
    keyed(removeSecurityGroup=_SECURITY_GROUP),
)
"""What the one path of all actions takes."""

Act = Callable[[Server, Condition, Any, Context], Awaitable[Response]]


class Actions:
    """Starts them and remembers what has not ended; each is answered before it has."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._tasks: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._acts: Mapping[str, Act] = {
            "os-stop": self._stop,
            "os-start": self._start,
            "reboot": self._reboot,
            "os-getConsoleOutput": self._console,
            "addSecurityGroup": self._add_security_group,
            "removeSecurityGroup": self._remove_security_group,
        }

    def operations(self, path: str, endpoint: Endpoint) -> Iterator[Operation]:
        """The one path of all actions. An action without output is answered without a body."""
        console = keyed(output=STRING)
        yield Operation("POST", path, endpoint, console, 200, REQUEST, (403, 409), without_body=202)

    def task(self, id: str) -> str | None:
        """What a server is being told to do, in Nova's words."""
        return self._tasks[id][0] if id in self._tasks else None

    async def act(
        self, server: Server, doing: Condition, body: Mapping[str, Any], context: Context
    ) -> Response:
        if len(body) != 1:
            raise refusals.bad_request("Malformed request body: one action is wanted")
        ((name, details),) = body.items()
        act = self._acts.get(name)
        if act is None:
            raise refusals.bad_request(f"There is no such action: {name}")
        return await act(server, doing, details, context)

    async def _stop(self, server: Server, doing: Condition, _: Any, __: Context) -> Response:
        """A clean shutdown; what has not ended by then is killed."""
        _check("stop", server, doing, ("active", "error"))
        await self._want_power(server, on=False)
        self._begin(server, "powering-off", "stop", server.id, SHUTDOWN_TIMEOUT_S)
        return nothing(202)

    async def _start(self, server: Server, doing: Condition, _: Any, __: Context) -> Response:
        _check("start", server, doing, ("stopped",))
        await self._want_power(server, on=True)
        self._begin(server, "powering-on", "start", server.id)
        return nothing(202)

    async def _reboot(self, server: Server, doing: Condition, details: Any, _: Context) -> Response:
        kind = details.get("type") if isinstance(details, dict) else None
        if not isinstance(kind, str) or kind.upper() not in ("SOFT", "HARD"):
            raise refusals.bad_request(
                "Invalid input for field/attribute type: it is neither 'SOFT' nor 'HARD'"
            )
        hard = kind.upper() == "HARD"
        _check("reboot", server, doing, ("active", "stopped", "error") if hard else ("active",))
        await self._want_power(server, on=True)
        task = "rebooting_hard" if hard else "rebooting"
        self._begin(server, task, "reboot", server.id, hard)
        return nothing(202)

    async def _console(
        self, server: Server, doing: Condition, details: Any, _: Context
    ) -> Response:
        if doing.vm == "building":
            raise refusals.conflict(f"Instance {server.id} is not ready")
        length = details.get("length") if isinstance(details, dict) else None
        lines = _lines(length)
        try:
            output = await self._controller.plane.ask("console", server.id, lines)
        except LabError:  # it never came to be, or was deleted meanwhile
            raise refusals.conflict(f"Instance {server.id} is not ready") from None
        return answer({"output": output})

    async def _add_security_group(
        self, server: Server, _: Condition, details: Any, context: Context
    ) -> Response:
        name = _name(details)
        await self._controller.change(
            lambda change: servers.add_security_group(change, server.id, name, context)
        )
        return nothing(202)

    async def _remove_security_group(
        self, server: Server, _: Condition, details: Any, context: Context
    ) -> Response:
        name = _name(details)
        await self._controller.change(
            lambda change: servers.remove_security_group(change, server.id, name, context)
        )
        return nothing(202)

    async def _want_power(self, server: Server, *, on: bool) -> None:
        def prepare(change: Change) -> None:
            current = change.find(Server, server.id)
            if current is not None and current.power_wanted != on:
                values = {"power_wanted": on, "updated_at": change.now}
                change.put(current.model_copy(update=values))

        await self._controller.change(prepare)

    def _begin(self, server: Server, task: str, do: str, *arguments: Any) -> None:
        async def run() -> None:
            try:
                await self._controller.plane.ask(do, *arguments)
            except LabError as error:  # the server's state tells; the API's log says why
                print(f"server {server.id}: {error}")  # noqa: T201
            finally:
                del self._tasks[server.id]

        self._tasks[server.id] = task, asyncio.get_running_loop().create_task(run())


def _check(action: str, server: Server, doing: Condition, allowed: tuple[str, ...]) -> None:
    if doing.task is not None:
        raise refusals.wrong_state(action, server.id, "task_state", doing.task)
    if doing.vm not in allowed:
        raise refusals.wrong_state(action, server.id, "vm_state", doing.vm)


def _name(details: Any) -> str:
    name = details.get("name") if isinstance(details, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise refusals.bad_request("Security group name cannot be empty")
    return name


def _lines(length: Any) -> int | None:
    if length is None:
        return None
    try:
        lines = int(length) if isinstance(length, int | str) else -2
    except ValueError:
        lines = -2
    if not -1 <= lines <= _MAX_LINES:
        raise refusals.bad_request("Length in request body must be an integer value")
    return None if lines < 0 else lines
