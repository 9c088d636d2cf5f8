"""What ``vipkeeper lab`` shows of a lab on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from vipkeeper.lab.client import DEFAULT_NAME


def print_status(status: dict[str, Any]) -> None:
    ports = {port["id"]: port for port in status["ports"]}
    bound = {id for instance in status["instances"] for id in instance["port_ids"]}
    rows = [("instance", "state", "address", "floating IP", "MAC address", "VRRP")]
    for instance in status["instances"]:
        for number, id in enumerate(instance["port_ids"] or [""]):
            port = ports.get(id, {})
            cells = [port.get(key) or "" for key in ("fixed_ip", "floating_ip", "mac_address")]
            vrrp = "" if instance["vrrp"] == "none" else instance["vrrp"]
            first = (instance["name"], instance["state"]) if number == 0 else ("", "")
            rows.append((*first, cells[0], cells[1], cells[2], vrrp if number == 0 else ""))
    click.echo(f"Lab {click.style(status['name'], bold=True)}")
    _print_table(rows)
    for instance in status["instances"]:
        if instance["failure"]:
            click.secho(f"{instance['name']} failed: {instance['failure']}", fg="red")
    for id, port in ports.items():
        if id not in bound and port["fixed_ip"]:
            holders = [
                instance["name"]
                for instance in status["instances"]
                if port["fixed_ip"] in instance["virtual_ips"]
            ]
            floating = f" (floating IP {port['floating_ip']})" if port["floating_ip"] else ""
            held = click.style(_held_by(holders), bold=True)
            click.echo(f"Virtual IP {port['fixed_ip']}{floating}: {held}")


_COLOURS = {
    "running": "green",
    "stopped": "red",
    "failed": "red",
    "stopping": "yellow",
    "booting": "yellow",
}


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be, the first row being their titles."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [
            click.style(
                cell.ljust(width) if column < len(row) - 1 else cell,
                dim=number == 0 or None,
                fg=_COLOURS.get(cell),
            )
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def _held_by(holders: list[str]) -> str:
    if not holders:
        return "nobody holds it"
    if len(holders) == 1:
        return f"held by {holders[0]}"
    return f"held by {' and '.join(holders)} at once"


def name_option(name: str) -> str:
    """The option that names a lab, after a space; nothing for the default one."""
    return "" if name == DEFAULT_NAME else f" --name {name}"


def print_suggestions(status: dict[str, Any]) -> None:
    option = f"{name_option(status['name'])} ".lstrip()
    names = [instance["name"] for instance in status["instances"]]
    holders = [one["name"] for one in status["instances"] if one["virtual_ips"]]
    floating = [
        port["floating_ip"]
        for port in status["ports"]
        if port["floating_ip"] and port["fixed_ip"] in status["virtual_ips"]
    ]
    lines = []
    if floating and "client" in names:
        lines.append(
            f"vipkeeper lab exec {option}client -- curl -s http://{floating[0]}/index.html"
        )
    for name in (holders or names)[:1]:
        lines.append(f"vipkeeper lab exec {option}{name} -- journalctl")
    for name in holders[:1]:
        lines.append(f"vipkeeper lab poweroff {option}{name}")
    lines.append(f"vipkeeper lab status {option}--drops")
    lines.append(f"vipkeeper lab down {option}".rstrip())
    click.echo("\nTry:")
    for line in lines:
        click.echo(f"  {line}")


def print_drops(drops: list[dict[str, Any]]) -> None:
    rows = [("instance", "port", "dropped because of", "packets", "bytes")]
    rows += [
        (
            drop["instance"] or "",
            drop["port"],
            drop["reason"],
            str(drop["packets"]),
            str(drop["bytes"]),
        )
        for drop in drops
        if drop["packets"]
    ]
    if len(rows) == 1:
        click.echo("Port security has dropped nothing.")
    else:
        _print_table(rows)
