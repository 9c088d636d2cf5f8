"""``vipkeeper vip drift``: whether everything is as it is declared."""

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
    connect,
    jobs_option,
    json_option,
    read,
    screen,
    specs_argument,
)
from vipkeeper.cli.vip_plan import data, requests
from vipkeeper.openstack import as_data
from vipkeeper.openstack.listing import listed

DRIFTED = 3


@click.command("drift")
@specs_argument
@cloud_option
@json_option
@jobs_option
def vip(specs: tuple[Path, ...], cloud: str | None, as_json: bool, jobs: int) -> int:
    """Say whether everything is as it is declared; nothing is changed.

    With a directory, the managed virtual IPs of the project that are declared in none of its
    files are named as well; they may be somebody else's, and do not count.

    Exit code 0: as declared. 3: something has drifted, or was never applied. 1: the cloud could
    not be looked at. 5: faults in a SPEC.
    """
    declared = read(specs)
    connected = connect(cloud)
    looked = look(connected, declared, jobs=jobs, console=screen(stderr=True))
    undeclared: tuple[str, ...] = ()
    if any(path.is_dir() for path in specs):
        here = {spec.name for spec in declared}
        inventory = listed(connected.inventory())
        undeclared = tuple(one.name for one in inventory if one.name not in here)
    if as_json:
        click.echo(json.dumps({**data(looked), "undeclared": list(undeclared)}, indent=2))
    else:
        show(screen(), lines(looked, undeclared))
    return exit_code(looked)


def exit_code(looked: Sequence[Looked]) -> int:
    states = {one.state for one in looked}
    if as_data.FAILED in states:
        return 1
    return 0 if states <= {as_data.AS_DECLARED} else DRIFTED


def lines(looked: Sequence[Looked], undeclared: Sequence[str]) -> Iterator[Line]:
    for one in looked:
        if one.plan:
            yield from vip_screen.drifted(one.name, one.plan)
        elif one.error:
            yield vip_screen.failure(one.name, one.error)
    for name in undeclared:
        yield Line(Text(f"{name}  is declared in none of these files"), 2, Text("?", "yellow"))
    if len(looked) > 1:
        yield vip_screen.summary((one.state for one in looked), requests(looked))
