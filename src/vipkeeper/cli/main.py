"""``vipkeeper``: the one place that prints, exits and reads the environment."""

from __future__ import annotations

import sys

import click

from vipkeeper import __version__
from vipkeeper.cli.lazy_group import LazyGroup
from vipkeeper.errors import VipkeeperError

# Each command lives in the module of its name and is imported only when it is asked for:
# `vipkeeper status` on a node should not pay for the lab's imports.
COMMANDS = {
    "check": "say what is wrong in a keepalived.conf",
    "demo": "build the walkthrough's cloud and go through it",
    "handover": "have the other node take the VIP now",
    "lab": "a cloud on one machine",
    "maintenance": "take this node out of service, and back",
    "reload": "have the daemon read its configuration again, or say what would change",
    "simulate": "routers on a faulty link in virtual time, and whether they keep the rules",
    "status": "who is active, since when, and why",
    "vip": "a virtual IP on OpenStack: declared, planned, applied, checked and removed",
}


@click.group(cls=LazyGroup, summaries=COMMANDS, place=lambda name: f"vipkeeper.cli.{name}:{name}")
@click.version_option(__version__, prog_name="vipkeeper")
def root() -> None:
    """Keeps a virtual IP alive, and shows why it lives or does not."""


def main() -> None:
    try:
        code = root.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except VipkeeperError as error:
        click.echo(f"vipkeeper: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
