"""What is compared: what is done, to whom, under which settings, and what must come of it. Data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from benchmarks.compare import deeds, figures
from benchmarks.compare.outcome import Bound
from benchmarks.compare.scene import BETTER, OTHER, Scene
from benchmarks.compare.settings import FAST, FAST_IPV6, FASTEST, MANY, WALKTHROUGH, Settings
from benchmarks.compare.sightings import Sightings

KINDS = ("keepalived", "vipkeeperd")

Figure = Callable[[Scene, Sightings], float | None]


class Successor(Enum):
    """Which program the other node has."""

    SAME = "the same program"
    OTHER = "the other program"

    def of(self, kind: str) -> str:
        return kind if self is Successor.SAME else next(k for k in KINDS if k != kind)


class Beginning(Enum):
    """What there is before the deed."""

    BOTH = "both run, the better one is active"
    OTHER_ALONE = "the other one runs alone"
    NEITHER = "nothing runs"


@dataclass(frozen=True, slots=True)
class Row:
    """``watch_seconds``: how long it is looked on after the deed.

    ``times``: how often as many runs a program as other rows have. ``bound`` is vipkeeperd's.
    """

    name: str
    what: str
    settings: Settings
    deed: Callable[[Scene], None]
    watch_seconds: float
    bound: Bound
    successor: Successor = Successor.SAME
    beginning: Beginning = Beginning.BOTH
    figures: Mapping[str, Figure] = field(default_factory=dict)
    times: float = 1

    def runs(self, runs: int) -> int:
        """How often it is run for each program where most rows are ``runs`` times."""
        return max(1, round(self.times * runs))


TRANSITIONS = "transitions"
TRANSITIONS_OF_OTHER = "transitions of the lower node"
ADVERT_LATE = "advert late by ms"
ANNOUNCEMENT_LATE = "announcement late by ms"
TWO_AFTER_WAKING = "ms of two holders after waking"
ANNOUNCED = "ms to the survivor's announcement"

_ONE = (BETTER, OTHER)
_OTHER = (OTHER,)
_BETTER = (BETTER,)
_TAKEOVER = {
    ADVERT_LATE: figures.advert_late_ms,
    ANNOUNCEMENT_LATE: figures.announcement_late_ms,
}
_SMOOTH = Bound(_OTHER, lost=0)

ROWS = (
    Row(
        "nothing",
        "nothing at all: the floor of the measurement",
        FAST,
        deeds.nothing,
        3,
        Bound(_BETTER, lost=0),
    ),
    Row(
        "known-outage",
        "the watcher is cut off for 300 ms: the check of the prober",
        FAST,
        deeds.silence,
        1,
        Bound(_BETTER),
    ),
    Row("stop", "planned stop (SIGTERM)", WALKTHROUGH, deeds.stop, 2, _SMOOTH),
    Row("stop-fast", "planned stop (SIGTERM)", FAST, deeds.stop, 1, _SMOOTH),
    Row("stop-ipv6", "planned stop (SIGTERM)", FAST_IPV6, deeds.stop, 1, _SMOOTH),
    Row(
        "stop-mixed",
        "planned stop, the successor is the other program",
        WALKTHROUGH,
        deeds.stop,
        2,
        _SMOOTH,
        successor=Successor.OTHER,
    ),
    Row(
        "stop-mixed-fast",
        "planned stop, the successor is the other program",
        FAST,
        deeds.stop,
        1,
        _SMOOTH,
        successor=Successor.OTHER,
    ),
    Row(
        "handover",
        "`vipkeeper handover`; keepalived: its priority lowered, SIGHUP",
        WALKTHROUGH,
        deeds.hand_over,
        5,
        _SMOOTH,
    ),
    Row(
        "maintenance",
        "`vipkeeper maintenance on`; keepalived: its priority lowered, SIGHUP",
        FAST,
        deeds.maintain,
        2,
        _SMOOTH,
    ),
    Row("restart", "restart of the daemon", FAST, deeds.restart, 2, Bound(_BETTER, lost=0)),
    Row(
        "kill-all",
        "SIGKILL of all its processes",
        FAST,
        deeds.kill_all,
        2,
        Bound(_OTHER, two_holders_ms=0),
    ),
    Row(
        "kill-all-ipv6",
        "SIGKILL of all its processes",
        FAST_IPV6,
        deeds.kill_all,
        2,
        Bound(_OTHER, two_holders_ms=0),
    ),
    Row(
        "kill-all-slow",
        "SIGKILL of all its processes",
        WALKTHROUGH,
        deeds.kill_all,
        6,
        Bound(_OTHER, two_holders_ms=0),
        times=0.4,
    ),
    Row(
        "crash",
        "SIGKILL of all its processes, and a start when the other node has the VIP",
        FAST,
        deeds.crash_and_start,
        2,
        Bound(_BETTER, two_holders_ms=50),
    ),
    Row(
        "kill-parent",
        "SIGKILL of the supervising process",
        FAST,
        deeds.kill_parent,
        3,
        Bound(_ONE, lost=100),
    ),
    Row(
        "kill-child",
        "SIGKILL of the VRRP process",
        FAST,
        deeds.kill_child,
        3,
        Bound(_ONE, lost=100),
    ),
    Row(
        "freeze",
        "SIGSTOP of all its processes for 6 s, then SIGCONT",
        FAST,
        deeds.freeze,
        3,
        Bound(_BETTER, figures={TRANSITIONS: 2}),
        figures={
            TRANSITIONS: figures.transitions,
            TWO_AFTER_WAKING: figures.two_after_waking_ms,
        },
    ),
    Row(
        "freeze-group",
        "the freezer of control groups for 6 s",
        FAST,
        deeds.freeze_group,
        3,
        Bound(_BETTER, figures={TRANSITIONS: 2}),
        figures={
            TRANSITIONS: figures.transitions,
            TWO_AFTER_WAKING: figures.two_after_waking_ms,
        },
        times=0.4,
    ),
    Row(
        "broken-file",
        "a file is loaded in which a keyword lacks its parameter",
        FAST,
        deeds.load_broken,
        2,
        Bound(_BETTER, lost=0, two_holders_ms=0),
    ),
    Row(
        "missing-interface",
        "a file is loaded that names an interface that is not there",
        FAST,
        deeds.load_missing_interface,
        2,
        Bound(_BETTER, lost=0, two_holders_ms=0),
        times=0.4,
    ),
    Row(
        "address-deleted",
        "someone deletes the VIP (ip address del)",
        FAST,
        deeds.delete_address,
        1,
        Bound(_BETTER, lost=20, figures={TRANSITIONS: 0}),
        figures={TRANSITIONS: figures.transitions},
    ),
    Row(
        "interface-down",
        "the interface goes down, and up again",
        FAST,
        deeds.interface_down_and_up,
        3,
        Bound(_BETTER),
    ),
    Row(
        "address-added",
        "a VIP is added on the backup node only (rolling change)",
        FAST,
        deeds.add_address_on_one,
        3,
        Bound(_BETTER, lost=0),
    ),
    Row(
        "healed",
        "a partition, and it heals (one down interval is lost when it begins)",
        FAST,
        deeds.part_and_heal,
        2,
        Bound(_BETTER, lost=200, two_holders_ms=None, figures={ANNOUNCED: 100}),
        figures={ANNOUNCED: figures.announced_ms},
    ),
    Row(
        "return",
        "the better node comes back",
        WALKTHROUGH,
        deeds.come_back,
        1,
        Bound(_BETTER, lost=0),
        beginning=Beginning.OTHER_ALONE,
    ),
    Row(
        "return-fast",
        "the better node comes back",
        FAST,
        deeds.come_back,
        1,
        Bound(_BETTER, lost=0),
        beginning=Beginning.OTHER_ALONE,
    ),
    Row(
        "many",
        "both nodes start at the same moment, 250 instances (nobody answers until then)",
        MANY,
        deeds.start_both,
        10,
        Bound(_BETTER, two_holders_ms=None, figures={TRANSITIONS_OF_OTHER: MANY.instances}),
        beginning=Beginning.NEITHER,
        figures={TRANSITIONS_OF_OTHER: figures.transitions_of_other},
        times=0.4,
    ),
    Row(
        "cut-1",
        "host cut off (link down at the switch)",
        WALKTHROUGH,
        deeds.unplug,
        0.5,
        Bound(_OTHER),
        figures=_TAKEOVER,
        times=4,
    ),
    Row(
        "cut-0.05",
        "host cut off (link down at the switch)",
        FAST,
        deeds.unplug,
        0.5,
        Bound(_OTHER),
        figures=_TAKEOVER,
        times=4,
    ),
    Row(
        "cut-0.01",
        "host cut off (link down at the switch)",
        FASTEST,
        deeds.unplug,
        0.5,
        Bound(_OTHER),
        figures=_TAKEOVER,
        times=4,
    ),
)

MOST_LATE_MS = 3
"""The median, where a host is cut off; and no more than keepalived's in the same runs."""

KEEPALIVED_LOSES = 806
"""Probes at a planned stop with the walkthrough's settings: the skew time of priority 50."""

SHORT = {
    "nothing": KEEPALIVED_LOSES // 2,
    "stop": KEEPALIVED_LOSES // 2,
    "kill-all": None,
    "broken-file": KEEPALIVED_LOSES // 2,
    "address-deleted": KEEPALIVED_LOSES // 2,
    "cut-0.05": None,
}
"""A few rows, and the most probes that may be lost in one on a machine of any speed."""
