"""Things by what people call them: a name, where it is one thing's only, or an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from vipkeeper.errors import LabError
from vipkeeper.lab.cloud.machine import Machine
from vipkeeper.lab.plane import Plane, Port

_Named = TypeVar("_Named", Machine, Port)


def machine(machines: Mapping[str, Machine], wanted: str) -> Machine:
    """The instance of an id or a name.

    Raises:
        LabError: there is none, or there are several.
    """
    return machines.get(wanted) or _by_name([*machines.values()], wanted, "instance")


def machine_of_id(machines: Mapping[str, Machine], id: str) -> Machine:
    if id not in machines:
        raise LabError(f"there is no instance {id!r}")
    return machines[id]


def port(plane: Plane, wanted: str) -> Port:
    """The port of an id or a name.

    Raises:
        LabError: there is none, or there are several.
    """
    by_id = next((one for one in plane.ports if one.id == wanted), None)
    return by_id or _by_name(plane.ports, wanted, "port")


def group(plane: Plane, wanted: str) -> str:
    """The id of the group of an id or a name.

    Raises:
        LabError: there is none, or there are several.
    """
    ids = [one.name for one in plane.security_groups]
    if wanted in ids:
        return wanted
    named = [id for id in ids if plane.group_names.get(id) == wanted]
    if not named:
        raise no_group(plane, wanted)
    if len(named) > 1:
        raise _ambiguous("security group", wanted, named)
    return named[0]


def no_group(plane: Plane, wanted: str) -> LabError:
    known = sorted(plane.group_names.get(one.name, one.name) for one in plane.security_groups)
    return LabError(
        f"there is no security group {wanted!r}", remedy=f"there are: {', '.join(known)}"
    )


def _by_name(things: Sequence[_Named], wanted: str, kind: str) -> _Named:
    named = [thing for thing in things if thing.name == wanted]
    if len(named) > 1:
        raise _ambiguous(kind, wanted, [thing.id for thing in named])
    if not named:
        known = ", ".join(thing.name or thing.id for thing in things) or "none"
        raise LabError(f"there is no {kind} {wanted!r}", remedy=f"there are: {known}")
    return named[0]


def _ambiguous(kind: str, wanted: str, ids: Sequence[str]) -> LabError:
    return LabError(
        f"{len(ids)} {kind}s are named {wanted!r}", remedy=f"say which: {', '.join(ids)}"
    )
