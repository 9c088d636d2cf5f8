"""``vipkeeper status``: who is active and since when, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vipkeeper.cli.control_socket import control_option
from vipkeeper.daemon.control import ask

_COLOURS = {
    "Active": "bold green",
    "Backup": "cyan",
    "Initialize": "bold red",
    "HandingOver": "yellow",
}


@click.command()
@control_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--counters", is_flag=True, help="The counters that are not 0, too.")
def status(control: Path, as_json: bool, counters: bool) -> None:
    """Say who is active and since when, and why."""
    answer = ask(control, {"request": "status"})["status"]
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    console = Console(highlight=False)
    console.print(f"vipkeeperd {answer['version']}, process {answer['pid']}", style="dim")
    for instance in answer["instances"]:
        console.print(_table(instance, answer["statistics"] if counters else None))
    for name in answer["refused"]:
        console.print(f"{name}: refused, see `vipkeeper check {answer['configuration']}`")
    if answer["in_maintenance"]:
        console.print("in maintenance: until `vipkeeper maintenance off`", style="yellow")
    for reason in answer["not_permitted"]:
        console.print(f"not permitted: {reason}", style="yellow")


def _table(instance: dict[str, Any], global_counters: dict[str, Any] | None) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=12)
    table.add_column()
    state = instance["state"]
    table.add_row("instance", f"[bold]{escape(instance['name'])}[/]")
    since = f" since {instance['since']}" if instance["since"] else ""
    table.add_row("state", f"[{_COLOURS[state]}]{state}[/]{since}")
    rule = f" ({_source(instance['rule'])})" if instance["rule"] else ""
    table.add_row("because", f"{instance['because']}{rule}")
    table.add_row("active", _active_router(instance))
    table.add_row("priority", _priority(instance))
    table.add_row(
        "on", f"{instance['interface']}, VRID {instance['vrid']}, VRRPv{instance['version']}"
    )
    if (virtual_mac := instance["virtual_mac"]) is not None:
        base = "" if virtual_mac["transmits"] else f", adverts from {instance['interface']}"
        table.add_row("virtual MAC", f"{virtual_mac['mac']} on {virtual_mac['interface']}{base}")
    table.add_row("addresses", "\n".join(instance["virtual_addresses"]))
    for neighbour in instance["neighbours"]:
        table.add_row("neighbour", _neighbour(neighbour))
    if global_counters is not None:
        shown = {**instance["statistics"], **global_counters}
        lines = [f"{name} {value}" for name, value in shown.items() if value not in (0, None)]
        table.add_row("counters", "\n".join(lines))
    return table


def _source(rule: str) -> str:
    """A row of docs/state-machine.md: of the RFC, or our own."""
    return f"RFC 9568 {rule}" if rule.startswith("6.4") else f"row {rule}"


def _neighbour(neighbour: dict[str, Any]) -> str:
    first, last = (neighbour[name].replace("T", " ")[:19] for name in ("first", "last"))
    count = neighbour["count"]
    seen = f"once, {last}" if count == 1 else f"{count} times, {first} to {last}"
    return f"[yellow]{neighbour['source']}[/] {escape(neighbour['words'])} [dim]({seen})[/]"


def _active_router(instance: dict[str, Any]) -> str:
    active = instance["active_router"]
    if active is None:
        return "nobody is known to be"
    if active["is_self"]:
        return f"this node, {active['address']}"
    return f"{active['address']} with priority {active['priority']}"


def _priority(instance: dict[str, Any]) -> str:
    effective, configured = instance["effective_priority"], instance["priority"]
    if effective == configured:
        return str(configured)
    return f"{effective} (configured {configured})"
