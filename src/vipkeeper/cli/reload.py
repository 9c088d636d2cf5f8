"""``vipkeeper reload``: have the daemon read its configuration again, or say what would change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from vipkeeper.daemon.command_line import DEFAULT_CONTROL_SOCKET
from vipkeeper.daemon.control import ask


@click.command()
@click.option(
    "--control",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONTROL_SOCKET,
    show_default=True,
    help="The daemon's control socket.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def reload(control: Path, dry_run: bool, as_json: bool) -> int:
    """Have the daemon read its configuration again.

    Exit code 0: it is in force (with --dry-run: it could be). 1: something is wrong with it, and
    the old configuration stays in force.
    """
    answer = ask(control, {"request": "reload", "dry_run": dry_run})["reload"]
    click.echo(json.dumps(answer, indent=2) if as_json else _text(answer, dry_run=dry_run))
    return 1 if answer["refusal"] else 0


def _text(answer: dict[str, Any], *, dry_run: bool) -> str:
    lines = list(answer["findings"])
    if answer["refusal"]:
        return "\n".join([*lines, answer["refusal"]])
    for instance in answer["instances"]:
        lines += instance["lines"]
        if instance["warning"]:
            lines.append(f"warning: {instance['warning']}")
    end = "nothing was changed (--dry-run)" if dry_run else "the new configuration is in force"
    return "\n".join([*lines, end])
