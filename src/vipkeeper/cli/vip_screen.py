"""What ``vipkeeper vip`` shows of plans and outcomes on a terminal: lines, from values alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from vipkeeper.cli.lines import Line
from vipkeeper.errors import CloudError, VipkeeperError
from vipkeeper.openstack import as_data, words
from vipkeeper.openstack.back_end import BackEnd
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.plans.plan import Plan, Remark, Severity
from vipkeeper.openstack.plans.steps import (
    ChangeFloatingIp,
    ChangeGroup,
    ChangePort,
    CreateFloatingIp,
    Delete,
    Step,
)
from vipkeeper.openstack.plans.steps_text import command, describe

_SEVERITIES = {
    Severity.BLOCKER: ("✘", "bold red"),
    Severity.WARNING: ("!", "yellow"),
    Severity.NOTE: ("·", "cyan"),
}
_STATES = {
    as_data.AS_DECLARED: "as declared",
    as_data.CHANGES: "with changes",
    as_data.BLOCKED: "blocked",
    as_data.FAILED: "could not be looked at",
}
GOOD = Text("✔", "bold green")
BAD = Text("✘", "bold red")
BLOCKED = Line(Text("Nothing is done before that is mended.", "bold"))
_CHANGED = Text("~", "yellow")
_TITLES = 13
"""Columns of what stands before a value."""


def plan(plan: Plan, *, commands: bool = False) -> Iterator[Line]:
    """What is there and wanted, what has to be known, what would be done."""
    yield Line(Text(plan.name, "bold"))
    if plan.deployment:
        yield from deployment(plan.deployment, floating_from=_floating_from(plan.steps))
    yield _row("back end", back_end(plan.back_end))
    yield from remarks(plan.remarks)
    if plan.steps and not plan.blockers:
        yield Line(Text(""))
        for step in plan.steps:
            yield planned(step, commands=commands)


def removal(plan: Plan) -> Iterator[Line]:
    """What would be taken away."""
    yield Line(Text(plan.name, "bold"))
    yield from remarks(plan.remarks)
    yield from (planned(step) for step in plan.steps)


def deployment(deployment: Deployment, *, floating_from: str = "") -> Iterator[Line]:
    """The virtual IP, its members and how they agree.

    Args:
        floating_from: the network of which a floating IP is still to be made.
    """
    cidrs = ", ".join(one.cidr for one in deployment.addresses)
    yield _row("network", f"{deployment.network_name} ({cidrs})")
    for address in deployment.addresses:
        title = "address" if address.family == 4 else "IPv6 address"
        yield _row(title, str(address.interface or "the cloud chooses one"))
    titles = ("members", *("" for _ in deployment.nodes[1:]))
    for title, cells in zip(titles, columns(_members(deployment)), strict=True):
        yield _row(title, cells)
    floating = deployment.floating_ip or (floating_from and f"a new one of {floating_from}")
    yield _row("floating IP", floating or "none")
    yield _row("VRRP", words.vrrp(deployment.vrrp, deployment.vrid))
    services = ", ".join(words.service_port(one) for one in deployment.service_ports)
    yield _row("services", services or "none are opened")
    if deployment.group_name:
        yield _row("group", deployment.group_name)


def _members(deployment: Deployment) -> list[tuple[str, ...]]:
    return [
        (
            node.name,
            f"priority {node.priority}",
            ", ".join(str(one) for one in node.addresses) or "no address",
            node.interface + ("" if node.filtered else ", port security off"),
        )
        for node in deployment.nodes
    ]


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Cells below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(title: str, value: str) -> Line:
    return Line(Text(value), 2 + _TITLES, Text(title.ljust(_TITLES - 1), "dim"))


def back_end(back_end: BackEnd) -> str:
    return words.back_end(back_end)


def _floating_from(steps: Iterable[Step]) -> str:
    return next((one.network_name for one in steps if isinstance(one, CreateFloatingIp)), "")


def remarks(remarks: Iterable[Remark]) -> Iterator[Line]:
    """What blocks first, then warnings, then notes."""
    order = list(Severity)
    for remark in sorted(remarks, key=lambda one: order.index(one.severity)):
        sign, style = _SEVERITIES[remark.severity]
        colour = style if remark.severity is Severity.BLOCKER else ""
        yield Line(Text(remark.sentence, colour), 4, Text(sign, style))
        if remark.remedy:
            yield Line(Text(remark.remedy, "cyan"), 4)


def planned(step: Step, *, commands: bool = False) -> Line:
    """A step that is still to be done: its sentence, or the client's command for it."""
    if commands and (by_hand := command(step)):
        return Line(Text(by_hand, "cyan"), 4, _sign(step), typed=True)
    return Line(Text(describe(step)), 4, _sign(step))


