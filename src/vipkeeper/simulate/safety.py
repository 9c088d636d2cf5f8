"""What must hold at every moment, whatever goes wrong around: one router's own conduct."""

from __future__ import annotations

from collections import deque

from vipkeeper.simulate.observation import (
    ACTIVE,
    BACKUP,
    HANDING_OVER,
    INITIALIZE,
    NEVER,
    OWNER,
    Check,
    Seen,
)
from vipkeeper.simulate.wire_format import Advert


class Conduct(Check):
    """A router acts as Active only in state Active, and not at all after its shutdown.

    Acting is advertising, announcing the addresses and holding them. What is judged is an event
    as a whole, from one report of the state to the next: RFC 9568 6.4 has the actions of a
    transition on both sides of it.

    - An advert with a priority leaves only if the router is Active after the event. The one
      exception is a setting: the last word to the router that it yields to.
    - Priority 0 leaves only if the router was Active before the event, and is in Initialize after
      it (6.4.3) or hands over. It may also end an attempt to become Active that was refused.
    - With becoming Active an advert leaves, and each address is announced; with leaving it by a
      shutdown, priority 0 does (6.4.1, 6.4.2, 6.4.3).
    - Addresses are held if and only if the router is Active or hands over, but for those that an
      owner has anyway. A host whose daemon was killed keeps them until it starts again, and answers
      for them as long as :class:`~vipkeeper.simulate.holding.Holding` says.
    """

    name = "conduct"

    def __init__(self) -> None:
        self._sent: list[int] = []
        self._announced: set[bytes] = set()

    def sent(self, now: int, router: Seen, adverts: tuple[Advert, ...]) -> None:
        self._hold_alive(now, router, "sends an advert")
        self._sent.append(adverts[0].priority)

    def announced(self, now: int, router: Seen, address: bytes) -> None:
        self._hold_alive(now, router, "announces an address")
        self._announced.add(address)

    def holds(self, now: int, router: Seen, address: bytes) -> None:
        self._hold_alive(now, router, "changes its addresses")

    def _hold_alive(self, now: int, router: Seen, what: str) -> None:
        if not router.running:
            raise self.violated(now, router, f"{what} after its shutdown")

    def after(self, now: int, router: Seen, old: str) -> None:
        state, facts = router.state, router.facts
        if not router.running:
            if state != INITIALIZE:
                raise self.violated(now, router, f"is {state} after its shutdown")
            return
        sent, self._sent = self._sent, []
        announced, self._announced = self._announced, set()
        if sent:
            self._judge_adverts(now, router, old, sent)
        if announced and state != ACTIVE:
            raise self.violated(now, router, f"announced addresses and is {state}")
        if old != state and not router.refused:
            if state == ACTIVE and not (sent and announced.issuperset(facts.addresses)):
                raise self.violated(now, router, "became Active and did not say so")
            if old == ACTIVE and state in (INITIALIZE, HANDING_OVER) and 0 not in sent:
                raise self.violated(now, router, "left without resigning")
        if state in (ACTIVE, HANDING_OVER):
            if not router.held.issuperset(facts.addresses):
                raise self.violated(now, router, f"is {state} without its addresses")
        elif router.held != facts.own:
            raise self.violated(now, router, f"holds addresses and is {state}")

    def _judge_adverts(self, now: int, router: Seen, old: str, sent: list[int]) -> None:
        words = [priority for priority in sent if priority]
        last_words = 1 if router.facts.last_word and (old, router.state) == (ACTIVE, BACKUP) else 0
        if router.state != ACTIVE and len(words) > last_words:
            raise self.violated(now, router, f"advertised and is {router.state}")
        resigns = router.state in (INITIALIZE, HANDING_OVER) and (old == ACTIVE or router.refused)
        if len(words) < len(sent) and not resigns:
            raise self.violated(now, router, f"resigned from {old} and is {router.state}")


