"""``vipkeeper vip list``: the virtual IPs of the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click
from rich.text import Text

from vipkeeper.cli import vip_screen
from vipkeeper.cli.lines import Line, show
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
        show(screen(), lines(found))


def lines(found: tuple[Listed, ...]) -> Iterator[Line]:
    """A table that a pipe can be cut from."""
    titles = ("name", "addresses", "floating IP", "network", "members", "VRID", "")
    title, *rows = vip_screen.columns([titles, *(_row(one) for one in found)])
    yield Line(Text(title, "dim"))
    yield from (Line(Text(row)) for row in rows)


def _row(one: Listed) -> tuple[str, ...]:
    return (
        one.name,
        ",".join(one.addresses),
        one.floating_ip or "-",
        one.network,
        ",".join(one.members),
        str(one.vrid or "-"),
        "adopted" if one.adopted else "",
    )
