"""What parts of a spec must not contradict each other in.

Each function gives the faults, with the way to them from the part that is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from vipkeeper.openstack.declaration.faults import Location

Faults = list[tuple[Location, str]]

LONGEST_PASSWORD = 8  # bytes: RFC 2338 5.3.6 has two 32-bit words for it
LONGEST_INTERVAL_3 = 40.95  # twelve bits of centiseconds, RFC 9568 5.2.7
_HUNDREDTHS = 100
# Between double quotes, where keepalived.conf has the password: another quote, what takes a quote's
# meaning, and a parameter.
_UNFIT = ('"', "\\", "${")


def of_password(password: str) -> Faults:
    """What neither an advert nor keepalived.conf can hold; the words do not tell the password."""
    length = len(password.encode())
    if not password:
        return [((), "is empty: no password, no authentication")]
    if length > LONGEST_PASSWORD:
        what = f"has {length} bytes, and keepalived cuts it to {LONGEST_PASSWORD}"
        return [((), f"{what}; write {LONGEST_PASSWORD}, so that nobody is misled")]
    if not (password.isascii() and password.isprintable()):
        return [
            ((), "has characters that are not printable ASCII: keepalived.conf cannot say them")
        ]
    if unfit := [one for one in _UNFIT if one in password]:
        return [((), f"has {unfit[0]!r}, which keepalived.conf cannot say")]
    return []


def of_interval(interval: float, protocol_version: int) -> Faults:
    """RFC 2338 5.3.7: whole seconds, one byte. RFC 9568 5.2.7: centiseconds, twelve bits."""
    if protocol_version == 2:
        if interval == int(interval):
            return []
        return [((), f"is {interval:g}: VRRPv2 counts whole seconds; a fraction needs version 3")]
    if interval > LONGEST_INTERVAL_3:
        return [((), f"is {interval:g}: VRRPv3 says at most {LONGEST_INTERVAL_3} seconds")]
    if abs(interval * _HUNDREDTHS - round(interval * _HUNDREDTHS)) > 1e-6:
        return [((), f"is {interval:g}: VRRPv3 counts in steps of 0.01 seconds")]
    return []


def of_members(named: Sequence[tuple[str, str] | None], priorities: Sequence[int | None]) -> Faults:
    """Two members that are one, and two that would both be the better one.

    Args:
        named: each member's kind (server, port) and name; None where it cannot be read.
        priorities: None where it cannot be read, or is not known.
    """
    found: Faults = []
    for at, earlier in _twice(named):
        kind, name = named[at] or ("", "")
        found.append(((at, kind), f"is {name!r}, as members[{earlier}] is: name each member once"))
    for at, earlier in _twice(priorities):
        words = f"is {priorities[at]}, as that of members[{earlier}] is"
        found.append(((at, "priority"), f"{words}: who wins would depend on addresses"))
    return found


def of_written_members(written: Any) -> Faults:
    """The same of a list that holds something wrong: what can be read of it."""
    if not isinstance(written, list | tuple):
        return []
    named: list[tuple[str, str] | None] = []
    priorities: list[int | None] = []
    for one in written:
        mapping = {"server": one} if isinstance(one, str) else one
        known = mapping if isinstance(mapping, Mapping) else {}
        names = [(key, known[key]) for key in ("server", "port") if isinstance(known.get(key), str)]
        named.append(names[0] if names else None)
        priority = known.get("priority")
        priorities.append(priority if isinstance(priority, int) else None)
    return of_members(named, priorities)


def of_addresses(addresses: Sequence[IPv4Address | IPv6Address], families: Sequence[int]) -> Faults:
    """At most one of each family, and of no other; None is one that cannot be read."""
    found: Faults = [
        ((at,), f"is {one} (IPv{one.version}), and ip is {_ip(families)}")
        for at, one in enumerate(addresses)
        if one is not None and one.version not in families
    ]
    for at, earlier in _twice([one and one.version for one in addresses]):
        words = f"is {addresses[at]}, of the same family as address[{earlier}]"
        found.append(((at,), f"{words}: one of each is wanted"))
    return found


def of_sources(
    sources: Iterable[IPv4Network | IPv6Network | None], families: Sequence[int]
) -> Faults:
    """Who could never ask: the other family's network."""
    return [
        ((at, "from"), f"is {source} (IPv{source.version}), and ip is {_ip(families)}")
        for at, source in enumerate(sources)
        if source is not None and source.version not in families
    ]


def of_repetition(values: Sequence[Any], what: str) -> Faults:
    return [((at,), f"is {what}[{earlier}] again") for at, earlier in _twice(values)]


def of_version(version: int | None, authenticated: bool, families: Sequence[int]) -> Faults:
    """VRRPv2 is for IPv4 (RFC 3768 1.2), and IPv6 needs VRRPv3."""
    if 6 not in families:
        return []
    if version == 2:
        return [(("version",), "is 2, which is for IPv4 only: IPv6 needs 3")]
    if authenticated and version is None:
        return [(("authentication",), "is VRRPv2's, and IPv6 needs VRRPv3, which has none")]
    return []


def _ip(families: Sequence[int]) -> str:
    return "dual" if len(families) == 2 else str(families[0])


def _twice(values: Sequence[Any]) -> Iterable[tuple[int, int]]:
    """The indices of what was there already, and of the first that it is like; None is nothing."""
    first: dict[Any, int] = {}
    for at, value in enumerate(values):
        if value is None:
            continue
        if value in first:
            yield at, first[value]
        else:
            first[value] = at