def done(step: Step) -> Line:
    return Line(Text(describe(step)), 4, GOOD)


def _sign(step: Step) -> Text:
    if isinstance(step, Delete):
        return Text("-", "red")
    changes = isinstance(step, ChangePort | ChangeFloatingIp | ChangeGroup)
    return Text("~", "yellow") if changes else Text("+", "green")


def conclusion(plan: Plan, apply: str) -> Line:
    """The last line of one plan; ``apply`` is the command that carries it out."""
    if plan.blockers:
        return BLOCKED
    if not plan.steps:
        return Line(Text("Everything is as declared.", "bold"))
    many = words.counted(len(plan.steps), "change")
    return Line(Text.assemble((f"{many} would be made.", "bold"), " ", (apply, "cyan")))


def in_fleet(name: str, plan: Plan) -> Iterator[Line]:
    """One line of a virtual IP among many, and what blocks it."""
    found = as_data.state(plan)
    mark = {as_data.AS_DECLARED: GOOD, as_data.BLOCKED: BAD}.get(found, _CHANGED)
    said = "blocked" if plan.blockers else _STATES[found]
    if found == as_data.CHANGES:
        said = words.counted(len(plan.steps), "change") if plan.exists else "to be made"
    where = ", ".join(words.addresses(plan.deployment)) if plan.deployment else ""
    yield Line(Text.assemble((name, "bold"), f"  {where}" if where else "", f"  {said}"), 2, mark)
    yield from remarks(plan.blockers)


def drifted(name: str, plan: Plan, *, told: str = "declared") -> Iterator[Line]:
    """Whether a virtual IP is as declared, or recorded; if not, what would make it so."""
    if plan.is_done:
        yield Line(Text.assemble((name, "bold"), f"  as {told}"), 2, GOOD)
        return
    said = f"not as {told}" if plan.exists else "never applied"
    yield Line(Text.assemble((name, "bold"), f"  {said}"), 2, BAD)
    yield from remarks(plan.blockers)
    if plan.exists:
        yield from (planned(step) for step in plan.steps)


def typed(command: str) -> Line:
    """A command to go on with."""
    return Line(Text(command, "cyan"), 2, typed=True)


def failure(name: str, error: VipkeeperError) -> Line:
    return Line(Text.assemble((name, "bold"), f"  {error}"), 2, BAD)


def looking_again(name: str, error: CloudError, again_s: float) -> Line:
    """A failure that is not the end of it: in one line, without what to do about it."""
    said = f"  {error.message}; looking again in {again_s:.0f} s"
    return Line(Text.assemble((name, "bold"), said), 2, Text("…", "yellow"))


def summary(states: Iterable[str], requests: Sequence[int]) -> Line:
    """What is where in a fleet, and what it cost."""
    counts = Counter(states)
    parts = [f"{counts[one]} {word}" for one, word in _STATES.items() if counts[one]]
    many = words.counted(sum(counts.values()), "virtual IP")
    return Line(Text(f"{many}: {', '.join(parts)}{requests_each(requests)}", "bold"))


def requests_each(requests: Sequence[int]) -> str:
    if not requests:
        return ""
    least, most = min(requests), max(requests)
    return f"; {most} requests each" if least == most else f"; {least} to {most} requests each"
