"""What an Active router owes the others: its adverts, its answers, and to yield (6.4.3)."""

from __future__ import annotations

from vipkeeper.simulate.observation import ACTIVE, BACKUP, NEVER, Check, Seen
from vipkeeper.simulate.wire_format import Advert


def beats(priority: int, address: bytes, router: Seen) -> bool:
    """Whether who sent these wins over a router: RFC 9568 6.4.3; an equal address is not greater.

    Packed addresses of one family compare as unsigned numbers in network byte order do.
    """
    return (priority, address) > (router.priority, router.facts.primary)


class Presence(Check):
    """An Active router is heard, answers, and yields.

    - It advertises within its own Advertisement_Interval of its last advert.
    - A losing advert is answered at once, or I / 8 after its last advert if that is later, where
      answers are switched on; another's priority 0 is answered so always.
    - Having heard a better router's advert it is Backup: at once, in the same event. Having
      heard another one it is not.

    All by no more than the lateness of its host later, and after a pause, at once.
    """

    name = "presence"
    ANSWERS_IN_AN_INTERVAL = 8

    def __init__(self, routers: int, lateness_ns: int) -> None:
        self._lateness_ns = lateness_ns
        self._owes: list[tuple[int, Seen] | None] = [None] * routers
        self._heard: Advert | None = None
        self._has_answered = False

    def hears(self, now: int, router: Seen, advert: Advert) -> None:
        if router.state == ACTIVE:
            self._heard = advert
            self._has_answered = False

    def sent(self, now: int, router: Seen, adverts: tuple[Advert, ...]) -> None:
        self._has_answered = True
        self._promise(router, now + router.facts.interval_ns)

    def _promise(self, router: Seen, instant: int) -> None:
        self._owes[router.number] = (instant, router)
        self.due = min(self.due, instant + self._lateness_ns)

    def after(self, now: int, router: Seen, old: str) -> None:
        if router.state != ACTIVE:
            self._owes[router.number] = None
        if self._heard is not None:
            advert, self._heard = self._heard, None
            self._judge(now, router, advert)
        elif (old, router.state) == (ACTIVE, BACKUP) and router.overslept_at < now:
            raise self.violated(now, router, "yielded to nobody")

    def _judge(self, now: int, router: Seen, advert: Advert) -> None:
        if advert.priority and beats(advert.priority, advert.source, router):
            if router.state == ACTIVE:
                raise self.violated(now, router, f"did not yield to priority {advert.priority}")
            return
        if router.state == BACKUP:
            raise self.violated(now, router, f"yielded to priority {advert.priority}, which loses")
        if router.state == ACTIVE and (router.facts.answers or not advert.priority):
            bound = router.facts.interval_ns // self.ANSWERS_IN_AN_INTERVAL
            owed = self._owes[router.number]
            answer = max(now, router.advertised_at + bound)
            if not self._has_answered and (owed is None or answer < owed[0]):
                self._promise(router, answer)

    def circumstances_changed(self, now: int, router: Seen) -> None:
        owed = self._owes[router.number]
        if not router.running:
            self._owes[router.number] = None
        elif owed is not None and not router.paused:
            self._promise(router, max(owed[0], now))

    def slept(self, router: Seen, slept_ns: int) -> None:
        owed = self._owes[router.number]
        if owed is not None:
            self._owes[router.number] = (owed[0] + slept_ns, router)

    def overdue(self, now: int) -> None:
        self.due = NEVER
        for owed in self._owes:
            if owed is None or owed[1].paused:
                continue
            instant, router = owed
            if instant + self._lateness_ns < now:
                raise self.violated(now, router, f"is silent, {now - instant} ns too long")
            self.due = min(self.due, instant + self._lateness_ns)
