"""``vipkeeper vip destroy``: remove what was made, and nothing else."""

from __future__ import annotations

import json
import sys

import click
from rich.text import Text

from vipkeeper.cli import vip_outcomes, vip_screen
from vipkeeper.cli.lines import Line, show
from vipkeeper.cli.vip_looking import Looked
from vipkeeper.cli.vip_options import (
    cloud_option,
    command_line,
    connect,
    jobs_option,
    json_option,
    names,
    screen,
    yes_option,
)
from vipkeeper.cli.vip_plan import data, exit_code
from vipkeeper.errors import VipkeeperError
from vipkeeper.openstack import applying
from vipkeeper.openstack.applying import Failed, Outcome
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.plans.removal import removal

REMOVED = "removed"


@click.command("destroy")
@click.argument("named", metavar="NAME|SPEC...", nargs=-1, required=True)
@cloud_option
@click.option("--adopted", is_flag=True, help="Remove what was there before it was adopted, too.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@yes_option
@json_option
@jobs_option
def vip(
    named: tuple[str, ...],
    cloud: str | None,
    adopted: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    jobs: int,
) -> int:
    """Remove what was made for a virtual IP, and nothing else.

    A file is meant by its ending or a slash (web.yaml, fleet/), anything else is a name. On a
    terminal it says what will be removed, and asks.

    Exit code 0: nothing of it is left. 1: something is. With --dry-run as `plan` has it: 0, 3, 1.
    """
    wanted = names(named)
    connected = connect(cloud)
    if dry_run or (sys.stdin.isatty() and sys.stdout.isatty() and not (yes or as_json)):
        looked = [_look(connected, name, adopted=adopted) for name in wanted]
        if as_json:
            click.echo(json.dumps(data(looked), indent=2))
        else:
            _show(looked)
        if dry_run or exit_code(looked) == 0:
            return exit_code(looked)
        click.confirm("Remove that?", abort=True)
    console = screen(stderr=as_json)
    alone = len(wanted) == 1

    def do(name: str, watch: vip_outcomes.Watch, failed: Failed) -> Outcome:
        return applying.remove(connected, name, adopted=adopted, watch=watch, failed=failed)

    def finished(work: vip_outcomes.Work) -> None:
        of = vip_outcomes.lines_of_one if alone else vip_outcomes.lines_in_fleet
        if not as_json:
            show(console, of(work, REMOVED))

    works, complete = vip_outcomes.carry_out(
        wanted, lambda name: name, do, jobs=jobs, console=console, finished=finished
    )
    if as_json:
        vip_outcomes.print_data(works)
    elif not alone:
        show(console, [vip_outcomes.summary(works, REMOVED)])
    if not complete:
        again = command_line("destroy", cloud, *named)
        show(screen(stderr=True), vip_outcomes.interrupted(works, again))
        return 130
    return 0 if all(work.state == vip_outcomes.DONE for work in works) else 1


def _look(cloud: Cloud, name: str, *, adopted: bool) -> Looked:
    apart = cloud.apart()
    try:
        plan = removal(name, apart.look_for(name), adopted=adopted)
    except VipkeeperError as error:
        return Looked(name, error=error, requests=apart.requests)
    return Looked(name, plan, requests=apart.requests)


def _show(looked: list[Looked]) -> None:
    for one in looked:
        if one.error:
            show(screen(), [vip_screen.failure(one.name, one.error)])
        elif one.plan and not (one.plan.steps or one.plan.blockers):
            show(screen(), [Line(Text(f"Nothing of {one.name} is there."))])
        elif one.plan:
            show(screen(), vip_screen.removal(one.plan))
