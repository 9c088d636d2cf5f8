"""The state machine of RFC 9568 section 6.4, as a table.

:data:`RULES` names, row by row in the order of the RFC, *when* something happens
(:mod:`vipkeeper.vrrp.conditions`) and *what* (:mod:`vipkeeper.vrrp.outcomes`). :func:`step` looks
the row up and is the only way to another state. Nothing here reads a clock or touches a socket: the
caller passes ``now`` and carries out the actions that come back.

Three things keep the table honest:

- A state carries its own deadline (``Backup.active_down_timer``, ``Active.adver_timer``), so
  there is no timer to be forgotten or left running: :func:`vipkeeper.vrrp.states.deadline`
  reads it, and an expiry that comes too early, or for a timer that has moved on, matches no row
  and changes nothing.
- What no row matches is ignored, in every state, and a test says so for each pair.
- What the RFC does not have is marked by its name: the rows *handover*, which keep the addresses
  answered for while another router takes over, and the rows *late*, for a host that was stopped.
- What VRRPv2 does differently is data (:mod:`vipkeeper.vrrp.version`), and so is what
  keepalived does differently (the fields of :class:`~vipkeeper.vrrp.router.VirtualRouter`).

All instants and durations are nanoseconds of one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vipkeeper.vrrp.actions import (
    Action,
)
from vipkeeper.vrrp.conditions import (
    active_down_timer_expired,
    adver_timer_expired,
    always,
    answers_losing_adverts,
    nobody_came,
    not_to_be_preempted,
    overslept_as_active,
    overslept_as_backup,
    owner,
    planned,
    preempt_hold_runs,
    resigning,
    sender_wins,
    still_resigning,
    time_to_let_go,
)
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    AnnouncementHeard,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    Startup,
    TimerFired,
)
from vipkeeper.vrrp.outcomes import (
    Outcome,
    advertise,
    assert_active,
    assert_active_after_resignation,
    become_active,
    become_backup,
    end_for_good,
    follow_for_now,
    follow_sender,
    hand_over,
    keep_waiting,
    leave,
    let_go,
    let_go_at_once,
    let_the_timer_run,
    listen_anew,
    note_announcement,
    note_successor,
    resign,
    shift_by_skew_time,
    stay,
    wait_skew_time,
    withdraw,
    yield_to_sender,
)
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State

S = TypeVar("S", Initialize, Backup, Active, HandingOver)
E = TypeVar(
    "E",
    Startup,
    Shutdown,
    TimerFired,
    AdvertisementReceived,
    PriorityChanged,
    HandOver,
    AnnouncementHeard,
)


@dataclass(frozen=True, slots=True)
class Rule(Generic[S, E]):
    """One row: in this state, on this event, when the condition holds, do this.

    Attributes:
        name: the section of RFC 9568 (or what it is about that the RFC does not have) and the
            row's letter in it.
        because: the row in words, completing "Active because ...".
    """

    name: str
    state: type[S]
    event: type[E]
    when: Callable[[VirtualRouter, S, E, int], bool]
    then: Callable[[VirtualRouter, S, E, int], Outcome]
    because: str


@dataclass(frozen=True, slots=True)
class Transition:
    """What :func:`step` did. ``rule`` is None where no row matched and nothing changed."""

    old: State
    new: State
    event: Event
    rule: Rule[Any, Any] | None
    actions: tuple[Action, ...]

    @property
    def changes_state(self) -> bool:
        return type(self.old) is not type(self.new)


# -- the table ----------------------------------------------------------------------------------
# The first row that matches is taken. The literal has no annotation so that the type checker
# looks at each row: a guard or an effect for another state or event does not pass.

_TABLE = (
    Rule("6.4.1 a", Initialize, Startup, owner, become_active,
         "it owns the addresses (priority 255)"),
    Rule("6.4.1 b", Initialize, Startup, always, become_backup,
         "it started and waits for an Active router"),

    Rule("6.4.2 a", Backup, Shutdown, always, leave,
         "it was shut down"),
    Rule("late a", Backup, TimerFired, overslept_as_backup, listen_anew,
         "it was not run for longer than an Active_Down_Interval, and listens first"),
    Rule("6.4.2 b", Backup, TimerFired, active_down_timer_expired, become_active,
         "Active_Down_Timer fired: no Active router is heard"),
    Rule("6.4.2 c", Backup, AdvertisementReceived, resigning, wait_skew_time,
         "the Active router resigned (priority 0); Skew_Time is waited"),
    Rule("6.4.2 d", Backup, AdvertisementReceived, not_to_be_preempted, follow_sender,
         "the sender's priority is not lower, or preemption is off"),
    Rule("6.4.2 e", Backup, AdvertisementReceived, preempt_hold_runs, follow_for_now,
         "the sender's priority is lower, but the preempt delay has not passed"),
    Rule("6.4.2 f", Backup, AdvertisementReceived, always, let_the_timer_run,
         "the sender's priority is lower and it will be preempted"),
    Rule("6.4.2 g", Backup, PriorityChanged, always, shift_by_skew_time,
         "its own priority changed"),

    Rule("handover a", Active, HandOver, always, hand_over,
         "it was told to hand over"),
    Rule("handover b", Active, Shutdown, planned, hand_over,
         "it was shut down, and hands over first"),
    Rule("6.4.3 a", Active, Shutdown, always, resign,
         "it was shut down"),
    Rule("late b", Active, TimerFired, overslept_as_active, withdraw,
         "it was not run for so long that others have taken over, and listens first"),
    Rule("6.4.3 b", Active, TimerFired, adver_timer_expired, advertise,
         "Adver_Timer fired"),
    Rule("6.4.3 c", Active, AdvertisementReceived, resigning, assert_active_after_resignation,
         "another Active router resigned (priority 0)"),
    Rule("6.4.3 d", Active, AdvertisementReceived, sender_wins, yield_to_sender,
         "the sender has the higher priority, or the same and the higher address"),
    Rule("6.4.3 e", Active, AdvertisementReceived, answers_losing_adverts, assert_active,
         "a losing router advertised"),
    Rule("6.4.3 f", Active, AdvertisementReceived, always, stay,
         "a losing router advertised, and is not answered"),

    Rule("handover c", HandingOver, TimerFired, nobody_came, become_active,
         "nobody came to take over"),
    Rule("handover d", HandingOver, TimerFired, time_to_let_go, let_go,
         "it has handed over"),
    Rule("handover e", HandingOver, AdvertisementReceived, still_resigning, keep_waiting,
         "another router resigned too"),
    Rule("handover f", HandingOver, AdvertisementReceived, always, note_successor,
         "the successor advertised"),
    Rule("handover g", HandingOver, AnnouncementHeard, always, note_announcement,
         "the successor announced an address"),
    Rule("handover h", HandingOver, Shutdown, planned, end_for_good,
         "it was shut down while it handed over"),
    Rule("handover i", HandingOver, Shutdown, always, let_go_at_once,
         "it was shut down while it handed over"),
)  # fmt: skip

RULES: tuple[Rule[Any, Any], ...] = _TABLE


def _rows_by_state_and_event() -> dict[tuple[type, type], tuple[Rule[Any, Any], ...]]:
    rows: dict[tuple[type, type], tuple[Rule[Any, Any], ...]] = {}
    for rule in RULES:
        key = (rule.state, rule.event)
        rows[key] = (*rows.get(key, ()), rule)
    return rows


_ROWS = _rows_by_state_and_event()


def step(router: VirtualRouter, state: State, event: Event, now: int) -> Transition:
    """What follows from an event at the instant ``now`` (ns); pure."""
    for rule in _ROWS.get((type(state), type(event)), ()):
        if rule.when(router, state, event, now):
            new, actions = rule.then(router, state, event, now)
            return Transition(state, new, event, rule, actions)
    return Transition(state, state, event, None, ())
