"""``vipkeeper lab``: a small OpenStack cloud on this machine, without root or OpenStack."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import DEFAULT_NAME, Lab

VIP_TIMEOUT = 15.0
"""Seconds that ``up`` waits for the virtual IPs; an election takes 3.6 s."""

_name = click.option(
    "--name", default=DEFAULT_NAME, show_default=True, metavar="NAME", help="Which lab."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_instance = click.argument("instance")


@click.group()
def lab() -> None:
    """A cloud on one machine: instances, networks, port security, a router.

    It needs no root, touches nothing of this machine, and leaves nothing behind.
    """


@lab.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@_name
@click.option("--bare", is_flag=True, help="Leave the services of the instances off.")
def up(file: Path | None, name: str, bare: bool) -> None:
    """Start a cloud, and wait for its virtual IP.

    FILE describes the cloud; by default it is that of the walkthrough.
    """
    spec = spec_file.walkthrough() if file is None else spec_file.read(file)
    running = Lab.up(spec, name=name, bare=bare)
    settled = True
    if not bare and any(instance.vrrp != "none" for instance in spec.instances):
        try:
            click.echo("The lab runs. Waiting for the virtual IP ...", err=True)
            running.wait_for_vip(timeout=VIP_TIMEOUT)
        except KeyboardInterrupt:
            running.down()
            raise
        except LabError as error:
            settled = False
            click.echo(f"vipkeeper: {error}", err=True)
    status = running.status()
    _print_status(status)
    _print_suggestions(status)
    if not settled:
        raise click.exceptions.Exit(1)


@lab.command()
@click.option("--name", metavar="NAME", help="Which lab; without it, all that run are listed.")
@click.option("--drops", is_flag=True, help="What port security dropped, and why.")
@_as_json
def status(name: str | None, drops: bool, as_json: bool) -> None:
    """Show what there is, and who holds the virtual IP."""
    described = [_described(name, drops=drops)] if name is not None else _all(drops=drops)
    if as_json:
        # One lab is one object; which labs there are is another.
        whole = described[0] if name is not None else {"labs": described}
        click.echo(json.dumps(whole, indent=2))
        return
    if not described:
        click.echo("No lab is running. Start one: vipkeeper lab up")
    for one in described:
        _print_status(one)
        if drops:
            _print_drops(one["drops"])


def _all(*, drops: bool) -> list[dict[str, Any]]:
    """Every lab that is still there when it is asked; others may end at any moment."""
    described = []
    for name in Lab.names():
        with suppress(LabError):
            described.append(_described(name, drops=drops))
    return described


def _described(name: str, *, drops: bool) -> dict[str, Any]:
    lab = Lab.connect(name)
    return {**lab.status(), **({"drops": lab.drops()} if drops else {})}


# What follows INSTANCE is the command's own, options among it, with or without `--`; click leaves
# the `--` to us, since with it a command could be meant whose name begins with a dash.
@lab.command(
    name="exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@_name
@_instance
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(name: str, instance: str, command: tuple[str, ...]) -> None:
    r"""Run COMMAND inside INSTANCE; its exit code is the command's.

    \b
    vipkeeper lab exec client -- curl -s http://99.88.128.171/index.html
    """
    if command[0] == "--":
        command = command[1:]
    if not command:
        raise click.UsageError("Missing argument 'COMMAND...'.")
    _become(Lab.connect(name), instance, command)


@lab.command()
@_name
@_instance
def shell(name: str, instance: str) -> None:
    """Open a shell inside INSTANCE."""
    _become(Lab.connect(name), instance, ["bash", "-i"])


@lab.command()
@_name
@_instance
def stop(name: str, instance: str) -> None:
    """Shut INSTANCE down; its services may say goodbye."""
    Lab.connect(name).stop(instance)


@lab.command()
@_name
@_instance
def poweroff(name: str, instance: str) -> None:
    """Cut INSTANCE from the wire, then kill it."""
    Lab.connect(name).poweroff(instance)


@lab.command()
@_name
@_instance
def start(name: str, instance: str) -> None:
    """Boot INSTANCE again; /etc and /var are as left."""
    Lab.connect(name).start(instance)


@lab.command()
@_name
def down(name: str) -> None:
    """End the lab; nothing of it is left."""
    Lab.connect(name).down()


def _become(running: Lab, instance: str, command: tuple[str, ...] | list[str]) -> None:
    """Turn this process into the one that runs ``command``, so that nothing stands between."""
    pidfd = running.open_pidfd(instance)
    os.set_inheritable(pidfd, True)
    argv, environment = running.enter_command(pidfd, command)
    os.execve(argv[0], argv, environment)  # noqa: S606 -- no shell is wanted


def _print_status(status: dict[str, Any]) -> None:
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
        if id not in bound:
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


def _print_suggestions(status: dict[str, Any]) -> None:
    option = "" if status["name"] == DEFAULT_NAME else f"--name {status['name']} "
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


def _print_drops(drops: list[dict[str, Any]]) -> None:
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
