"""``openstack vip set`` and ``unset``: from what is recorded in the cloud.

The client imports the module of every command at each start, whichever is asked for. So what takes
long to import (pydantic above all) is imported when a command runs.
"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from vipkeeper.osc.v1 import options
from vipkeeper.osc.v1.options import Document

_SOMETHING = "unknown"
"""For the password: it is not in the cloud, and no change of the cloud needs it."""


class SetVip(command.Command):
    """Set virtual IP properties, and add members and service ports."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Virtual IP to modify")
        options.add_members(parser, "Server to add as a member")
        options.add_service_ports(parser, "Port to open")
        options.add_changeable(parser)
        parser.add_argument(
            "--anti-affinity", action="store_true", help="Members have to be on different hosts"
        )
        options.add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from vipkeeper.osc.v1.cloud import told

        with told():
            _change(self, parsed_args, added)


class UnsetVip(command.Command):
    """Take members, service ports or the floating IP away from a virtual IP."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Virtual IP to modify")
        options.add_members(parser, "Server that is no member any more")
        options.add_service_ports(parser, "Port to close")
        parser.add_argument(
            "--floating-ip", action="store_true", help="It has no floating IP any more"
        )
        options.add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from vipkeeper.osc.v1.cloud import told

        with told():
            _change(self, parsed_args, taken)


def _change(this: Any, arguments: argparse.Namespace, change: Any) -> None:
    from vipkeeper import strict_yaml
    from vipkeeper.openstack.declaration import spec_file, spec_text
    from vipkeeper.openstack.standing import standing
    from vipkeeper.osc.v1.cloud import apply, cloud

    connected = cloud(this.app)
    found = standing(connected, arguments.name)
    document = strict_yaml.load(spec_text.text(found.spec), arguments.name)
    if found.spec.vrrp.authentication:
        document["vrrp"]["authentication"]["password"] = _SOMETHING
    changed = spec_file.checked(change(arguments, document), "options")
    apply(connected, changed, this.log, wait=arguments.wait, timeout=arguments.timeout)


def added(arguments: argparse.Namespace, document: Document) -> Document:
    """The document with what ``set`` says."""
    changed = options.changes(arguments, document)
    changed["members"] = [*document["members"], *arguments.members]
    changed["service_ports"] = [*(document.get("service_ports") or []), *arguments.service_ports]
    if arguments.anti_affinity:
        changed["anti_affinity"] = True
    return changed


def taken(arguments: argparse.Namespace, document: Document) -> Document:
    """The document without what ``unset`` says."""
    members = list(document["members"])
    for unwanted in arguments.members:
        members.remove(_among(members, unwanted))
    ports = [str(one) for one in document.get("service_ports") or []]
    for port in arguments.service_ports:
        if port not in ports:
            raise CommandError(f"{port} is not open; there are: {', '.join(ports) or 'none'}")
        ports.remove(port)
    changed = {**document, "members": members, "service_ports": ports}
    if arguments.floating_ip:
        changed.pop("floating_ip", None)
    return changed


def _among(members: list[Any], unwanted: Document) -> Any:
    """The member that is meant, as the document has it."""
    for member in members:
        named = {"server": member} if isinstance(member, str) else member
        if all(named.get(key) == value for key, value in unwanted.items()):
            return member
    (label,) = unwanted.values()
    raise CommandError(f"{label} is not a member")
