"""The counters of RFC 8347, under their names, and the few it has no name for."""

from __future__ import annotations

from vipkeeper.vrrp.advertisement import ChecksumForm, DiscardReason

GLOBAL_REASONS = (
    DiscardReason.CHECKSUM,
    DiscardReason.VERSION,
    DiscardReason.VRID,
    DiscardReason.IP_TTL,
    DiscardReason.DESTINATION,
)
"""RFC 8347 counts these for all virtual routers together (``/vrrp/statistics``); it has no name
for the last."""

SENT = "advertisement-sent"
RECEIVED = "advertisement-rcvd"
RESIGNATIONS_SENT = "priority-zero-pkts-sent"
RESIGNATIONS_RECEIVED = "priority-zero-pkts-rcvd"
TRANSITIONS = "master-transitions"
SEND_ERRORS = "send-errors"  # no standard name
ANNOUNCEMENTS_SENT = "gratuitous-arps-sent"  # or Neighbor Advertisements; no standard name
CHECKSUM_FORMS = {form: f"checksum-{form.value}-rcvd" for form in ChecksumForm}
"""Which form the checksum of an accepted advert was right in; no standard name."""

INSTANCE_COUNTERS = (
    TRANSITIONS,
    RECEIVED,
    SENT,
    RESIGNATIONS_RECEIVED,
    RESIGNATIONS_SENT,
    SEND_ERRORS,
    ANNOUNCEMENTS_SENT,
    *CHECKSUM_FORMS.values(),
    *(reason.value for reason in DiscardReason if reason not in GLOBAL_REASONS),
)


class Statistics:
    """Counters that start at 0 when the daemon does (``discontinuity-datetime``)."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._counters = dict.fromkeys(names, 0)

    def count(self, name: str, by: int = 1) -> None:
        self._counters[name] += by

    def __getitem__(self, name: str) -> int:
        return self._counters[name]

    def to_plain(self) -> dict[str, int]:
        return dict(self._counters)


def global_statistics() -> Statistics:
    incomplete = DiscardReason.INCOMPLETE_PACKET
    return Statistics(tuple(reason.value for reason in (*GLOBAL_REASONS, incomplete)))


def instance_statistics() -> Statistics:
    return Statistics(INSTANCE_COUNTERS)
