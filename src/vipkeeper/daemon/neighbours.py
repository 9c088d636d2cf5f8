"""Who on the link does not fit this virtual router: other clusters by mistake, unlike files.

The protocol has its reaction to each of them, and keeps it; here it is only remembered who it was
and what about, so that ``vipkeeper status`` can name the offender and the log says what to do.

A sender chooses its source address itself, so everything here is bounded: the table has
:data:`MOST` entries, and an instance says no more than :data:`MOST` things a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from vipkeeper.daemon.journal import REPEAT_AFTER_NS, Journal
from vipkeeper.daemon.settings import Plain
from vipkeeper.vrrp.advertisement import Advertisement, Discard, DiscardReason
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import SECOND_NS

MOST = 8
FORGET_AFTER_NS = 600 * SECOND_NS
"""Who has not been seen for ten minutes has mended it, or has gone."""
NEWCOMER_AFTER_NS = SECOND_NS // 100
"""How often a newcomer takes a place in a full table."""


class Fault(Enum):
    """What does not fit, by the name that ``vipkeeper status --json`` gives it."""

    OTHER_ADDRESSES = "other-addresses"
    OTHER_INTERVAL = "other-interval"
    OTHER_VERSION = "other-version"
    OTHER_PASSWORD = "other-password"  # noqa: S105 the name of a fault
    OTHER_AUTHENTICATION = "other-authentication"
    OTHER_DESTINATION = "other-destination"
    OTHER_TTL = "other-ttl"
    NOT_A_PEER = "not-a-peer"
    UNREADABLE = "unreadable"
    LINK_LOCAL_MISSING = "first-address-not-link-local"
    SECOND_OWNER = "second-owner"
    SAME_IDENTITY = "same-address-and-priority"
    SAME_PRIORITY = "same-priority"
    LATE = "late-adverts"


_FAULTS = {
    DiscardReason.ADDRESS_LIST: Fault.OTHER_ADDRESSES,
    DiscardReason.INTERVAL: Fault.OTHER_INTERVAL,
    DiscardReason.VERSION: Fault.OTHER_VERSION,
    DiscardReason.AUTHENTICATION_FAILURE: Fault.OTHER_PASSWORD,
    DiscardReason.AUTHENTICATION_TYPE: Fault.OTHER_AUTHENTICATION,
    DiscardReason.DESTINATION: Fault.OTHER_DESTINATION,
    DiscardReason.IP_TTL: Fault.OTHER_TTL,
    DiscardReason.UNKNOWN_PEER: Fault.NOT_A_PEER,
    DiscardReason.FIRST_NOT_LINK_LOCAL: Fault.LINK_LOCAL_MISSING,
    DiscardReason.OWNER_CONFLICT: Fault.SECOND_OWNER,
    DiscardReason.OWN_PACKET: Fault.SAME_IDENTITY,
    DiscardReason.CHECKSUM: Fault.UNREADABLE,
    DiscardReason.PACKET_LENGTH: Fault.UNREADABLE,
    DiscardReason.INVALID_TYPE: Fault.UNREADABLE,
    DiscardReason.ZERO_COUNT: Fault.UNREADABLE,
    DiscardReason.ZERO_INTERVAL: Fault.UNREADABLE,
}

_ADVICE = frozenset({Fault.SAME_PRIORITY})
"""Works as it is: told once, not once a minute."""

_ANOTHER_CLUSTER = "another cluster with the same VRID, or one of the two files is not up to date"
_MENDED = "give one of the two clusters another virtual_router_id, or the nodes the same"


def words(
    fault: Fault, router: VirtualRouter, advertisement: Advertisement | None, detail: str
) -> str:
    """What somebody does and what to do about it, completing "192.168.100.9 ..."."""
    vrid = f"VRID {router.vrid}"
    match fault:
        case Fault.OTHER_ADDRESSES if advertisement is not None:
            return (
                f"sends adverts for {vrid} with other addresses {_listed(advertisement.addresses)} "
                f"(ours {_listed(router.addresses)}): {_ANOTHER_CLUSTER}"
            )
        case Fault.OTHER_INTERVAL if advertisement is not None:
            theirs, ours = advertisement.interval_ns, router.advertisement_interval_ns
            effect = (
                "a Backup follows the Active router's"
                if router.version.learns_interval
                else "VRRPv2 discards such adverts, and both routers may be Active"
            )
            return (
                f"advertises {vrid} every {theirs / SECOND_NS:g} s, we every "
                f"{ours / SECOND_NS:g} s: {effect}; set the same advert_int on all nodes"
            )
        case Fault.OTHER_VERSION:
            return (
                f"sends adverts for {vrid} in another version than ours "
                f"(VRRPv{router.version.number}): {_MENDED} version"
            )
        case Fault.OTHER_PASSWORD:
            return f"sends adverts for {vrid} with another password: {_MENDED} auth_pass"
        case Fault.OTHER_AUTHENTICATION:
            return f"sends adverts for {vrid} ({detail}): {_MENDED} auth_type"
        case Fault.OTHER_DESTINATION:
            return (
                f"sends adverts for {vrid} where we do not expect them ({detail}): "
                "unicast_peer, or the same multicast group, must be set on all nodes or on none"
            )
        case Fault.OTHER_TTL:
            return (
                f"sends adverts for {vrid} whose TTL was changed ({detail}): they come through a "
                "router, or it sends another than 255"
            )
        case Fault.NOT_A_PEER:
            return (
                f"sends adverts for {vrid}, and is none of our unicast peers: add it to "
                "unicast_peer, or give it another virtual_router_id"
            )
        case Fault.LINK_LOCAL_MISSING:
            return (
                f"does not list a link-local address first for {vrid} (RFC 9568 5.2.9; some "
                "routers ignore such adverts): put one first into its virtual_ipaddress"
            )
        case Fault.SECOND_OWNER:
            return (
                f"says that it owns the addresses of {vrid}, too (priority 255): only the router "
                "that has them as its own may; give the other one a lower priority"
            )
        case Fault.SAME_IDENTITY:
            return (
                f"sends adverts for {vrid} with our own address and priority: another host has "
                "this address and a copy of this file, or the network sends our adverts back"
            )
        case Fault.SAME_PRIORITY:
            return (
                f"has the same priority {router.priority} as we for {vrid}: addresses break the "
                "tie; give each router its own"
            )
        case _:
            return f"sends packets for {vrid} that are no adverts ({detail})"


@dataclass(slots=True)
class _Offence:
    describe: Callable[[], str]
    first: int
    last: int
    count: int = 0
    told_at: int | None = None
    untold: int = 0


class Neighbours:
    """The offenders of one instance, at most :data:`MOST`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._offences: dict[tuple[str, Fault], _Offence] = {}
        self._made_room_at: int | None = None
        self._told_since = 0
        self._told = 0

    def clear(self) -> None:
        """The configuration is another one: what did not fit may fit now."""
        self._offences.clear()

    def discarded(
        self,
        router: VirtualRouter,
        discard: Discard,
        source: str,
        advertisement: Advertisement | None,
        now: int,
    ) -> None:
        """An advert was not acted on, or is with this remark."""
        fault = _FAULTS.get(discard.reason)
        if fault is not None:
            self.note(
                router.name,
                fault,
                source,
                lambda: words(fault, router, advertisement, discard.detail),
                now,
            )

    def heard(
        self, router: VirtualRouter, advertisement: Advertisement, source: Address, now: int
    ) -> None:
        """An advert is acted on. RFC 9568 8.3.2 advises a priority of its own for each router."""
        if advertisement.priority != router.priority or router.is_owner:
            return
        same = source == router.primary_address
        fault = Fault.SAME_IDENTITY if same else Fault.SAME_PRIORITY
        self.note(
            router.name, fault, str(source), lambda: words(fault, router, advertisement, ""), now
        )

    def note(
        self, instance: str, fault: Fault, source: str, describe: Callable[[], str], now: int
    ) -> None:
        """Remember an offence, and tell it if it is time to."""
        offence = self._offences.get((source, fault))
        if offence is None:
            if len(self._offences) >= MOST and not self._make_room(now):
                return
            offence = self._offences[source, fault] = _Offence(describe, first=now, last=now)
        offence.last, offence.describe = now, describe
        offence.count += 1
        offence.untold += 1
        if offence.told_at is not None and (
            fault in _ADVICE or now - offence.told_at < REPEAT_AFTER_NS
        ):
            return
        if self._may_tell(now):
            self._journal(
                {
                    "record": "neighbour",
                    "at_ns": now,
                    "instance": instance,
                    "source": source,
                    "fault": fault.value,
                    "words": describe(),
                    "count": offence.untold,
                }
            )
            offence.told_at, offence.untold = now, 0

    def _make_room(self, now: int) -> bool:
        """Forget who has been away, otherwise who was seen least.

        A flood of ever new sources does not drive out who is always there. It is told apart by
        nothing else: newcomers are let in at a bounded rate, and it costs no more than counting.
        """
        if self._made_room_at is not None and now - self._made_room_at < NEWCOMER_AFTER_NS:
            return False
        self._made_room_at = now

        def standing(key: tuple[str, Fault]) -> tuple[bool, int, int]:
            offence = self._offences[key]
            return now - offence.last < FORGET_AFTER_NS, offence.count, offence.last

        del self._offences[min(self._offences, key=standing)]
        return True

    def _may_tell(self, now: int) -> bool:
        if now - self._told_since >= REPEAT_AFTER_NS or not self._told:
            self._told_since, self._told = now, 0
        self._told += 1
        return self._told <= MOST

    def to_plain(self, now: int) -> list[Plain]:
        """The last one seen first; instants in ns of the monotonic clock."""
        known = sorted(self._offences.items(), key=lambda item: item[1].last, reverse=True)
        return [
            {
                "source": source,
                "fault": fault.value,
                "words": offence.describe(),
                "count": offence.count,
                "first_ns": offence.first,
                "last_ns": offence.last,
            }
            for (source, fault), offence in known
            if now - offence.last < FORGET_AFTER_NS
        ]


def _listed(addresses: tuple[Address, ...]) -> str:
    shown = ", ".join(map(str, addresses[:4])) or "none"
    return shown if len(addresses) <= 4 else f"{shown} and {len(addresses) - 4} more"
