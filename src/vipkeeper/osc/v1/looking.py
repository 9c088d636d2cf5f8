"""``openstack vip list``, ``show`` and ``check``: nothing is changed.

The client imports the module of every command at each start, whichever is asked for. So what takes
long to import (pydantic above all) is imported when a command runs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

if TYPE_CHECKING:
    from vipkeeper.openstack.plans.plan import Plan

DIFFERENT = 1


class ListVip(command.Lister):
    """List virtual IPs."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("--long", action="store_true", help="List additional fields in output")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Any, Any]:
        from vipkeeper.openstack.listing import listed
        from vipkeeper.osc.v1 import columns
        from vipkeeper.osc.v1.cloud import cloud, told

        with told():
            found = listed(cloud(self.app).inventory())
            return columns.many(found, long=parsed_args.long)


class ShowVip(command.ShowOne):
    """Display virtual IP details."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Virtual IP to display")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Any, Any]:
        from vipkeeper.openstack.standing import standing
        from vipkeeper.osc.v1 import columns
        from vipkeeper.osc.v1.cloud import cloud, told

        with told():
            found = standing(cloud(self.app), parsed_args.name)
        if found.plan.deployment is None:
            raise CommandError("; ".join(one.sentence for one in found.plan.blockers))
        return columns.one(found.plan.deployment, found.plan)


class CheckVip(command.Command):
    """Check whether a virtual IP is as it was declared.

    Exit code 0: it is. 1: it is not, and what differs is said; or it could not be looked at.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", nargs="?", help="Virtual IP to check")
        parser.add_argument(
            "--spec",
            metavar="<file>",
            type=Path,
            help="File that declares it (default: what is recorded in the cloud)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        from vipkeeper.openstack.declaration import spec_file
        from vipkeeper.openstack.plans import planning
        from vipkeeper.openstack.standing import standing
        from vipkeeper.osc.v1.cloud import cloud, told

        if bool(parsed_args.name) == bool(parsed_args.spec):
            raise CommandError("Either <name> or --spec <file> is needed")
        with told():
            connected = cloud(self.app)
            if parsed_args.spec:
                spec = spec_file.read(parsed_args.spec)
                plan = planning.plan(spec, connected.look(spec))
            else:
                plan = standing(connected, parsed_args.name).plan
        for line in differences(plan):
            print(line, file=sys.stdout)  # noqa: T201 -- as the client's own commands do
        return 0 if plan.is_done else DIFFERENT


def differences(plan: Plan) -> list[str]:
    """What a check says: that it is as declared, or what would make it so."""
    from vipkeeper.openstack.plans.steps_text import describe

    if plan.is_done:
        return [f"{plan.name}: as declared"]
    said = [f"blocked: {one.sentence}" for one in plan.blockers]
    said += [f"to do: {describe(step)}" for step in plan.steps]
    return [f"{plan.name}: {one}" for one in said]
