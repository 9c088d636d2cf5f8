"""One exact test of every row of RULES, and what the rows leave out: the whole matrix."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pytest

from tests.vrrp.examples import HIGHER, LOWER, NOW, OURS, V2, V3, heard
from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    Action,
    AnnounceAddresses,
    Occasion,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.events import (
    AnnouncementHeard,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    ShutdownCause,
    Startup,
    StartupCause,
    TimerFired,
)
from vipkeeper.vrrp.machine import RULES, step
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State, deadline
from vipkeeper.vrrp.version import SECOND_NS

MS = 1_000_000
SILENT = replace(V2, answer_losing_adverts=False)
FIRST_WORDS = (
    AcquireAddresses(),
    SendAdvertisement(),
    AnnounceAddresses(Occasion.BECAME_ACTIVE),
)
ANSWER = (SendAdvertisement(), AnnounceAddresses(Occasion.LOSING_ADVERT))

# The states from which a row is taken: a Backup that has waited 1 of its 3.609375 s, an Active
# that has advertised 400 ms ago.
WAITING = Backup(NOW + 2_609_375_000, SECOND_NS)
HOLDING = replace(WAITING, preempt_hold=NOW + 5 * SECOND_NS)
HELD_LONG_ENOUGH = replace(WAITING, preempt_hold=NOW)
ADVERTISING = Active(adver_timer=NOW + 600 * MS, advertised_at=NOW - 400 * MS)
JUST_ADVERTISED = Active(adver_timer=NOW + 990 * MS, advertised_at=NOW - 10 * MS)
OWING = Active(adver_timer=NOW + 115 * MS, advertised_at=NOW - 10 * MS, owes_answer=True)
STANDING_BACK = replace(WAITING, stands_back=True)
HANDING_OVER = HandingOver(NOW + 2 * SECOND_NS, for_good=False)
LEAVING = replace(HANDING_OVER, for_good=True)
SUCCEEDED = replace(HANDING_OVER, successor_interval_ns=SECOND_NS)
FIRST_ANNOUNCED = replace(SUCCEEDED, let_go_at=NOW + 30 * MS)


@dataclass(frozen=True)
class Case:
    """A row at work: from this state, on this event at NOW, exactly this follows."""

    rule: str
    title: str
    router: VirtualRouter
    state: State
    event: Event
    new: State
    actions: tuple[Action, ...] = ()


CASES = (
    Case("6.4.1 a", "the owner is Active at once", replace(V2, priority=255),
         Initialize(), Startup(),
         Active(NOW + 1_000_000_000, NOW), FIRST_WORDS),
    Case("6.4.1 b", "an owner that keepalived's file does not call MASTER waits 3 s",
         replace(V2, priority=255, owner_starts_active=False),
         Initialize(), Startup(),
         Backup(NOW + 3_003_906_250, 1_000_000_000), (ReleaseAddresses(),)),
    Case("6.4.1 b", "v2 waits 3 s and the skew of priority 100", V2,
         Initialize(), Startup(StartupCause.STARTED),
         Backup(NOW + 3_609_375_000, SECOND_NS), (ReleaseAddresses(),)),
    Case("6.4.1 b", "v3 at 200 ms waits 3.609375 of its intervals",
         replace(V3, advertisement_interval_ns=200 * MS),
         Initialize(), Startup(),
         Backup(NOW + 721_875_000, 200 * MS), (ReleaseAddresses(),)),

    Case("6.4.2 a", "a Backup goes without a word", V2,
         WAITING, Shutdown(), Initialize()),
    Case("6.4.2 b", "on the nanosecond", V2,
         Backup(NOW, SECOND_NS), TimerFired(),
         Active(NOW + SECOND_NS, NOW), FIRST_WORDS),
    Case("6.4.2 b", "v3 advertises at its own interval, not at the learned one", V3,
         Backup(NOW - 5, 40 * MS), TimerFired(),
         Active(NOW + SECOND_NS, NOW), FIRST_WORDS),
    Case("6.4.2 b", "silence is no lower router: the preempt delay does not hold it up",
         replace(V2, preempt_delay_ns=300 * SECOND_NS),
         replace(HOLDING, active_down_timer=NOW), TimerFired(),
         Active(NOW + SECOND_NS, NOW), FIRST_WORDS),
    Case("6.4.2 c", "v2 waits its skew", replace(V2, priority=50),
         WAITING, heard(0),
         Backup(NOW + 804_687_500, SECOND_NS)),
    Case("6.4.2 c", "v3 waits the skew of the interval it has learned, and keeps that", V3,
         Backup(NOW + 1, 40 * MS), heard(0, router=V3, interval_cs=100),
         Backup(NOW + 24_375_000, 40 * MS)),
    Case("6.4.2 c", "whom the preempt delay was for has gone", V2,
         HOLDING, heard(0),
         Backup(NOW + 609_375_000, SECOND_NS)),
    Case("6.4.2 d", "a higher priority", V2,
         WAITING, heard(101),
         Backup(NOW + 3_609_375_000, SECOND_NS)),
    Case("6.4.2 d", "the same priority, and addresses break no tie here", V2,
         WAITING, heard(100, LOWER),
         Backup(NOW + 3_609_375_000, SECOND_NS)),
    Case("6.4.2 d", "a lower priority, nopreempt", replace(V2, preempt=False),
         WAITING, heard(1),
         Backup(NOW + 3_609_375_000, SECOND_NS)),
    Case("6.4.2 d", "v3 learns the interval: 3 x 400 ms and 156/256 of it", V3,
         WAITING, heard(200, router=V3, interval_cs=40),
         Backup(NOW + 1_443_750_000, 400 * MS)),
    Case("6.4.2 d", "a higher router ends the preempt delay", V2,
         HOLDING, heard(200),
         Backup(NOW + 3_609_375_000, SECOND_NS)),
    Case("6.4.2 e", "the delay begins with the first lower advert",
         replace(V2, preempt_delay_ns=30 * SECOND_NS),
         WAITING, heard(99),
         Backup(NOW + 3_609_375_000, SECOND_NS, preempt_hold=NOW + 30 * SECOND_NS)),
    Case("6.4.2 e", "and is not begun anew by the next",
         replace(V2, preempt_delay_ns=30 * SECOND_NS),
         HOLDING, heard(99),
         Backup(NOW + 3_609_375_000, SECOND_NS, preempt_hold=NOW + 5 * SECOND_NS)),
    Case("6.4.2 e", "v3 learns from whom it lets be",
         replace(V3, preempt_delay_ns=30 * SECOND_NS),
         WAITING, heard(99, router=V3, interval_cs=40),
         Backup(NOW + 1_443_750_000, 400 * MS, preempt_hold=NOW + 30 * SECOND_NS)),
    Case("6.4.2 f", "a lower priority does not touch the timer", V2,
         WAITING, heard(99), WAITING),
    Case("6.4.2 f", "the preempt delay is over on its last nanosecond",
         replace(V2, preempt_delay_ns=30 * SECOND_NS),
         HELD_LONG_ENOUGH, heard(99), HELD_LONG_ENOUGH),
    Case("6.4.2 f", "the owner preempts, whatever its configuration says",
         replace(V2, priority=255, preempt=False, preempt_delay_ns=30 * SECOND_NS),
         WAITING, heard(254), WAITING),
    Case("6.4.2 g", "100 -> 80 waits 20/256 s longer", replace(V2, priority=80),
         WAITING, PriorityChanged(previous=100),
         Backup(NOW + 2_687_500_000, SECOND_NS)),
    Case("6.4.2 g", "80 -> 100 waits 20/256 s less", V2,
         WAITING, PriorityChanged(previous=80),
         Backup(NOW + 2_531_250_000, SECOND_NS)),
    Case("6.4.2 g", "v3 by 20/256 of the learned interval", replace(V3, priority=80),
         replace(WAITING, active_adver_interval_ns=400 * MS), PriorityChanged(previous=100),
         Backup(NOW + 2_640_625_000, 400 * MS)),
    Case("6.4.2 g", "never into the past", replace(V2, priority=254),
         Backup(NOW + 1, SECOND_NS), PriorityChanged(previous=1),
         Backup(NOW, SECOND_NS)),
    Case("6.4.2 d", "who has handed over takes nothing back from a lower router", V2,
         STANDING_BACK, heard(1),
         Backup(NOW + 3_609_375_000, SECOND_NS, stands_back=True)),
    Case("6.4.2 d", "not even the owner does", replace(V2, priority=255),
         STANDING_BACK, heard(1),
         Backup(NOW + 3_003_906_250, SECOND_NS, stands_back=True)),
    Case("6.4.2 c", "but from one that resigns", V2,
         STANDING_BACK, heard(0),
         Backup(NOW + 609_375_000, SECOND_NS, stands_back=True)),
    Case("late a", "more than 3.609375 s too late", V2,
         Backup(NOW - 3_609_375_001, SECOND_NS), TimerFired(),
         Backup(NOW + 3_609_375_000, SECOND_NS)),
    Case("late a", "v3 by the learned interval", V3,
         Backup(NOW - 144_375_001, 40 * MS), TimerFired(),
         Backup(NOW + 144_375_000, 40 * MS)),
    Case("6.4.2 b", "an Active_Down_Interval too late is not yet too late", V2,
         Backup(NOW - 3_609_375_000, SECOND_NS), TimerFired(),
         Active(NOW + SECOND_NS, NOW), FIRST_WORDS),

    Case("handover a", "an order is for now", V2,
         ADVERTISING, HandOver(),
         HandingOver(NOW + 3_609_375_000, for_good=False), (SendAdvertisement(resigning=True),)),
    Case("handover b", "who stops does so too", V2,
         ADVERTISING, Shutdown(ShutdownCause.STOPPED),
         HandingOver(NOW + 3_609_375_000, for_good=True), (SendAdvertisement(resigning=True),)),
    Case("handover b", "v3 at 200 ms, for maintenance",
         replace(V3, advertisement_interval_ns=200 * MS),
         ADVERTISING, Shutdown(ShutdownCause.MAINTENANCE),
         HandingOver(NOW + 721_875_000, for_good=True), (SendAdvertisement(resigning=True),)),
    Case("6.4.3 a", "an Active resigns", V2,
         ADVERTISING, Shutdown(ShutdownCause.INTERFACE_DOWN),
         Initialize(), (SendAdvertisement(resigning=True), ReleaseAddresses())),
    Case("6.4.3 b", "on the nanosecond", V2,
         Active(NOW, NOW - SECOND_NS), TimerFired(),
         Active(NOW + SECOND_NS, NOW), (SendAdvertisement(),)),
    Case("6.4.3 b", "a late wake-up keeps the schedule", V2,
         Active(NOW - 300 * MS, NOW - 1300 * MS), TimerFired(),
         Active(NOW + 700 * MS, NOW), (SendAdvertisement(),)),
    Case("6.4.3 b", "one that is late by an interval or more begins a new one", V2,
         Active(NOW - SECOND_NS, NOW - 2 * SECOND_NS), TimerFired(),
         Active(NOW + SECOND_NS, NOW), (SendAdvertisement(),)),
    Case("late b", "v2: whoever has priority 255 has waited 3 s and 1/256 s", V2,
         Active(NOW - 2_003_906_250, NOW - 3_003_906_250), TimerFired(),
         Backup(NOW + 3_609_375_000, SECOND_NS), (ReleaseAddresses(),)),
    Case("6.4.3 b", "a nanosecond before that it is in time", V2,
         Active(NOW - 2_003_906_249, NOW - 3_003_906_249), TimerFired(),
         Active(NOW + SECOND_NS, NOW), (SendAdvertisement(),)),
    Case("late b", "v3: 3 x 40 ms and 1/256 of it", replace(V3, advertisement_interval_ns=40 * MS),
         Active(NOW - 80_156_250, NOW - 120_156_250), TimerFired(),
         Backup(NOW + 144_375_000, 40 * MS), (ReleaseAddresses(),)),
    Case("6.4.3 b", "where one missing advert is too many, two are",
         replace(V2, down_interval_adverts=1),
         Active(NOW - SECOND_NS, NOW - 2 * SECOND_NS), TimerFired(),
         Active(NOW + SECOND_NS, NOW), (SendAdvertisement(),)),
    Case("6.4.3 b", "with the answer that is owed", V2,
         replace(OWING, adver_timer=NOW), TimerFired(),
         Active(NOW + SECOND_NS, NOW), ANSWER),
    Case("6.4.3 c", "an advert at once, a new schedule, and the addresses once more", V2,
         ADVERTISING, heard(0),
         Active(NOW + SECOND_NS, NOW), ANSWER),
    Case("6.4.3 c", "RFC 3768's silence is about losing adverts, not about this one", SILENT,
         ADVERTISING, heard(0, HIGHER),
         Active(NOW + SECOND_NS, NOW), ANSWER),
    Case("6.4.3 c", "within an eighth of an interval the advert is owed, not sent", V2,
         JUST_ADVERTISED, heard(0),
         Active(NOW + 115 * MS, NOW - 10 * MS, owes_answer=True),
         (AnnounceAddresses(Occasion.LOSING_ADVERT),)),
    Case("6.4.3 d", "a higher priority, whatever the address", V2,
         ADVERTISING, heard(101, LOWER),
         Backup(NOW + 3_609_375_000, SECOND_NS), (ReleaseAddresses(),)),
    Case("6.4.3 d", "the same priority and a higher address", V2,
         ADVERTISING, heard(100, HIGHER),
         Backup(NOW + 3_609_375_000, SECOND_NS), (ReleaseAddresses(),)),
    Case("6.4.3 d", "nopreempt is a Backup's matter", replace(V2, preempt=False),
         ADVERTISING, heard(101),
         Backup(NOW + 3_609_375_000, SECOND_NS), (ReleaseAddresses(),)),
    Case("6.4.3 d", "v3 learns the winner's interval", V3,
         ADVERTISING, heard(101, router=V3, interval_cs=40),
         Backup(NOW + 1_443_750_000, 400 * MS), (ReleaseAddresses(),)),
    Case("6.4.3 d", "an owner yields to an owner with a higher address",
         replace(V2, priority=255),
         ADVERTISING, heard(255, HIGHER),
         Backup(NOW + 3_003_906_250, SECOND_NS), (ReleaseAddresses(),)),
    Case("6.4.3 d", "who has no address of its own wins no tie",
         replace(V2, primary_address=None),
         ADVERTISING, heard(100, LOWER),
         Backup(NOW + 3_609_375_000, SECOND_NS), (ReleaseAddresses(),)),
    Case("6.4.3 d", "with a last advert where that is set",
         replace(V2, advertise_before_yielding=True),
         ADVERTISING, heard(101),
         Backup(NOW + 3_609_375_000, SECOND_NS), (SendAdvertisement(), ReleaseAddresses())),
    Case("6.4.3 e", "answered at once, the schedule stays", V2,
         ADVERTISING, heard(99),
         Active(NOW + 600 * MS, NOW), ANSWER),
    Case("6.4.3 e", "the same priority and a lower address", V2,
         ADVERTISING, heard(100, LOWER),
         Active(NOW + 600 * MS, NOW), ANSWER),
    Case("6.4.3 e", "the same priority and the same address: equal is not higher", V2,
         ADVERTISING, heard(100, OURS),
         Active(NOW + 600 * MS, NOW), ANSWER),
    Case("6.4.3 e", "an eighth of an interval after the last advert is late enough", V2,
         Active(NOW + 875 * MS, NOW - 125 * MS), heard(99),
         Active(NOW + 875 * MS, NOW), ANSWER),
    Case("6.4.3 e", "a nanosecond before that it is owed", V2,
         Active(NOW + 875 * MS, NOW - 125 * MS + 1), heard(99),
         Active(NOW + 1, NOW - 125 * MS + 1, owes_answer=True),
         (AnnounceAddresses(Occasion.LOSING_ADVERT),)),
    Case("6.4.3 e", "a second one is owed no second answer", V2,
         OWING, heard(98), OWING),
    Case("6.4.3 f", "RFC 3768's silence", SILENT,
         ADVERTISING, heard(99), ADVERTISING),

    Case("handover c", "it goes on as Active", V2,
         replace(HANDING_OVER, until=NOW), TimerFired(),
         Active(NOW + SECOND_NS, NOW), FIRST_WORDS),
    Case("handover d", "unless it is for good", V2,
         replace(LEAVING, until=NOW), TimerFired(),
         Initialize(), (ReleaseAddresses(),)),
    Case("handover d", "or there is a successor, although nobody heard it announce", V2,
         replace(SUCCEEDED, until=NOW), TimerFired(),
         Backup(NOW + 3_609_375_000, SECOND_NS, stands_back=True), (ReleaseAddresses(),)),
    Case("handover d", "the moment after the announcement has passed", V2,
         replace(SUCCEEDED, let_go_at=NOW), TimerFired(),
         Backup(NOW + 3_609_375_000, SECOND_NS, stands_back=True), (ReleaseAddresses(),)),
    Case("handover d", "v3 follows the successor by its interval", V3,
         replace(SUCCEEDED, successor_interval_ns=40 * MS, let_go_at=NOW), TimerFired(),
         Backup(NOW + 144_375_000, 40 * MS, stands_back=True), (ReleaseAddresses(),)),
    Case("handover e", "that is not the successor", V2,
         HANDING_OVER, heard(0), HANDING_OVER),
    Case("handover f", "whatever its priority", V2,
         HANDING_OVER, heard(1), SUCCEEDED),
    Case("handover f", "keepalived announces after it: nothing goes yet", V2,
         SUCCEEDED, heard(1), SUCCEEDED),
    Case("handover f", "the announcement may have come before it", V2,
         replace(HANDING_OVER, let_go_at=NOW - MS), heard(1),
         replace(SUCCEEDED, let_go_at=NOW + 20 * MS)),
    Case("handover f", "a second advert delays nothing", V2,
         replace(SUCCEEDED, let_go_at=NOW + MS), heard(1),
         replace(SUCCEEDED, let_go_at=NOW + MS)),
    Case("handover g", "the last one", V2,
         SUCCEEDED, AnnouncementHeard(is_last=True),
         replace(SUCCEEDED, let_go_at=NOW + 20 * MS)),
    Case("handover g", "one of several", V2,
         SUCCEEDED, AnnouncementHeard(is_last=False),
         replace(SUCCEEDED, let_go_at=NOW + 40 * MS)),
    Case("handover g", "the last one of several", V2,
         FIRST_ANNOUNCED, AnnouncementHeard(is_last=True),
         replace(SUCCEEDED, let_go_at=NOW + 20 * MS)),
    Case("handover g", "others do not delay it", V2,
         FIRST_ANNOUNCED, AnnouncementHeard(is_last=False), FIRST_ANNOUNCED),
    Case("handover g", "with a virtual MAC the first one is enough", replace(V2, shares_mac=True),
         SUCCEEDED, AnnouncementHeard(is_last=False),
         replace(SUCCEEDED, let_go_at=NOW)),
    Case("handover f", "and the advert may come after it", replace(V2, shares_mac=True),
         replace(HANDING_OVER, let_go_at=NOW - MS), heard(1),
         replace(SUCCEEDED, let_go_at=NOW)),
    Case("handover h", "an order to hand over, and then a stop", V2,
         FIRST_ANNOUNCED, Shutdown(ShutdownCause.STOPPED),
         replace(FIRST_ANNOUNCED, for_good=True)),
    Case("handover i", "the interface goes meanwhile", V2,
         FIRST_ANNOUNCED, Shutdown(ShutdownCause.INTERFACE_DOWN),
         Initialize(), (ReleaseAddresses(),)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")
def test_row(case: Case) -> None:
    transition = step(case.router, case.state, case.event, NOW)

    assert transition.rule is not None
    assert transition.rule.name == case.rule
    assert transition.new == case.new
    assert transition.actions == case.actions
    assert (transition.old, transition.event) == (case.state, case.event)
    assert transition.changes_state is (type(case.state) is not type(case.new))


def test_every_row_has_a_name_of_its_own_and_a_case() -> None:
    assert max(Counter(rule.name for rule in RULES).values()) == 1
    assert {case.rule for case in CASES} == {rule.name for rule in RULES}


STATES: dict[str, State] = {
    "Initialize": Initialize(),
    "Backup": WAITING,
    "Active": ADVERTISING,
    "HandingOver": HANDING_OVER,
}
EVENTS: dict[str, tuple[Event, int]] = {
    "Startup": (Startup(), NOW),
    "Shutdown, planned": (Shutdown(), NOW),
    "Shutdown, other": (Shutdown(ShutdownCause.KERNEL_ERROR), NOW),
    "TimerFired, too early": (TimerFired(), NOW),
    "TimerFired, after 1 s": (TimerFired(), NOW + SECOND_NS),
    "TimerFired, after 2.61 s": (TimerFired(), NOW + 2_610 * MS),
    "TimerFired, after 10 s": (TimerFired(), NOW + 10 * SECOND_NS),
    "PriorityChanged": (PriorityChanged(90), NOW),
    "HandOver": (HandOver(), NOW),
    "AnnouncementHeard": (AnnouncementHeard(is_last=True), NOW),
    "priority 0": (heard(0), NOW),
    "priority 99": (heard(99), NOW),
    "priority 100, lower address": (heard(100, LOWER), NOW),
    "priority 100, equal address": (heard(100, OURS), NOW),
    "priority 100, higher address": (heard(100, HIGHER), NOW),
    "priority 101": (heard(101), NOW),
    "priority 255": (heard(255), NOW),
}
MATRIX: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    #                               Initialize Backup     Active     HandingOver
    "Startup":                      ("6.4.1 b", None,      None,      None),
    "Shutdown, planned":            (None,      "6.4.2 a", "handover b", "handover h"),
    "Shutdown, other":              (None,      "6.4.2 a", "6.4.3 a", "handover i"),
    "TimerFired, too early":        (None,      None,      None,      None),
    "TimerFired, after 1 s":        (None,      None,      "6.4.3 b", None),
    "TimerFired, after 2.61 s":     (None,      "6.4.2 b", "late b",  "handover c"),
    "TimerFired, after 10 s":       (None,      "late a",  "late b",  "handover c"),
    "PriorityChanged":              (None,      "6.4.2 g", None,      None),
    "HandOver":                     (None,      None,      "handover a", None),
    "AnnouncementHeard":            (None,      None,      None,      "handover g"),
    "priority 0":                   (None,      "6.4.2 c", "6.4.3 c", "handover e"),
    "priority 99":                  (None,      "6.4.2 f", "6.4.3 e", "handover f"),
    "priority 100, lower address":  (None,      "6.4.2 d", "6.4.3 e", "handover f"),
    "priority 100, equal address":  (None,      "6.4.2 d", "6.4.3 e", "handover f"),
    "priority 100, higher address": (None,      "6.4.2 d", "6.4.3 d", "handover f"),
    "priority 101":                 (None,      "6.4.2 d", "6.4.3 d", "handover f"),
    "priority 255":                 (None,      "6.4.2 d", "6.4.3 d", "handover f"),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_matrix(state: str, event: str) -> None:
    happened, now = EVENTS[event]
    transition = step(V2, STATES[state], happened, now)

    assert (transition.rule and transition.rule.name) == MATRIX[event][list(STATES).index(state)]
    if transition.rule is None:
        assert transition.new is STATES[state]
        assert transition.actions == ()


def test_the_matrix_is_whole() -> None:
    assert set(MATRIX) == set(EVENTS)
    kinds = {type(event) for event, _ in EVENTS.values()}
    assert kinds == set(Event.__args__)
    assert {type(state) for state in STATES.values()} == set(State.__args__)


def test_deadline_is_the_states_own_timer() -> None:
    assert deadline(Initialize()) is None
    assert deadline(WAITING) == WAITING.active_down_timer
    assert deadline(HOLDING) == HOLDING.active_down_timer
    assert deadline(ADVERTISING) == ADVERTISING.adver_timer
    assert deadline(HANDING_OVER) == deadline(SUCCEEDED) == HANDING_OVER.until
    assert deadline(FIRST_ANNOUNCED) == FIRST_ANNOUNCED.let_go_at
    late = replace(FIRST_ANNOUNCED, until=NOW)
    assert deadline(late) == NOW


def test_an_announcement_alone_lets_nothing_go() -> None:
    """Somebody else's program may announce an address; the successor advertises too."""
    announced = replace(HANDING_OVER, let_go_at=NOW)
    assert deadline(announced) == HANDING_OVER.until
    assert step(V2, announced, TimerFired(), NOW).rule is None
