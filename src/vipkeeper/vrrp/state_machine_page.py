"""The state machine as a reader sees it: RULES as a diagram and as tables.

What a row leads to is found by letting it happen once, so neither can say anything else than
what the code does. ``scripts/write-state-machine-page`` puts the result into
``docs/state-machine.md``; a test holds the page to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    Action,
    AnnounceAddresses,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.conditions import always
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
from vipkeeper.vrrp.machine import RULES, Rule
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State
from vipkeeper.vrrp.version import SECOND_NS, VRRPV2, Family

BEGIN = "<!-- generated from RULES by `make docs`: change the code, not this -->"
END = "<!-- end of what is generated -->"

_NOW = 1_000 * SECOND_NS
_ROUTER = VirtualRouter(
    name="example",
    interface="eth0",
    vrid=1,
    version=VRRPV2,
    family=Family.IPV4,
    priority=100,
    advertisement_interval_ns=SECOND_NS,
    addresses=(IPv4Address("192.0.2.1"),),
    primary_address=IPv4Address("192.0.2.2"),
)
_STATES: dict[type, State] = {
    Initialize: Initialize(),
    Backup: Backup(_NOW + SECOND_NS, SECOND_NS),
    Active: Active(_NOW + SECOND_NS // 2, _NOW - SECOND_NS // 2),
    HandingOver: HandingOver(_NOW + SECOND_NS, for_good=False),
}
_EVENTS: dict[type, Event] = {
    Startup: Startup(),
    Shutdown: Shutdown(),
    TimerFired: TimerFired(),
    AdvertisementReceived: AdvertisementReceived(_ROUTER.advertisement(), IPv4Address("192.0.2.3")),
    PriorityChanged: PriorityChanged(previous=90),
    HandOver: HandOver(),
    AnnouncementHeard: AnnouncementHeard(is_last=True),
}
_IN_WORDS: dict[type, str] = {
    Startup: "startup",
    Shutdown: "shutdown",
    TimerFired: "timer",
    AdvertisementReceived: "advert",
    PriorityChanged: "own priority changed",
    HandOver: "order to hand over",
    AnnouncementHeard: "announcement",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One rule, in words."""

    rule: Rule[Any, Any]
    event: str
    condition: str
    done: str
    leads_to: type


def rows() -> tuple[Row, ...]:
    """Every rule in words, in the table's order."""
    return tuple(_row(rule) for rule in RULES)


def _row(rule: Rule[Any, Any]) -> Row:
    new, actions = rule.then(_ROUTER, _STATES[rule.state], _EVENTS[rule.event], _NOW)
    done = [*map(_action_in_words, actions), _first_line(rule.then)]
    return Row(
        rule=rule,
        event=_IN_WORDS[rule.event],
        condition=_condition(rule),
        done=" ".join(done),
        leads_to=type(new),
    )


def _condition(rule: Rule[Any, Any]) -> str:
    if rule.when is not always:
        return _first_line(rule.when)
    same = [one for one in RULES if (one.state, one.event) == (rule.state, rule.event)]
    return "otherwise" if len(same) > 1 else ""


def _first_line(function: object) -> str:
    return (function.__doc__ or "").partition("\n")[0]


def _action_in_words(action: Action) -> str:
    match action:
        case SendAdvertisement(resigning=True):
            return "**Send** an advert with priority 0."
        case SendAdvertisement():
            return "**Send** an advert."
        case AcquireAddresses():
            return "**Add** the addresses."
        case ReleaseAddresses():
            return "**Remove** the addresses."
        case AnnounceAddresses():
            return "**Announce** the addresses."


def diagram() -> str:
    """A mermaid state diagram: every row, by its letter, on the way that it takes."""
    ways: dict[tuple[str, str], list[str]] = {}
    for row in rows():
        way = (row.rule.state.__name__, row.leads_to.__name__)
        ways.setdefault(way, []).append(f"{_short(row.rule.name)} {row.event}")
    lines = ["stateDiagram-v2", "    [*] --> Initialize"]
    lines += [f"    {old} --> {new}: {', '.join(names)}" for (old, new), names in ways.items()]
    return "\n".join(("```mermaid", *lines, "```"))


def _short(name: str) -> str:
    """The section follows from the state, unless there is none."""
    return name.split()[-1] if name.startswith("6.4") else name


def table(state: type) -> str:
    """The rows of one state as a Markdown table, in the order in which they are tried."""
    lines = [
        "| row | event | condition | what is done | then | `because` |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.rule.name} | {row.event} | {row.condition} | {row.done} "
        f"| {row.leads_to.__name__} | {row.rule.because} |"
        for row in rows()
        if row.rule.state is state
    ]
    return "\n".join(lines)


def generated() -> str:
    """All that the page says about RULES."""
    sections = [diagram()]
    for state in _STATES:
        sections += [f"### {state.__name__} ({_source(state)})", table(state)]
    return "\n\n".join(sections)


def _source(state: type) -> str:
    names = [rule.name for rule in RULES if rule.state is state]
    of_the_rfc = {name.split()[0] for name in names if name.startswith("6.4")}
    return f"RFC 9568 {', '.join(of_the_rfc)}" if of_the_rfc else "not in the RFC"


def with_rules(page: str) -> str:
    """The page with what is generated put between its two marks.

    Raises:
        ValueError: a mark is missing, or they are in the wrong order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN!r} and {END!r}, in this order")
    return f"{before}{BEGIN}\n\n{generated()}\n\n{END}{after}"
