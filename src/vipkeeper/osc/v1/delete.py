"""``openstack vip delete``.

The client imports the module of every command at each start, whichever is asked for. So what takes
long to import (pydantic above all) is imported when a command runs.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from vipkeeper.errors import VipkeeperError

if TYPE_CHECKING:
    from vipkeeper.openstack.client.cloud import Cloud


class DeleteVip(command.Command):
    """Delete virtual IP(s), and what was created for them."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("names", metavar="<name>", nargs="+", help="Virtual IP(s) to delete")
        parser.add_argument(
            "--adopted",
            action="store_true",
            help="Delete what was adopted, too",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from vipkeeper.osc.v1.cloud import cloud, told

        with told():
            connected = cloud(self.app)
        failed = 0
        for name in parsed_args.names:
            try:
                _delete(connected, name, self.log, adopted=parsed_args.adopted)
            except VipkeeperError as error:
                failed += 1
                self.log.error("Failed to delete virtual IP %s: %s", name, error)
        if failed:
            raise CommandError(
                f"{failed} of {len(parsed_args.names)} virtual IPs failed to delete."
            )


def _delete(cloud: Cloud, name: str, log: Any, *, adopted: bool) -> None:
    from vipkeeper.openstack import applying
    from vipkeeper.openstack.standing import unknown
    from vipkeeper.osc.v1.cloud import refuse_blocked, telling

    outcome = applying.remove(cloud, name, adopted=adopted, failed=telling(log))
    if outcome.error:
        raise outcome.error
    if outcome.left:
        refuse_blocked(outcome.left)
    if outcome.plan and not outcome.plan.exists:
        raise unknown(cloud, name)
