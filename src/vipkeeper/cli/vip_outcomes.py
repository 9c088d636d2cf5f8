"""Carrying out for one or many virtual IPs: progress, what came of each, Ctrl-C."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from vipkeeper.cli import vip_screen
from vipkeeper.cli.lines import Line, show
from vipkeeper.errors import CloudError, VipkeeperError
from vipkeeper.openstack import as_data, fleet, words
from vipkeeper.openstack.applying import Failed, Outcome
from vipkeeper.openstack.plans.plan import Plan, Remark
from vipkeeper.openstack.plans.steps import Step

T = TypeVar("T")
Watch = Callable[[Step], None]

DONE = "done"
INTERRUPTED = "interrupted"
STATES = (DONE, as_data.BLOCKED, as_data.FAILED, INTERRUPTED)
_WORDS = {
    as_data.BLOCKED: "blocked",
    as_data.FAILED: "failed",
    INTERRUPTED: "not finished",
}


@dataclass(slots=True)
class Work:
    """What is done for one virtual IP, as far as it has come.

    Attributes:
        done: the steps that have been carried out.
        outcome: None until it is over.
        error: what went wrong, after the outcome or instead of one.
    """

    name: str
    done: list[Step] = field(default_factory=list)
    outcome: Outcome | None = None
    error: VipkeeperError | None = None

    @property
    def state(self) -> str:
        if self.error:
            return as_data.FAILED
        if not self.outcome:
            return INTERRUPTED
        return DONE if self.outcome.is_in_place else as_data.BLOCKED

    @property
    def plan(self) -> Plan | None:
        """What there was to do; where something blocks it, that is in it."""
        if self.outcome is None:
            return None
        left = self.outcome.left
        return left if left and left.blockers else self.outcome.plan

    def data(self) -> dict[str, Any]:
        outcome = self.outcome
        deployment = outcome.deployment if outcome else None
        return {
            "name": self.name,
            "state": self.state,
            "remarks": [as_data.remark(one) for one in self.remarks()],
            "done": [as_data.step(one) for one in self.done],
            "deployment": as_data.deployment(deployment) if deployment else None,
            "error": as_data.error(self.error) if self.error else None,
            "requests": outcome.requests if outcome else None,
            "seconds": round(outcome.seconds, 3) if outcome else None,
        }

    def remarks(self) -> Sequence[Remark]:
        return self.plan.remarks if self.plan else ()


def carry_out(
    items: Sequence[T],
    name: Callable[[T], str],
    do: Callable[[T, Watch, Failed], Outcome],
    *,
    jobs: int,
    console: Console,
    finished: Callable[[Work], None],
) -> tuple[tuple[Work, ...], bool]:
    """Do it for each, several at a time; what became of each, and whether it came to its end.

    Args:
        finished: told of each that is over.
    """
    works = {name(item): Work(name(item)) for item in items}
    alone = len(items) == 1
    aside = Console(highlight=False, stderr=True)

    def one(item: T) -> None:
        work = works[name(item)]

        def watch(step: Step) -> None:
            work.done.append(step)
            if alone:
                show(console, [vip_screen.done(step)])

        def failed(error: CloudError, again_s: float) -> None:
            show(aside, [vip_screen.looking_again(work.name, error, again_s)])

        try:
            work.outcome = do(item, watch, failed)
            work.error = work.outcome.error
        except VipkeeperError as error:
            work.error = error

    over = 0
    with console.status("Working ...") as status:
        try:
            for result in fleet.each(items, one, jobs=jobs):
                over += 1
                finished(works[name(result.item)])
                if not alone:
                    status.update(f"{over} of {len(items)}")
        except KeyboardInterrupt:
            return tuple(works.values()), False
    return tuple(works.values()), True


def lines_of_one(work: Work, word: str) -> Iterator[Line]:
    """One that is over, when it is the only one: its steps have been shown."""
    yield from vip_screen.remarks(work.remarks())
    if work.error:
        yield vip_screen.failure(work.name, work.error)
    elif work.state == as_data.BLOCKED:
        yield vip_screen.BLOCKED
    else:
        many = words.counted(len(work.done), "change") if work.done else "nothing had to be done"
        yield Line(Text.assemble((work.name, "bold"), f"  {word}: {many}"), 2, vip_screen.GOOD)


def lines_in_fleet(work: Work, word: str) -> Iterator[Line]:
    if work.error:
        yield vip_screen.failure(work.name, work.error)
        return
    blocked = work.state == as_data.BLOCKED
    said = "blocked" if blocked else word
    if not blocked and work.done:
        said += f", {words.counted(len(work.done), 'change')}"
    mark = vip_screen.BAD if blocked else vip_screen.GOOD
    yield Line(Text.assemble((work.name, "bold"), f"  {said}"), 2, mark)
    yield from vip_screen.remarks(work.plan.blockers if blocked and work.plan else ())


def summary(works: Sequence[Work], word: str) -> Line:
    counts = Counter(work.state for work in works)
    said = {DONE: word, **_WORDS}
    parts = [f"{counts[one]} {said[one]}" for one in STATES if counts[one]]
    requests = [work.outcome.requests for work in works if work.outcome]
    many = words.counted(len(works), "virtual IP")
    return Line(Text(f"{many}: {', '.join(parts)}{vip_screen.requests_each(requests)}", "bold"))


def print_data(works: Sequence[Work]) -> None:
    states = [work.state for work in works]
    data = {
        "virtual_ips": [work.data() for work in works],
        "summary": {one: states.count(one) for one in STATES},
    }
    click.echo(json.dumps(data, indent=2))


def interrupted(works: Sequence[Work], again: str) -> Iterator[Line]:
    """After Ctrl-C: what has been done, and how to go on."""
    steps = sum(len(work.done) for work in works)
    unfinished = [work.name for work in works if work.state in (INTERRUPTED, as_data.FAILED)]
    many = words.counted(steps, "change was", "changes were")
    yield Line(Text(f"Interrupted: {many} made; not finished: {', '.join(unfinished)}.", "bold"))
    yield Line(Text("The same command goes on from here:"))
    yield vip_screen.typed(again)
