"""What a router does first when it was not run for too long."""

from __future__ import annotations

from vipkeeper.simulate.observation import ACTIVE, BACKUP, NEVER, Check, Seen
from vipkeeper.simulate.wire_format import Advert


class Waking(Check):
    """An Active router that wakes so late that others may have taken over lets go, and listens.

    Late is when its last advert is as old as the shortest Active_Down_Interval of who heard it.
    It becomes Backup before anything else, having sent nothing; when it may take part again is
    for :class:`~vipkeeper.simulate.succession.Succession` to say, which knows also how late is too
    late for a Backup. What came while it was not run is read by neither.
    """

    name = "waking"

    def __init__(self) -> None:
        self._must_withdraw: dict[int, tuple[int, Seen]] = {}
        self._paused: set[int] = set()

    def circumstances_changed(self, now: int, router: Seen) -> None:
        was_paused = router.number in self._paused
        if router.paused:
            self._paused.add(router.number)
        else:
            self._paused.discard(router.number)
        if not router.running:
            self._must_withdraw.pop(router.number, None)
            return
        is_late = now >= router.advertised_at + router.facts.lease_ns
        if was_paused and not router.paused and router.state == ACTIVE and is_late:
            router.overslept_at = now
            self._must_withdraw[router.number] = (now, router)
            self.due = min(self.due, now)

    def sent(self, now: int, router: Seen, adverts: tuple[Advert, ...]) -> None:
        if router.number in self._must_withdraw:
            raise self.violated(now, router, "advertises on waking, and has not listened")

    def after(self, now: int, router: Seen, old: str) -> None:
        if self._must_withdraw.pop(router.number, None) and router.state != BACKUP:
            raise self.violated(now, router, f"has overslept, and is {router.state}")

    def overdue(self, now: int) -> None:
        for _, router in self._must_withdraw.values():
            raise self.violated(now, router, "has overslept, and does not let go")
        self.due = NEVER
