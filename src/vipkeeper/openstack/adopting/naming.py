"""How things of a cloud are called in a spec: by name where that is enough, else by ID."""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.openstack.declaration.spec import Member
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.choosing import Named
from vipkeeper.openstack.resources import Port


def name_or_id(id: str, known: Iterable[Named]) -> str:
    """The name, where exactly one of what is known has it, and no other has it as an ID."""
    things = tuple(known)
    name = next((one.name for one in things if one.id == id), "")
    same = [one for one in things if name in (one.name, one.id)]
    return name if name and len(same) == 1 else id


def named_member(
    port: Port, found: Found, *, priority: int | None, interface: str | None
) -> Member:
    """A member by its server, where the server has no other port in the network."""
    known = {"priority": priority, **({"interface": interface} if interface else {})}
    is_known = any(one.id == port.device_id for one in found.servers)
    has_another = any(
        one.device_id == port.device_id and one.id != port.id and one.network_id == port.network_id
        for one in found.ports
    )
    if is_known and not has_another:
        return Member.model_validate({"server": name_or_id(port.device_id, found.servers), **known})
    return Member.model_validate({"port": name_or_id(port.id, found.ports), **known})
