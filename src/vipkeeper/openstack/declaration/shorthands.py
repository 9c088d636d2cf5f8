"""What a person may write shorter: ``80``, ``443/tcp``, ``test01``, ``ip: dual``.

Each function takes what was written and gives what the spec's models take. What it cannot read it
hands on, and the model says what is wanted; or it raises
:func:`~vipkeeper.openstack.declaration.faults.faults` where it knows better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from vipkeeper.openstack.declaration.faults import Location, faults, shown, unknown

_PORT = re.compile(r"(?P<first>\d+)(?:\s*-\s*(?P<last>\d+))?(?:/(?P<protocol>[a-z]+))?")
_PROTOCOLS = ("tcp", "udp", "sctp")
_WRITTEN_PORT = ("port", "protocol", "from")
_LARGEST_PORT = 65535


def families(written: Any) -> Any:
    """``4``, ``6`` or ``dual``."""
    match written:
        case bool():
            return written
        case 4 | "4":
            return (4,)
        case 6 | "6":
            return (6,)
        case "dual":
            return (4, 6)
        case _:
            return written


def families_of(addresses: Any) -> tuple[int, ...]:
    """Those of the addresses that can be read."""
    found = set()
    for one in as_list(addresses):
        try:
            found.add(ip_address(one).version)
        except ValueError:
            continue
    return tuple(sorted(found))


def as_list(written: Any) -> Any:
    """A single value as a list of one."""
    return written if isinstance(written, list | tuple) else [written]


def address(written: Any) -> Any:
    """An address that a port may have; a number is none, whatever ipaddress makes of it."""
    if isinstance(written, IPv4Address | IPv6Address):
        found = written
    elif isinstance(written, str):
        try:
            found = ip_address(written)
        except ValueError:
            raise faults(((), _no_address(written))) from None
    else:
        wanted = "an address in quotes" if isinstance(written, int) else "an address"
        raise faults(((), f"is {shown(written)}, {wanted} is wanted"))
    if getattr(found, "scope_id", None):
        raise faults(((), f"is {shown(written)}: an address without '%' is wanted"))
    for kind in ("multicast", "unspecified", "loopback"):
        if getattr(found, f"is_{kind}"):
            raise faults(((), f"is {found}, a {kind} address: no port can have it"))
    return found


def _no_address(written: str) -> str:
    without_prefix = written.partition("/")[0]
    if without_prefix != written and _is_address(without_prefix):
        return f"is {shown(written)}, an address without a prefix is wanted: {without_prefix}"
    return f"is {shown(written)}, an address as 192.168.100.196 or fd00::196 is wanted"


def network(written: Any) -> Any:
    """A network that clients are in, as ``10.0.0.0/8``; an address is a network of one."""
    if not isinstance(written, str):
        return written if not isinstance(written, int) else str(written)
    try:
        return ip_network(written)
    except ValueError:
        pass
    try:
        meant = ip_network(written, strict=False)
    except ValueError:
        return written
    raise faults(((), f"is {shown(written)}, which is an address in a network; write {meant}"))


def floating_ip(written: Any) -> Any:
    """``true``, ``none``, a network, or an address."""
    match written:
        case True:
            return {}
        case False | "none":
            return None
        case str() if _is_address(written):
            return {"address": written}
        case str():
            return {"network": written}
        case _:
            return written


def member(written: Any) -> Any:
    """A server's name or ID."""
    return {"server": written} if isinstance(written, str) else written


def service_port(written: Any) -> Any:
    """``80``, ``443/tcp``, ``8000-8010``, ``icmp``, or a mapping with ``port`` and ``from``."""
    if isinstance(written, bool) or not isinstance(written, int | str | Mapping):
        return written
    if isinstance(written, int | str):
        return _port(str(written), ())
    if "first" in written:  # the model's own words
        return {"last": written["first"], **written}
    if written.get("protocol") == "icmp" and "port" not in written:
        return written
    wrong: list[tuple[Location, str]] = [
        ((str(key),), unknown(key, _WRITTEN_PORT)) for key in written if key not in _WRITTEN_PORT
    ]
    if wrong:
        raise faults(*wrong)
    rest = {key: value for key, value in written.items() if key != "port"}
    if "port" not in written:
        raise faults((("port",), "is missing, a port as 80 or 8000-8010 is wanted"))
    if isinstance(written["port"], bool) or not isinstance(written["port"], int | str):
        raise faults((("port",), f"is {shown(written['port'])}, a port as 80 is wanted"))
    return _merged(_port(str(written["port"]), ("port",)), rest)


def _port(text: str, location: Location) -> dict[str, Any]:
    if text == "icmp":
        return {"protocol": "icmp"}
    match = _PORT.fullmatch(text.strip().lower())
    if match is None:
        what = "a port as 80, 443/tcp, 53/udp or 8000-8010, or icmp, is wanted"
        raise faults((location, f"is {shown(text)}, {what}"))
    protocol = match["protocol"] or "tcp"
    first, last = int(match["first"]), int(match["last"] or match["first"])
    if protocol == "icmp":
        raise faults((location, f"is {shown(text)}: icmp has no ports"))
    if protocol not in _PROTOCOLS:
        raise faults((location, f"is {shown(text)}, the protocol is one of tcp, udp and sctp"))
    if not all(1 <= one <= _LARGEST_PORT for one in (first, last)):
        raise faults((location, f"is {shown(text)}, ports go from 1 to {_LARGEST_PORT}"))
    if first > last:
        raise faults((location, f"is {shown(text)}, which goes backwards; write {last}-{first}"))
    known: dict[str, Any] = {"first": first, "last": last}
    return {**known, "protocol": protocol} if match["protocol"] else known


def _merged(port: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    """The port of a mapping, with its other keys."""
    protocol = rest.get("protocol", port.get("protocol"))
    if protocol == "icmp" and "first" in port:
        raise faults((("port",), "is given, and icmp has no ports"))
    if "protocol" in port and protocol != port["protocol"]:
        raise faults((("protocol",), f"is {shown(protocol)}, and the port says {port['protocol']}"))
    return {**port, **rest}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
