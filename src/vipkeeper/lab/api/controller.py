"""One change after the other: prepared, written down, in force, and then seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from vipkeeper.errors import LabError
from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.database import Database
from vipkeeper.lab.api.errors import Refusal
from vipkeeper.lab.api.identity.tokens import context_of
from vipkeeper.lab.api.planning import Planner
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.plane import Plane
from vipkeeper.lab.plane_difference import PlaneDifference

Result = TypeVar("Result")


class DataPlane(Protocol):
    """The cloud, as it is asked from here (:mod:`vipkeeper.lab.plane_channel`)."""

    async def ask(self, do: str, *arguments: Any) -> Any:
        """Have something done there; raises LabError when it cannot be."""


class Controller:
    """Holds the state that is in force, and leads to the next one.

    A request that changes something is answered when the change is in the database *and* in
    force. It is written down first: after a crash between the two, what is written down is put
    in force at the next start. Readers see what is in force.

    """

    def __init__(
        self, state: State, database: Database, plane: DataPlane, planner: Planner
    ) -> None:
        self.state = state
        self.plane = plane
        self._database = database
        self._planner = planner
        self._one_at_a_time = asyncio.Lock()
        self._in_force: Plane | None = None  # not known

    async def begin(self) -> None:
        """Put in force what the database says.

        Its last change may be one that cannot be: the process before had written it down, and
        ended before it could take it back. Nobody was answered that it is there.
        """
        try:
            await self._put_in_force(self.state)
        except LabError:
            if not self._database.undo():
                raise
            self.state = self._database.load() or State()
            await self._put_in_force(self.state)

    async def change(self, prepare: Callable[[Change], Result]) -> Result:
        """Prepare a change, put it in force, and return what the preparation returned.

        Raises:
            Refusal: by the preparation, or because it cannot be put in force; nothing changed.
        """
        async with self._one_at_a_time:
            change = Change(self.state, time.time())
            result = prepare(change)
            differences = list(change.differences())
            if not differences:
                return result
            self._database.write(
                ((kind, id, after) for kind, id, _, after in differences),
                before=((kind, id, before) for kind, id, before, _ in differences),
            )
            after = change.result()
            try:
                if self._planner.concerns({kind for kind, _, _, _ in differences}):
                    await self._put_in_force(after)
            except LabError as error:
                self._database.undo()
                raise Refusal(500, "HTTPInternalServerError", str(error)) from error
            self.state = after
            return result

    async def _put_in_force(self, state: State) -> None:
        wanted, before = self._planner.plane(state), self._in_force
        self._in_force = None
        if before is None:
            await self.plane.ask("apply", wanted)
        else:
            await self.plane.ask("change", PlaneDifference.between(before, wanted))
        self._in_force = wanted

    async def look(self) -> Mapping[str, Mapping[str, Any]]:
        """What has become of the instances: id to state, failure and addresses."""
        states: Mapping[str, Mapping[str, Any]] = await self.plane.ask("states")
        return states

    async def running(self) -> frozenset[str]:
        """Ids of the instances that run."""
        states = await self.look()
        return frozenset(id for id, one in states.items() if one["state"] == "running")

    async def claims(self) -> Mapping[str, str]:
        """OVN's virtual ports that have been claimed, each with the parent that has it."""
        claims: Mapping[str, str] = await self.plane.ask("claims")
        return claims

    def context(self, token: str | None) -> Context:
        """Who asks.

        Raises:
            Refusal: 401.
        """
        return context_of(self.state, token, time.time())
