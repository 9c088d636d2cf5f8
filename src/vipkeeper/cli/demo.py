"""``vipkeeper demo``: the walkthrough, gone through and shown."""

from __future__ import annotations

import json
import signal
import sys
from typing import NoReturn

import click

from vipkeeper.cli.demo_screen import Screen
from vipkeeper.demo import run as demo_run
from vipkeeper.demo.openstack import run as openstack_run


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--openstack",
    "by_client",
    is_flag=True,
    help="From an empty cloud to a virtual IP by one command, and back to nothing.",
)
def demo(as_json: bool, by_client: bool) -> int:
    """Build the walkthrough's cloud on this machine and go through it.

    Eight steps of a virtual IP kept alive by two nodes, then five clouds in which one thing is
    not set up. For each: what was expected beside what was really seen, and how long nobody
    answered at each failover. Needs no root, touches nothing of the host, takes about a minute.

    The exit code is 0 only if everything was as expected.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    screen = Screen(quiet=as_json)
    with screen:
        report = openstack_run.run(screen) if by_client else demo_run.run(screen)
    if as_json:
        click.echo(json.dumps(report.as_data(), indent=2, ensure_ascii=False))
    else:
        screen.summary(report)
    return 0 if report.ok else 1


def _leave(number: int, _frame: object) -> NoReturn:
    """Leave as Ctrl-C does, taking the labs down on the way."""
    sys.exit(128 + number)
