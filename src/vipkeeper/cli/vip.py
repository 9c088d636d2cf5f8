"""``vipkeeper vip``: a virtual IP on OpenStack by one command."""

from __future__ import annotations

import click

from vipkeeper.cli.lazy_group import LazyGroup

COMMANDS = {
    "adopt": "put a virtual IP that was made by hand into a spec, and manage it from then on",
    "apply": "do what `plan` says",
    "destroy": "remove what was made for a virtual IP, and nothing else",
    "drift": "say whether everything is as it is declared",
    "list": "the virtual IPs of the project",
    "plan": "say what is there, what is wanted, and what would be done",
    "render": "write configuration files for the nodes, or templates",
    "show": "one virtual IP as it stands in the cloud",
}


@click.group(cls=LazyGroup, summaries=COMMANDS, place=lambda name: f"vipkeeper.cli.vip_{name}:vip")
def vip() -> None:
    """A virtual IP on OpenStack: declared in a file, planned, applied, checked and removed.

    \b
    A SPEC is a YAML file, or a directory of them:
      name: web
      network: int_net
      members: [test01, test02]
      floating_ip: true
      service_ports: [80]

    \b
    The cloud is what clouds.yaml or the OS_ variables say (--cloud, or OS_CLOUD).
    """  # noqa: D301 -- \b is click's: no wrapping
