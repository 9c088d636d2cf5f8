"""What is received: each packet to the virtual router that it is for, and counted if to none."""

from __future__ import annotations

from collections.abc import Mapping

from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.journal import DiscardLog
from vipkeeper.daemon.settings import Identity
from vipkeeper.daemon.statistics import GLOBAL_REASONS, Statistics
from vipkeeper.vrrp.admission import attribute
from vipkeeper.vrrp.advertisement import Advertisement, Discard, DiscardReason, decode
from vipkeeper.vrrp.datagram import Datagram
from vipkeeper.vrrp.version import Family

MOST_KNOWN = 1024
"""Adverts that are not read anew while a router repeats itself: decoding is pure. Only those that
reach a virtual router are kept, so that a flood of others costs no memory."""


class Reception:
    """Reads packets and hands them on (RFC 9568 7.1).

    Args:
        instances: the virtual routers of this host; the caller adds to them and removes.
        statistics: what RFC 8347 counts for all of them together.
    """

    def __init__(
        self, instances: Mapping[Identity, Instance], statistics: Statistics, discards: DiscardLog
    ) -> None:
        self._instances = instances
        self._statistics = statistics
        self._discards = discards
        self._known: dict[
            tuple[Family, int, int, int, bytes], tuple[Datagram, Advertisement | Discard]
        ] = {}

    def packet_came(
        self, interface: str, family: Family, datagram: Datagram, now: int
    ) -> Instance | None:
        """Let the virtual router that it is for take part; returns it, None if it came to none.

        A VRID means a virtual router of this interface and this family only.
        """
        key = (
            family,
            int(datagram.source),
            int(datagram.destination),
            datagram.ttl,
            datagram.payload,
        )
        known = self._known.get(key)
        if known is None:
            verdict = decode(datagram.payload, datagram.source, datagram.destination)
        else:
            datagram, verdict = known
        instance = self._instances.get((interface, family, verdict.vrid or 0))
        if isinstance(verdict, Discard):
            discard = attribute(verdict, ours=instance is not None)
            self._discard(interface, instance, discard, str(datagram.source), now)
            return None
        if instance is None:
            unknown = Discard(
                DiscardReason.VRID,
                f"Unknown VRID({verdict.vrid}) received on interface({interface}). ignoring...",
                verdict.vrid,
            )
            self._discard(interface, None, unknown, str(datagram.source), now)
            return None
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = datagram, verdict
        discarded = instance.receive(verdict, datagram, now)
        if discarded is not None and discarded.reason in GLOBAL_REASONS:
            self._statistics.count(discarded.reason.value)
        return instance

    def _discard(
        self, interface: str, instance: Instance | None, discard: Discard, source: str, now: int
    ) -> None:
        """A packet that came to nobody, or that its virtual router cannot read."""
        if discard.reason in GLOBAL_REASONS:
            self._statistics.count(discard.reason.value)
        if instance is None:
            self._discards.discarded(interface, None, discard, source, now)
        else:
            instance.discard(discard, source, now)
