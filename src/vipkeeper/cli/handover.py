"""``vipkeeper handover``: the VIP goes to the other node before anything breaks."""

from __future__ import annotations

from pathlib import Path

import click

from vipkeeper.cli.control_socket import control_option
from vipkeeper.cli.succession import instances_of, succeeded
from vipkeeper.daemon.control import ask


@click.command()
@click.argument("instances", nargs=-1, metavar="[INSTANCE]...")
@control_option
def handover(instances: tuple[str, ...], control: Path) -> None:
    """Have the other node take the VIP now.

    Of the instances that are named, or of all. Nothing is lost: this node answers until the other
    one does. It then stays Backup, whatever its priority, as long as somebody else is Active. If
    nobody comes to take over, the VIP stays here, and the exit code is 1.
    """
    before = instances_of(control)
    answer = ask(control, {"request": "hand-over", "instances": list(instances)})
    named = answer["instances"]
    going = [name for name in named if before[name]["state"] in ("Active", "HandingOver")]
    for name in named:
        if name not in going:
            click.echo(f"{name}: was not Active here, but {before[name]['state']}")
    stayed = [name for name in going if not succeeded(name, control)]
    if stayed:
        raise SystemExit(1)
