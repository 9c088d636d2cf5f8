"""The option that says which daemon is asked."""

from __future__ import annotations

from pathlib import Path

import click

from vipkeeper.daemon.command_line import DEFAULT_CONTROL_SOCKET

control_option = click.option(
    "--control",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONTROL_SOCKET,
    show_default=True,
    help="The daemon's control socket.",
)
