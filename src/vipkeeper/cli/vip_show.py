"""``vipkeeper vip show``: one virtual IP as it stands in the cloud."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.text import Text

from vipkeeper.cli import vip_screen
from vipkeeper.cli.lines import Line, show
from vipkeeper.cli.vip_options import cloud_option, connect, json_option, names, screen
from vipkeeper.errors import UsageError
from vipkeeper.openstack import as_data
from vipkeeper.openstack.declaration import spec_text
from vipkeeper.openstack.standing import Standing, standing


@click.command("show")
@click.argument("named", metavar="NAME|SPEC")
@cloud_option
@json_option
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the spec, as the cloud tells it.")
def vip(named: str, cloud: str | None, as_json: bool, as_yaml: bool) -> None:
    """Show one virtual IP as it stands in the cloud, by its marks there.

    The spec of --yaml lacks the password, if there is one: it is nowhere in the cloud.
    """
    if as_json and as_yaml:
        raise click.UsageError("--json and --yaml contradict each other.")
    wanted = names([named])
    if len(wanted) != 1:
        raise UsageError(f"{named} declares {len(wanted)} virtual IPs; one is wanted")
    found = standing(connect(cloud), wanted[0])
    if as_yaml:
        click.echo(spec_text.text(found.spec), nl=False)
        if found.spec.vrrp.authentication:
            click.echo("vipkeeper: the password is not in the cloud: write it in", err=True)
        return
    if as_json:
        click.echo(json.dumps(data(found), indent=2))
        return
    lines = [Line(Text(found.plan.name, "bold"))]
    if found.plan.deployment:
        lines += vip_screen.deployment(found.plan.deployment)
    show(screen(), [*lines, *vip_screen.drifted(found.plan.name, found.plan, told="recorded")])


def data(found: Standing) -> dict[str, Any]:
    """The deployment, whether it is as recorded, and the spec that was."""
    plan = as_data.plan(found.plan)
    deployment = plan.pop("deployment") or {"name": found.plan.name}
    return {**deployment, **plan, "spec": as_data.document(found.spec)}
