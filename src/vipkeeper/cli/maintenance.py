"""``vipkeeper maintenance``: a node out of service, and back."""

from __future__ import annotations

from pathlib import Path

import click

from vipkeeper.cli.control_socket import control_option
from vipkeeper.cli.succession import instances_of, succeeded
from vipkeeper.daemon.control import ask


@click.command()
@click.argument("switch", type=click.Choice(["on", "off"]))
@control_option
def maintenance(switch: str, control: Path) -> None:
    """Take this node out of service, and back.

    On: whatever is Active here is handed over, and no instance takes part until it is off, also
    after a restart of the daemon (not of the machine). If nobody takes over, the VIP is answered
    for by nobody then, and the exit code is 1.
    """
    before = instances_of(control)
    answer = ask(control, {"request": "maintenance", "on": switch == "on"})
    if not answer["changed"]:
        click.echo(f"It was {switch} already.")
        return
    if switch == "off":
        click.echo("This node takes part again.")
        return
    going = [name for name, one in before.items() if one["state"] in ("Active", "HandingOver")]
    lost = [name for name in going if not succeeded(name, control)]
    click.echo("This node takes no part until: vipkeeper maintenance off")
    if lost:
        raise SystemExit(1)
