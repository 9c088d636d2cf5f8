"""The counters of RFC 8347, under their names, and the few it has no name for."""

from __future__ import annotations

from vipkeeper.vrrp.advertisement import ChecksumForm, DiscardReason

GLOBAL_REASONS = (
    DiscardReason.CHECKSUM,
    DiscardReason.VERSION,
    DiscardReason.VRID,
    DiscardReason.IP_TTL,
    DiscardReason.DESTINATION,
    DiscardReason.INCOMPLETE_PACKET,
)
"""RFC 8347 counts these for all virtual routers together (``/vrrp/statistics``); it has no name
for the last two."""

SENT = "advertisement-sent"
RECEIVED = "advertisement-rcvd"
RESIGNATIONS_SENT = "priority-zero-pkts-sent"
RESIGNATIONS_RECEIVED = "priority-zero-pkts-rcvd"
TRANSITIONS = "master-transitions"
SEND_ERRORS = "send-errors"  # no standard name
ARPS_SENT = "gratuitous-arps-sent"  # no standard name
NEIGHBOR_ADVERTISEMENTS_SENT = "neighbor-advertisements-sent"  # unsolicited; no standard name
CHECKSUM_FORMS = {form: f"checksum-{form.value}-rcvd" for form in ChecksumForm}
"""Which form the checksum of an accepted advert was right in; no standard name."""

INSTANCE_COUNTERS = (
    TRANSITIONS,
    RECEIVED,
    SENT,
    RESIGNATIONS_RECEIVED,
    RESIGNATIONS_SENT,
    SEND_ERRORS,
    ARPS_SENT,
    NEIGHBOR_ADVERTISEMENTS_SENT,
    *CHECKSUM_FORMS.values(),
    *(reason.value for reason in DiscardReason if reason not in GLOBAL_REASONS),
)


class Statistics:
    """Counters.

    Attributes:
        since: when they were 0 (ns): the last start, for nothing sets them back
            (``discontinuity-datetime``).
    """

    def __init__(self, names: tuple[str, ...], since: int) -> None:
        self._counters = dict.fromkeys(names, 0)
        self.since = since

    def count(self, name: str, by: int = 1) -> None:
        self._counters[name] += by

    def __getitem__(self, name: str) -> int:
        return self._counters[name]

    def to_plain(self) -> dict[str, int]:
        """With the instant under the name of its leaf, for :mod:`.ietf_vrrp` to make a time of."""
        return {"discontinuity-datetime": self.since, **self._counters}


def global_statistics(now: int = 0) -> Statistics:
    return Statistics(tuple(reason.value for reason in GLOBAL_REASONS), now)


def instance_statistics(now: int = 0) -> Statistics:
    return Statistics(INSTANCE_COUNTERS, now)
