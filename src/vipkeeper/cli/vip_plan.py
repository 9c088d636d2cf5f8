"""``vipkeeper vip plan``: what would be done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.text import Text

from vipkeeper.cli import vip_screen
from vipkeeper.cli.lines import Line, show
from vipkeeper.cli.vip_looking import Looked, look
from vipkeeper.cli.vip_options import (
    cloud_option,
    command_line,
    connect,
    jobs_option,
    json_option,
    read,
    screen,
    specs_argument,
)
from vipkeeper.openstack import as_data

SOMETHING_TO_DO = 3


@click.command("plan")
@specs_argument
@cloud_option
@click.option("--commands", is_flag=True, help="Show the openstack commands that do the same.")
@json_option
@jobs_option
def vip(
    specs: tuple[Path, ...], cloud: str | None, commands: bool, as_json: bool, jobs: int
) -> int:
    """Say what is there, what is wanted and what would be done; nothing is changed.

    Exit code 0: nothing to do. 3: something to do. 1: something blocks it, or the cloud could
    not be looked at. 5: faults in a SPEC.
    """
    declared = read(specs)
    looked = look(connect(cloud), declared, jobs=jobs, console=screen(stderr=True))
    if as_json:
        click.echo(json.dumps(data(looked), indent=2))
    else:
        apply = command_line("apply", cloud, *specs)
        show(screen(), lines(looked, apply, commands=commands))
    return exit_code(looked)


def exit_code(looked: Sequence[Looked]) -> int:
    states = {one.state for one in looked}
    if states & {as_data.FAILED, as_data.BLOCKED}:
        return 1
    return SOMETHING_TO_DO if as_data.CHANGES in states else 0


def lines(looked: Sequence[Looked], apply: str, *, commands: bool) -> Iterator[Line]:
    """One virtual IP in full, or a line of each of many."""
    if len(looked) == 1:
        (one,) = looked
        if one.plan:
            yield from vip_screen.plan(one.plan, commands=commands)
            yield Line(Text(""))
            yield vip_screen.conclusion(one.plan, apply)
        elif one.error:
            yield vip_screen.failure(one.name, one.error)
        return
    for one in looked:
        if one.plan:
            yield from vip_screen.in_fleet(one.name, one.plan)
            if commands:
                yield from (vip_screen.planned(step, commands=True) for step in one.plan.steps)
        elif one.error:
            yield vip_screen.failure(one.name, one.error)
    yield vip_screen.summary((one.state for one in looked), requests(looked))
    if any(one.state == as_data.CHANGES for one in looked):
        yield vip_screen.typed(apply)


def requests(looked: Sequence[Looked]) -> list[int]:
    return [one.requests for one in looked if one.plan]


def data(looked: Sequence[Looked]) -> dict[str, object]:
    states = [one.state for one in looked]
    return {
        "virtual_ips": [one.data() for one in looked],
        "summary": {one.replace("-", "_"): states.count(one) for one in as_data.STATES},
    }
