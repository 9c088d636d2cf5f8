"""The states of a virtual router (RFC 9568 6.3), each with its own deadline.

:class:`HandingOver` is the one that the RFC does not have: it lets go of the addresses at the
same moment at which it resigns, and nobody has them until the successor's Skew_Time has passed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Initialize:
    """Waiting for a Startup event (6.4.1)."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Watching the Active router (6.4.2).

    Attributes:
        active_down_timer: when the Active router counts as gone.
        active_adver_interval_ns: how often it advertises, as learned from it (v3) or ours (v2).
        preempt_hold: until when a lower router is let be; None while none has been heard
            (RFC 8347 preempt/hold-time, keepalived's preempt_delay).
        stands_back: it has handed over when it was told to, and takes the addresses back only
            from nobody, whatever its priority.
    """

    active_down_timer: int
    active_adver_interval_ns: int
    preempt_hold: int | None = None
    stands_back: bool = False


@dataclass(frozen=True, slots=True)
class Active:
    """Holding the addresses (6.4.3).

    Attributes:
        adver_timer: when the next advert goes out.
        advertised_at: when the last one went, which bounds how soon a losing advert is answered.
        owes_answer: another router's advert came too soon after that; our next one answers it.
    """

    adver_timer: int
    advertised_at: int
    owes_answer: bool = False


@dataclass(frozen=True, slots=True)
class HandingOver:
    """It has resigned, and answers for the addresses until the successor does.

    Attributes:
        until: when this ends at the latest.
        for_good: it goes to Initialize then, otherwise it becomes a Backup.
        successor_interval_ns: Max Advertise Interval of the successor's advert; None while none
            has been heard.
        let_go_at: when the addresses go, since the successor has been heard to announce them;
            None while it has not.
    """

    until: int
    for_good: bool
    successor_interval_ns: int | None = None
    let_go_at: int | None = None


State = Initialize | Backup | Active | HandingOver


def deadline(state: State) -> int | None:
    """When the state wants a :class:`TimerFired` (ns), None if never."""
    match state:
        case Backup():
            return state.active_down_timer
        case Active():
            return state.adver_timer
        case HandingOver(let_go_at=int(let_go_at), successor_interval_ns=int()):
            return min(state.until, let_go_at)
        case HandingOver():
            return state.until
        case Initialize():
            return None
