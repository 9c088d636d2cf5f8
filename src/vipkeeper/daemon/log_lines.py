"""Records as log lines, word for word as keepalived 2.2.7 writes them.

Everybody who runs keepalived has alerts and habits built on these words, so they are kept even
where they are odd. Lines that keepalived writes only with ``--log-detail`` are marked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vipkeeper.daemon.journal import Record
from vipkeeper.vrrp.advertisement import DiscardReason
from vipkeeper.vrrp.events import ShutdownCause, StartupCause


@dataclass(frozen=True, slots=True)
class Line:
    """A log line; ``detail``: only with ``-D``."""

    text: str
    detail: bool = False


def lines(record: Record) -> list[Line]:
    """What keepalived would say; nothing for a record it has no words for."""
    render = _RENDERERS.get(record["record"])
    return list(render(record)) if render else []


def _transition(record: Record) -> Iterator[Line]:
    name = f"({record['instance']})"
    render = _RULES.get(record["rule"])
    if render:
        yield from render(name, record)


def _became_active_at_once(name: str, record: Record) -> Iterator[Line]:
    yield Line(f"{name} Entering MASTER STATE")
    yield Line(f"{name} setting VIPs.", detail=True)


def _became_backup(name: str, record: Record) -> Iterator[Line]:
    if record["cause"] == StartupCause.STARTED.value:
        yield Line(f"{name} removing VIPs.", detail=True)
        yield Line(f"{name} Entering BACKUP STATE (init)")
    else:
        yield Line(f"{name} Entering BACKUP STATE")


def _timed_out(name: str, record: Record) -> Iterator[Line]:
    yield Line(f"{name} Receive advertisement timeout", detail=True)
    yield from _became_active_at_once(name, record)


def _heard_resignation(name: str, record: Record) -> Iterator[Line]:
    yield Line(f"{name} Backup received priority 0 advertisement", detail=True)


def _ignored_lower_priority(name: str, record: Record) -> Iterator[Line]:
    yield Line(
        f"{name} received lower priority ({record['received_priority']}) advert "
        f"from {record['source']} - discarding"
    )


def _yielded(name: str, record: Record) -> Iterator[Line]:
    theirs, ours = record["received_priority"], record["priority"]
    advert = f"{name} Master received advert from {record['source']}"
    if theirs > ours:
        yield Line(f"{advert} with higher priority {theirs}, ours {ours}")
    else:
        yield Line(f"{advert} with same priority {theirs} but higher IP address than ours")
    yield Line(f"{name} Entering BACKUP STATE")
    yield Line(f"{name} removing VIPs.", detail=True)


def _answered_loser(name: str, record: Record) -> Iterator[Line]:
    yield Line(
        f"{name} Received advert from {record['source']} with lower priority "
        f"{record['received_priority']}, ours {record['priority']}, forcing new election"
    )


def _hands_over(name: str, record: Record) -> Iterator[Line]:
    yield Line(f"{name} sent 0 priority", detail=True)
    yield Line(f"{name} hands over: it answers for the VIPs until its successor does")


def _nobody_came(name: str, record: Record) -> Iterator[Line]:
    yield Line(f"{name} nobody came to take over")
    yield from _became_active_at_once(name, record)


def _handed_over(name: str, record: Record) -> Iterator[Line]:
    successor = record["successor"]
    to_whom = f"has handed over to {successor}" if successor else "nobody came to take over"
    yield Line(f"{name} {to_whom}")
    yield Line(f"{name} removing VIPs.", detail=True)
    if record["new"] == "Backup":
        yield Line(f"{name} Entering BACKUP STATE")


def _broke_off_handing_over(name: str, record: Record) -> Iterator[Line]:
    yield from _fault(name, record)
    yield Line(f"{name} removing VIPs.", detail=True)


def _listens_anew(name: str, record: Record) -> Iterator[Line]:
    yield Line(f"{name} was not run for too long, and listens first")


def _withdrew(name: str, record: Record) -> Iterator[Line]:
    yield Line(f"{name} was not run for so long that others have taken over, and listens first")
    yield Line(f"{name} Entering BACKUP STATE")
    yield Line(f"{name} removing VIPs.", detail=True)


def _left_backup(name: str, record: Record) -> Iterator[Line]:
    yield from _fault(name, record)


def _resigned(name: str, record: Record) -> Iterator[Line]:
    yield from _fault(name, record)
    yield Line(f"{name} sent 0 priority", detail=True)
    yield Line(f"{name} removing VIPs.", detail=True)


_QUIET = (ShutdownCause.STOPPED, ShutdownCause.STOPPED_AT_ONCE, ShutdownCause.RECONFIGURED)
"""Where keepalived says nothing of a FAULT."""


def _fault(name: str, record: Record) -> Iterator[Line]:
    cause = record["cause"]
    if ShutdownCause(cause) in _QUIET:
        return
    if cause == ShutdownCause.NO_PRIMARY_ADDRESS.value:
        yield Line(f"{name} entering FAULT state (no IPv{record['family']} address for interface)")
    elif cause == ShutdownCause.NO_SOURCE_ADDRESS.value:
        yield Line(f"{name}: entering FAULT state (src address not configured)")
    yield Line(f"{name} Entering FAULT STATE")


def _waiting(record: Record) -> Iterator[Line]:
    """Why it takes no part; keepalived says so only where it starts like that."""
    if not record["starts"]:
        return
    name = f"({record['instance']})"
    match ShutdownCause(record["cause"]):
        case ShutdownCause.INTERFACE_DOWN:
            yield Line(f"{name}: entering FAULT state (interface {record['interface']} down)")
        case ShutdownCause.NO_PRIMARY_ADDRESS:
            missing = f"no IPv{record['family']} address for interface"
            yield Line(f"{name} entering FAULT state ({missing})")
        case ShutdownCause.NO_SOURCE_ADDRESS:
            yield Line(f"{name}: entering FAULT state (src address not configured)")
        case ShutdownCause.NO_VIRTUAL_INTERFACE:
            missing = "no interface with the virtual MAC address"
            yield Line(f"{name} entering FAULT state ({missing})")
        case ShutdownCause.NO_VIRTUAL_ADDRESS:
            yield Line(f"{name} entering FAULT state (no virtual address to advertise)")
    yield Line(f"{name} entering FAULT state")
    yield Line(f"{name} removing VIPs.", detail=True)


def _restored(record: Record) -> Iterator[Line]:
    for interface, address, count in record["addresses"]:
        times = _times(count)
        yield Line(f"Netlink reflector reports IP {address} removed from {interface}{times}")
    yield Line(f"({record['instance']}) setting VIPs.", detail=True)


def _overslept(record: Record) -> Iterator[Line]:
    yield Line(f"A thread timer expired {record['lateness_ns'] / 1e9:.6f} seconds ago")


def _discard(record: Record) -> Iterator[Line]:
    detail = record["detail"]
    if record["instance"] is not None:
        yield Line(f"({record['instance']}) {detail}")
    elif record["reason"] == DiscardReason.VRID.value:
        yield Line(detail, detail=True)
    else:  # keepalived, which reads packets by VRID first, has no words for these
        packet = f"packet from {record['source']} on {record['interface']}"
        yield Line(f"{packet} discarded: {detail}", detail=True)


def _neighbour(record: Record) -> Iterator[Line]:
    """Of our own making: keepalived names no offender."""
    times = _times(record["count"])
    yield Line(f"({record['instance']}) {record['source']} {record['words']}{times}")


def _times(count: int) -> str:
    return f" ({count} times since this was last said)" if count > 1 else ""


def _still_active(record: Record) -> Iterator[Line]:
    """Of our own making: keepalived's own line comes for every advert."""
    yield Line(
        f"({record['instance']}) still active: {record['source']} with priority "
        f"{record['received_priority']} was active beside us and loses; announcing again"
    )


