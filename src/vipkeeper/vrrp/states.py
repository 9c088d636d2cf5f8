"""The states of a virtual router (RFC 9568 6.3), each with its own deadline."""

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
    """

    active_down_timer: int
    active_adver_interval_ns: int
    preempt_hold: int | None = None


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


State = Initialize | Backup | Active


def deadline(state: State) -> int | None:
    """When the state wants a :class:`TimerFired` (ns), None if never."""
    match state:
        case Backup():
            return state.active_down_timer
        case Active():
            return state.adver_timer
        case Initialize():
            return None