class Identity(Check):
    """What a router sends says who it is, and nothing else (RFC 9568 5, 7.2; RFC 3768 5.3).

    Source, destination, TTL, version, VRID, priority, interval, addresses, password and checksum
    are compared with its own facts.
    """

    name = "identity"

    def sent(self, now: int, router: Seen, adverts: tuple[Advert, ...]) -> None:
        facts = router.facts
        for advert in adverts:
            self._compare(now, router, advert)
        destinations = tuple(advert.destination for advert in adverts)
        if destinations != (facts.peers or (facts.group,)):
            raise self.violated(now, router, "sent to others than its group or its peers")
        if len({advert.priority for advert in adverts}) != 1:
            raise self.violated(now, router, "told its peers different priorities")

    def _compare(self, now: int, router: Seen, advert: Advert) -> None:
        facts = router.facts
        if facts.version == 2 or facts.message_checksum:
            checksum = advert.has_message_checksum
        else:
            checksum = advert.has_pseudo_header_checksum
        password = facts.password or (b"\0" * 8 if facts.version == 2 else b"")
        for what, is_right in (
            ("source", advert.source == facts.primary),
            ("family", advert.family == facts.family),
            ("TTL", advert.ttl == facts.ttl),
            ("version", advert.version == facts.version),
            ("form", advert.is_well_formed),
            ("VRID", advert.vrid == facts.vrid),
            ("priority", advert.priority in (router.priority, 0)),
            ("interval", advert.interval_ns == facts.interval_ns),
            ("addresses", advert.addresses == facts.addresses),
            ("authentication type", advert.authentication_type == bool(facts.password)),
            ("password", advert.authentication == password),
            ("checksum", checksum),
        ):
            if not is_right:
                raise self.violated(now, router, f"sent an advert with a wrong {what}: {advert}")


class Rate(Check):
    """How many adverts a router sends in any one of its intervals I, [t, t + I).

    While it stays Active:

    - at most 8 answers to other routers' adverts: each leaves I / 8 or more after the advert
      before it, so that the gaps before all but the first of n answers fill (n - 1) * I / 8,
      which is less than I for n <= 8;
    - at most 2 by Adver_Timer: the schedule is I apart, and an expiry that is served late does
      not move the next one (RFC 9568 6.4.3), so that one served late and the next one may share
      an interval, and no third.

    Becoming Active counts as the first of a schedule. One more leaves with the state: priority
    0, or the last word to a better router. So 11 for each stay in Active; without lateness 10.
    """

    name = "rate"
    MOST = 11

    def __init__(self, routers: int) -> None:
        self._last: list[deque[int]] = [deque(maxlen=self.MOST + 1) for _ in range(routers)]

    def sent(self, now: int, router: Seen, adverts: tuple[Advert, ...]) -> None:
        last = self._last[router.number]
        if router.state != ACTIVE:
            last.clear()  # a new stay begins
        last.append(now)
        if len(last) > self.MOST and now - last[0] < router.facts.interval_ns:
            raise self.violated(now, router, f"sent {len(last)} adverts within one interval")


class Participation(Check):
    """A router takes part if and only if it can, and owners alone begin as Active (6.4.1).

    It can if it runs, has a link, is not in maintenance, and the kernel has refused it nothing in
    the last second.
    """

    name = "participation"

    def __init__(self, recovery_ns: int, lateness_ns: int) -> None:
        self._recovery_ns = recovery_ns
        self._lateness_ns = lateness_ns
        self._waiting: dict[int, tuple[int, Seen]] = {}

    def after(self, now: int, router: Seen, old: str) -> None:
        facts = router.facts
        has_tried = old != INITIALIZE or router.recovers_at <= now
        if router.refused and router.state == INITIALIZE and has_tried:
            router.recovers_at = now + self._recovery_ns
            self._waiting.pop(router.number, None)
        starts = old == INITIALIZE and router.state != INITIALIZE
        if starts:
            expected = ACTIVE if router.priority == OWNER and facts.owner_starts_active else BACKUP
            if router.state != expected:
                raise self.violated(now, router, f"started as {router.state}, not {expected}")
            if not router.link or router.in_maintenance:
                raise self.violated(now, router, "takes part and cannot")
        elif (
            old != INITIALIZE
            and router.state == INITIALIZE
            and router.running
            and router.link
            and not (router.refused or router.stopping or router.in_maintenance)
        ):
            raise self.violated(now, router, "takes no part and could")
        self.circumstances_changed(now, router)

    def circumstances_changed(self, now: int, router: Seen) -> None:
        is_kept_out = router.stopping or router.in_maintenance
        if router.is_up and router.state == INITIALIZE and not is_kept_out:
            due = max(now, router.recovers_at) + self._lateness_ns
            self._waiting.setdefault(router.number, (due, router))
        else:
            self._waiting.pop(router.number, None)
        self.due = min((due for due, _ in self._waiting.values()), default=NEVER)

    def overdue(self, now: int) -> None:
        for due, router in self._waiting.values():
            if due < now:
                raise self.violated(now, router, "could take part, and does not")
