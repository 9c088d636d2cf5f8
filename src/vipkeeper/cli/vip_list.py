"""``vipkeeper vip list``: the virtual IPs of the project."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich.table import Table

from vipkeeper.cli.vip_options import cloud_option, connect, json_option, screen
from vipkeeper.openstack.listing import Listed, listed


@click.command("list")
@cloud_option
@json_option
def vip(cloud: str | None, as_json: bool) -> None:
    """The virtual IPs of the project that vipkeeper manages."""
    found = listed(connect(cloud).inventory())
    if as_json:
        rows = [{**asdict(one), "addresses": list(one.addresses)} for one in found]
        click.echo(json.dumps({"virtual_ips": rows}, indent=2))
    elif not found:
        click.echo("There is none. `vipkeeper vip apply SPEC` makes one.")
    else:
        _print(found)


def _print(found: tuple[Listed, ...]) -> None:
    console = screen()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("name", "addresses", "floating IP", "network", "members", "VRID", ""):
        table.add_column(title, no_wrap=not console.is_terminal)
    for one in found:
        table.add_row(
            one.name,
            "\n".join(one.addresses) if console.is_terminal else " ".join(one.addresses),
            one.floating_ip or "",
            one.network,
            ", ".join(one.members),
            str(one.vrid or ""),
            "adopted" if one.adopted else "",
        )
    if not console.is_terminal:
        console.width = max(console.width, console.measure(table).maximum)
    console.print(table)
