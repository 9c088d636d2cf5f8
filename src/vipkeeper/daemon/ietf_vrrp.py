"""What ``vipkeeper status --json`` says in the words of RFC 8347 (``ietf-vrrp``, 2018-03-13).

Names, shape and units are the model's: ``master-down-interval`` in centiseconds, ``skew-time`` in
microseconds. A leaf without a value is left out. Numbers are JSON numbers, where RFC 7951 would
write 64-bit counters as strings.

The speaker builds the trees; instants are nanoseconds of the monotonic clock in them until the
keeper, whose task wall-clock time is, calls :func:`with_datetimes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from vipkeeper.daemon.ietf_events import IetfEvents
from vipkeeper.daemon.settings import InstanceSettings, Plain
from vipkeeper.daemon.statistics import Statistics
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State
from vipkeeper.vrrp.version import CENTISECOND_NS, SECOND_NS, Family

GLOBAL_COUNTERS = ("checksum-errors", "version-errors", "vrid-errors", "ip-ttl-errors")
INSTANCE_COUNTERS = (
    "master-transitions",
    "advertisement-rcvd",
    "advertisement-sent",
    "interval-errors",
    "priority-zero-pkts-rcvd",
    "priority-zero-pkts-sent",
    "invalid-type-pkts-rcvd",
    "address-list-errors",
    "packet-length-errors",
)
DISCONTINUITY = "discontinuity-datetime"
UP = "up-datetime"

# The model has no word for HandingOver: it has said with priority 0 that it takes no part.
_STATES = {
    Initialize: "initialize",
    Backup: "backup",
    Active: "master",
    HandingOver: "initialize",
}


def vrrp(settings: Collection[InstanceSettings], statistics: Statistics) -> Plain:
    """The container ``/vrrp:vrrp``: what concerns all virtual routers."""
    return {
        "virtual-routers": len(settings),
        "interfaces": len({item.interface for item in settings}),
        "statistics": _statistics(statistics, GLOBAL_COUNTERS),
    }


def vrrp_instance(
    settings: InstanceSettings,
    router: VirtualRouter,
    state: State,
    events: IetfEvents,
    statistics: Statistics,
) -> Plain:
    """One entry of the list ``vrrp-instance``."""
    tree = {
        **_configuration(settings),
        **_state(router, state, events),
        "statistics": _statistics(statistics, INSTANCE_COUNTERS),
    }
    return {name: value for name, value in tree.items() if value is not None}


def with_datetimes(tree: Plain, time_of: Callable[[int], str]) -> Plain:
    """The tree with its instants as RFC 3339 has them (``date-and-time``)."""
    return {
        name: with_datetimes(value, time_of)
        if isinstance(value, dict)
        else time_of(value)
        if name in (DISCONTINUITY, UP)
        else value
        for name, value in tree.items()
    }


def interval_ns(router: VirtualRouter, state: State) -> int:
    """Active_Adver_Interval: what a Backup has learned, otherwise our own."""
    if isinstance(state, Backup):
        return state.active_adver_interval_ns
    return router.advertisement_interval_ns


def _configuration(settings: InstanceSettings) -> Plain:
    is_v3 = settings.version == 3
    unit_ns = CENTISECOND_NS if is_v3 else SECOND_NS
    family = "ipv4" if settings.family == Family.IPV4 else "ipv6"
    return {
        "vrid": settings.vrid,
        "version": f"vrrp-v{settings.version}",
        "log-state-change": True,
        "preempt": {
            "enabled": settings.preempt,
            "hold-time": settings.preempt_delay_ns // SECOND_NS,
        },
        # 1..254: an owner has none.
        "priority": None if settings.is_owner else settings.priority,
        "accept-mode": settings.accept if is_v3 else None,
        f"advertise-interval-{'centi-sec' if is_v3 else 'sec'}": (
            settings.advertisement_interval_ns // unit_ns
        ),
        "track": _track(settings),
        f"virtual-{family}-addresses": {
            f"virtual-{family}-address": [
                {f"{family}-address": str(address)} for address in settings.advertised
            ]
        },
    }


def _track(settings: InstanceSettings) -> Plain | None:
    """The model knows one kind of tracking: what takes from the priority while it is down."""
    tracked = [
        {"interface": item.name, "priority-decrement": -item.weight}
        for item in settings.tracked
        if item.weight < 0 and not item.reverse
    ]
    return {"interfaces": {"interface": tracked}} if tracked else None


def _state(router: VirtualRouter, state: State, events: IetfEvents) -> Plain:
    interval = interval_ns(router, state)
    source = events.last_adv_source
    return {
        "state": _STATES[type(state)],
        "is-owner": router.is_owner,
        "last-adv-source": None if source is None else str(source),
        UP: events.up_since,
        "master-down-interval": router.active_down_interval_ns(interval) // CENTISECOND_NS,
        "skew-time": router.skew_time_ns(interval) // 1000,
        "last-event": events.last.value,
        "new-master-reason": events.new_master_reason.value,
    }


def _statistics(statistics: Statistics, names: tuple[str, ...]) -> Plain:
    return {DISCONTINUITY: statistics.since, **{name: statistics[name] for name in names}}
