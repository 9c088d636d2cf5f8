"""``openstack vip create``.

The client imports the module of every command at each start, whichever is asked for. So what takes
long to import (pydantic above all) is imported when a command runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from vipkeeper.osc.v1 import options

if TYPE_CHECKING:
    from vipkeeper.openstack.declaration.spec import VipSpec


class CreateVip(command.ShowOne):
    """Create a virtual IP and all that it needs.

    What is lacking of a virtual IP whose creation was interrupted is added by the same command.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", nargs="?", help="Name of the virtual IP")
        parser.add_argument(
            "--spec",
            metavar="<file>",
            type=Path,
            help="File that declares it (YAML); instead of all options but --wait",
        )
        parser.add_argument("--network", metavar="<network>", help="Network (name or ID)")
        options.add_members(parser, "Server that is a member")
        parser.add_argument(
            "--interface", metavar="<name>", help="Network interface in the members (default: eth0)"
        )
        parser.add_argument(
            "--address",
            dest="addresses",
            metavar="<address>",
            action="append",
            help="The address; one of each family (default: the cloud chooses)",
        )
        parser.add_argument(
            "--ip-version", choices=("4", "6", "dual"), help="Address families (default: 4)"
        )
        options.add_service_ports(parser, "Port that the members serve")
        parser.add_argument(
            "--security-group",
            metavar="<group>",
            help="Security group to use (name or ID) (default: one of its own is created)",
        )
        parser.add_argument(
            "--anti-affinity",
            action="store_true",
            default=None,
            help="Members have to be on different hosts",
        )
        options.add_changeable(parser)
        options.add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Any, Any]:
        from vipkeeper.openstack.plans import planning
        from vipkeeper.openstack.plans.keeping import refuse_other
        from vipkeeper.osc.v1 import columns
        from vipkeeper.osc.v1.cloud import apply, cloud, told

        with told():
            spec = declared(parsed_args)
            connected = cloud(self.app)
            refuse_other(planning.plan(spec, connected.look(spec)))
            wait, timeout = parsed_args.wait, parsed_args.timeout
            plan = apply(connected, spec, self.log, wait=wait, timeout=timeout).left
            if plan is None or plan.deployment is None:
                raise CommandError(f"{spec.name} is in place, and cannot be found again")
            return columns.one(plan.deployment, plan)


def declared(arguments: argparse.Namespace) -> VipSpec:
    """What options or a file declare."""
    from vipkeeper.openstack.declaration import spec_file

    if not arguments.spec:
        return spec_file.checked(options.created(arguments), "options")
    if any(getattr(arguments, one) not in (None, []) for one in options.DECLARING):
        raise CommandError("--spec declares all of it; other options contradict it")
    spec = spec_file.read(arguments.spec)
    if arguments.name not in (None, spec.name):
        raise CommandError(f"{arguments.spec} declares {spec.name}, not {arguments.name}")
    return spec
