"""``vipkeeper vip apply``: do what the plan says."""

from __future__ import annotations

from pathlib import Path

import click

from vipkeeper.cli import vip_outcomes, vip_screen
from vipkeeper.cli.lines import show
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
from vipkeeper.openstack import applying, waiting
from vipkeeper.openstack.applying import Failed, Outcome
from vipkeeper.openstack.declaration.spec import VipSpec

IN_PLACE = "in place"


@click.command("apply")
@specs_argument
@cloud_option
@click.option("--wait", is_flag=True, help="Wait until the members' ports and floating IP work.")
@click.option(
    "--timeout",
    metavar="S",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="With --wait: how many seconds.",
)
@json_option
@jobs_option
def vip(
    specs: tuple[Path, ...],
    cloud: str | None,
    wait: bool,
    timeout: float,
    as_json: bool,
    jobs: int,
) -> int:
    """Do what `plan` says: whatever is there already stays as it is.

    What goes wrong in the middle is gone on with, where that may help; applying again does the
    rest. One virtual IP that fails does not stop the others.

    Exit code 0: all is in place. 1: something is not. 5: faults in a SPEC.
    """
    declared = read(specs)
    connected = connect(cloud)
    console = screen(stderr=as_json)
    alone = len(declared) == 1

    def do(spec: VipSpec, watch: vip_outcomes.Watch, failed: Failed) -> Outcome:
        outcome = applying.apply(connected, spec, watch=watch, failed=failed)
        if wait and outcome.is_in_place:
            waiting.wait(connected, spec, timeout_s=timeout)
        return outcome

    def finished(work: vip_outcomes.Work) -> None:
        of = vip_outcomes.lines_of_one if alone else vip_outcomes.lines_in_fleet
        if not as_json:
            show(console, of(work, IN_PLACE))

    works, complete = vip_outcomes.carry_out(
        declared, lambda spec: spec.name, do, jobs=jobs, console=console, finished=finished
    )
    if as_json:
        vip_outcomes.print_data(works)
    elif alone and works[0].outcome and works[0].outcome.deployment and complete:
        show(console, vip_screen.deployment(works[0].outcome.deployment))
    elif not alone:
        show(console, [vip_outcomes.summary(works, IN_PLACE)])
    if not complete:
        again = command_line("apply", cloud, *specs)
        show(screen(stderr=True), vip_outcomes.interrupted(works, again))
        return 130
    return 0 if all(work.state == vip_outcomes.DONE for work in works) else 1
