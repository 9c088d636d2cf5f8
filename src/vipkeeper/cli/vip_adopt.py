"""``vipkeeper vip adopt``: what was made by hand is declared, and managed from then on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from rich.text import Text

from vipkeeper.cli import vip_files, vip_screen
from vipkeeper.cli.lines import Line, show
from vipkeeper.cli.vip_options import cloud_option, command_line, connect, screen
from vipkeeper.cli.vip_plan import SOMETHING_TO_DO
from vipkeeper.linux.configuration_files import read_configuration
from vipkeeper.openstack import applying
from vipkeeper.openstack.adopting.adoption import adoption
from vipkeeper.openstack.declaration import spec_text


@click.command("adopt")
@click.argument("port")
@cloud_option
@click.option("--name", metavar="NAME", required=True, help="What it is called from then on.")
@click.option(
    "--config",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True),
    help="The keepalived.conf of a member; once for each.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the spec is written to; by default it is printed.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be marked.")
@click.option("--force", is_flag=True, help="Overwrite the file of -o.")
def vip(
    port: str,
    cloud: str | None,
    name: str,
    files: tuple[str, ...],
    output: Path | None,
    dry_run: bool,
    force: bool,
) -> int:
    """Declare the virtual IP that PORT (name or ID) was made for by hand.

    Its members are the ports with an address pair for it. What belongs to it is marked, and
    nothing else is changed; what it lacks is what `plan` says of the spec then. `destroy` leaves
    what was adopted as it is, without the marks.

    Exit code 0: adopted. 1: something blocks it. With --dry-run 3: it can be adopted.
    """
    configurations = {file: read_configuration(file).configuration for file in files}
    connected = connect(cloud)
    there, around = connected.look_at_port(port)
    found = adoption(there, around, name=name, configurations=configurations)
    # The spec alone goes to the output, so that it can be sent on.
    console = screen(stderr=output is None)
    show(console, vip_screen.remarks(found.remarks))
    if found.spec is None or found.blockers:
        show(console, [vip_screen.BLOCKED])
        return 1
    text = spec_text.text(found.spec)
    if dry_run:
        show(console, (vip_screen.planned(step) for step in found.steps))
        click.echo(text, nl=False)
        return SOMETHING_TO_DO
    if output:
        vip_files.refuse_stranger(output, text, force=force)
    outcome = applying.adopt(
        connected,
        there.id,
        name,
        configurations,
        watch=lambda step: show(console, [vip_screen.done(step)]),
        failed=lambda error, again_s: show(
            screen(stderr=True), [vip_screen.looking_again(name, error, again_s)]
        ),
    )
    if outcome.error:
        raise outcome.error
    if outcome.left and outcome.left.blockers:  # somebody has changed something since
        show(console, [*vip_screen.remarks(outcome.left.blockers), vip_screen.BLOCKED])
        return 1
    if output is None:
        click.echo(text, nl=False)
        return 0
    vip_files.write_one(output, text, secret=found.spec.vrrp.authentication is not None)
    show(console, _conclusion(name, output, command_line("plan", cloud, output)))
    return 0


def _conclusion(name: str, output: Path, plan: str) -> Iterator[Line]:
    adopted = Text.assemble((name, "bold"), f"  is adopted, and declared in {output}")
    yield Line(adopted, 2, vip_screen.GOOD)
    yield Line(Text("What it lacks, if anything:"))
    yield vip_screen.typed(plan)
