"""Whether a router takes over again and again from one that never went away (RFC 9568 2.5).

At small intervals a busy machine or network delays adverts by more than the Active_Down_Interval:
a Backup becomes Active, hears the late advert, and yields. That the other router was there all
the time shows in how soon it is heard again: one that had really been away waits for an
Active_Down_Interval itself.
"""

from __future__ import annotations

from collections import deque

from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.events import AdvertisementReceived, TimerFired
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup
from vipkeeper.vrrp.version import SECOND_NS

TIMES = 3
WITHIN_NS = 60 * SECOND_NS
_STEP_NS = 10_000_000


class FlapWatch:
    """Sees each transition of one instance."""

    def __init__(self) -> None:
        self._followed: tuple[Address, int] | None = None
        self._taken_over: tuple[Address, int, int] | None = None
        self._yielded: deque[tuple[int, int]] = deque(maxlen=TIMES)

    def note(self, router: VirtualRouter, transition: Transition, now: int) -> str | None:
        """What the late router does, completing "192.168.100.9 ..."; None unless it is too much."""
        event, new = transition.event, transition.new
        if not transition.changes_state:
            if isinstance(event, AdvertisementReceived) and isinstance(new, Backup):
                follows = event.advertisement.priority >= router.priority
                self._followed = (event.source, now) if follows else None
            return None
        followed, self._followed = self._followed, None
        taken_over, self._taken_over = self._taken_over, None
        if isinstance(new, Active) and isinstance(event, TimerFired) and followed is not None:
            source, heard_at = followed
            self._taken_over = source, heard_at, now
        elif isinstance(new, Backup) and isinstance(event, AdvertisementReceived):
            self._followed = event.source, now
            if taken_over is not None and taken_over[0] == event.source:
                return self._yields(router, new, now, taken_over[1], taken_over[2])
        return None

    def _yields(
        self, router: VirtualRouter, new: Backup, now: int, heard_at: int, taken_at: int
    ) -> str | None:
        if now - taken_at > router.active_down_interval_ns(new.active_adver_interval_ns):
            return None
        self._yielded.append((now, now - heard_at))
        first, silence = self._yielded[0][0], max(gap for _, gap in self._yielded)
        if len(self._yielded) < TIMES or now - first > WITHIN_NS:
            return None
        unit = max(router.version.interval_unit_ns, _STEP_NS)
        # Twice what would just have been enough.
        enough = -(-2 * silence // router.down_interval_adverts // unit) * unit
        return (
            f"was late {TIMES} times within {_seconds(now - first)} s (its adverts came up to "
            f"{_seconds(silence)} s apart), and each time we were Active until it was heard: the "
            f"interval of {_seconds(new.active_adver_interval_ns)} s is too short for these "
            f"machines or this network; set advert_int to {_seconds(enough)} or more on all nodes, "
            "or raise down_timer_adverts"
        )


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / SECOND_NS:.3g}"
