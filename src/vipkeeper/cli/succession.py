"""What comes of a handover, as the one who asked for it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vipkeeper.daemon.control import ask

_POLL_SECONDS = 0.05


def instances_of(control: Path) -> dict[str, dict[str, Any]]:
    """Each instance of the daemon by its name, as ``vipkeeper status --json`` has it."""
    status = ask(control, {"request": "status"})["status"]
    return {one["name"]: one for one in status["instances"]}


def succeeded(name: str, control: Path) -> bool:
    """Wait for what comes of a handover, say it, and return whether somebody has taken over."""
    begun = time.monotonic()
    instance = _when(lambda: instances_of(control)[name], lambda one: one["state"] != "HandingOver")
    seconds = time.monotonic() - begun
    if instance["state"] == "Active":
        click.echo(f"{name}: nobody took over in {seconds:.1f} s; the VIP stays here", err=True)
        return False
    successor = next(
        (entry["successor"] for entry in reversed(instance["history"]) if "successor" in entry),
        None,
    )
    if successor is None:
        click.echo(f"{name}: nobody took over; nobody here answers for the VIP now", err=True)
        return False
    click.echo(f"{name}: {successor} has taken over")
    return True


def _when(
    ask_for: Callable[[], dict[str, Any]], holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The daemon itself bounds it: a handover lasts an Active_Down_Interval at most."""
    while not holds(answer := ask_for()):
        time.sleep(_POLL_SECONDS)
    return answer
