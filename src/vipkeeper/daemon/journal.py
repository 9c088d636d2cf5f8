"""What happened, as plain data: one record for each transition, discard and failure.

The speaker writes records, the keeper reads them: it turns them into log lines, runs the hooks
and keeps the last ones for ``vipkeeper status``. A record is a dictionary that json can write;
``record`` says what it is, ``at_ns`` when it happened on the monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vipkeeper.daemon.ietf_events import ERRORS
from vipkeeper.errors import KernelError
from vipkeeper.vrrp.advertisement import Discard
from vipkeeper.vrrp.events import AdvertisementReceived, Shutdown, Startup
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.router import VirtualRouter

Record = dict[str, Any]
Journal = Callable[[Record], None]
"""Where records go."""

REPEAT_AFTER_NS = 60_000_000_000
"""The same kind of bad packet is reported once, then once a minute with how many there were."""


def transition_record(router: VirtualRouter, transition: Transition, now: int) -> Record:
    """What the state machine did, and by which rule."""
    assert transition.rule is not None
    record: Record = {
        "record": "transition",
        "at_ns": now,
        "instance": router.name,
        "interface": router.interface,
        "family": router.family.value,
        "old": type(transition.old).__name__,
        "new": type(transition.new).__name__,
        "event": type(transition.event).__name__,
        "rule": transition.rule.name,
        "because": transition.rule.because,
        "priority": router.priority,
    }
    match transition.event:
        case AdvertisementReceived(advertisement, source):
            record["source"] = str(source)
            record["received_priority"] = advertisement.priority
        case Startup(cause) | Shutdown(cause):
            record["cause"] = cause.value
    return record


def kernel_error_record(instance: str, error: KernelError, now: int) -> Record:
    """What the kernel refused; ``instance`` may be an interface that several share."""
    return {
        "record": "kernel-error",
        "at_ns": now,
        "instance": instance,
        "message": error.message,
    }


ROUTINE_RULES = frozenset({"6.4.2 d", "6.4.3 b"})
"""What happens at every advert while nothing changes: no record."""


class RepeatedRemarks:
    """Which transitions are worth a record, bounded whatever arrives.

    Each change of state is; the same rule without a change only once in an interval, for what
    makes it fire (a losing router's adverts) is somebody else's to send.
    """

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._remarked: dict[str, int] = {}

    def is_worth_it(self, transition: Transition, now: int) -> bool:
        assert transition.rule is not None
        name = transition.rule.name
        if transition.changes_state:
            self._remarked.clear()
            return True
        if name in ROUTINE_RULES:
            return False
        last = self._remarked.get(name)
        # Half of it: adverts that come once an interval are each remarked, early or late.
        if last is not None and now - last < self._interval_ns // 2:
            return False
        self._remarked[name] = now
        return True


class DiscardLog:
    """Reports discarded packets, bounded whatever arrives."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._reported: dict[tuple[str, str], int] = {}
        self._suppressed: dict[tuple[str, str], int] = {}

    def discarded(
        self, interface: str, instance: str | None, discard: Discard, source: str, now: int
    ) -> None:
        # Neither the source nor the VRID is part of the key: both are the sender's to choose,
        # and a flood that varies them would not be bounded.
        key = (instance or interface, discard.reason.value)
        last = self._reported.get(key)
        if last is not None and now - last < REPEAT_AFTER_NS:
            self._suppressed[key] = self._suppressed.get(key, 0) + 1
            return
        self._reported[key] = now
        self._journal(
            {
                "record": "discard",
                "at_ns": now,
                "interface": interface,
                "instance": instance,
                "reason": discard.reason.value,
                "error": ERRORS.get(discard.reason),
                "detail": discard.detail,
                "vrid": discard.vrid,
                "source": source,
                "suppressed": self._suppressed.pop(key, 0),
            }
        )