def _priority(record: Record) -> Iterator[Line]:
    yield Line(
        f"({record['instance']}) Changing effective priority "
        f"from {record['old']} to {record['new']}"
    )


def _link(record: Record) -> Iterator[Line]:
    yield Line(f"Netlink reports {record['interface']} {'up' if record['usable'] else 'down'}")


def _announcement(record: Record) -> Iterator[Line]:
    begun: set[tuple[str, str]] = set()
    for interface, address in record["frames"]:
        is_ipv6 = ":" in address
        if (interface, address) not in begun:
            begun.add((interface, address))
            frames = "Unsolicited Neighbour Adverts" if is_ipv6 else "gratuitous ARPs"
            yield Line(
                f"({record['instance']}) Sending/queueing {frames} on {interface} for {address}",
                detail=True,
            )
        frame = "unsolicited Neighbour Advert" if is_ipv6 else "gratuitous ARP"
        yield Line(f"Sending {frame} on {interface} for {address}", detail=True)


def _kernel_error(record: Record) -> Iterator[Line]:
    yield Line(f"({record['instance']}) {record['message']}")


_RULES: dict[str, Callable[[str, Record], Iterator[Line]]] = {
    "6.4.1 a": _became_active_at_once,
    "6.4.1 b": _became_backup,
    "6.4.2 a": _left_backup,
    "6.4.2 b": _timed_out,
    "6.4.2 c": _heard_resignation,
    "6.4.2 f": _ignored_lower_priority,
    "6.4.3 a": _resigned,
    "6.4.3 d": _yielded,
    "6.4.3 e": _answered_loser,
    "handover a": _hands_over,
    "handover b": _hands_over,
    "handover c": _nobody_came,
    "handover d": _handed_over,
    "handover i": _broke_off_handing_over,
    "late a": _listens_anew,
    "late b": _withdrew,
}

_RENDERERS: dict[str, Callable[[Record], Iterator[Line]]] = {
    "transition": _transition,
    "waiting": _waiting,
    "discard": _discard,
    "neighbour": _neighbour,
    "still-active": _still_active,
    "priority": _priority,
    "link": _link,
    "announcement": _announcement,
    "restored": _restored,
    "kernel-error": _kernel_error,
    "overslept": _overslept,
}


def structured(record: Record) -> str:
    """The transition and its reason for machines: what keepalived's line does not say."""
    shown = {key: value for key, value in record.items() if key not in ("record", "at_ns")}
    return "transition " + json.dumps(shown, separators=(", ", ": "))
