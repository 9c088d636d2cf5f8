"""Options of ``vip create`` and ``vip set``, and the document of a spec that they make."""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.exceptions import CommandError

Document = dict[str, Any]

DECLARING = (
    *("network", "members", "interface", "addresses", "ip_version", "service_ports"),
    *("security_group", "anti_affinity", "floating_network", "floating_address"),
    *("vrid", "interval", "vrrp_version", "mode", "preempt"),
)
"""The options of ``vip create`` that say what a file could say."""


def add_members(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--member",
        dest="members",
        metavar="<server>",
        type=_server,
        action="append",
        default=[],
        help=f"{what} (name or ID) (repeat option for several; the first is preferred)",
    )
    parser.add_argument(
        "--member-port",
        dest="members",
        metavar="<port>",
        type=_port,
        action="append",
        help=f"{what}, by its port (name or ID) (repeat option for several)",
    )


def _server(text: str) -> Document:
    return {"server": text}


def _port(text: str) -> Document:
    return {"port": text}


def add_service_ports(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--service-port",
        dest="service_ports",
        metavar="<port>",
        action="append",
        default=[],
        help=f"{what}, as 80, 53/udp, 8000-8010, icmp (repeat option for several)",
    )


def add_changeable(parser: argparse.ArgumentParser) -> None:
    """What can be set at any time."""
    floating = parser.add_mutually_exclusive_group()
    floating.add_argument(
        "--floating-network",
        metavar="<network>",
        help="External network to take a floating IP from (name or ID)",
    )
    floating.add_argument(
        "--floating-address", metavar="<address>", help="The floating IP to use (IPv4 address)"
    )
    parser.add_argument("--vrid", metavar="<1-255>", type=int, help="Virtual router ID")
    parser.add_argument(
        "--interval", metavar="<seconds>", type=float, help="Seconds between adverts"
    )
    parser.add_argument("--vrrp-version", type=int, choices=(2, 3), help="Version of VRRP")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--unicast",
        dest="mode",
        action="store_const",
        const="unicast",
        help="Send adverts to each member (default)",
    )
    mode.add_argument(
        "--multicast",
        dest="mode",
        action="store_const",
        const="multicast",
        help="Send adverts to the group of VRRP routers",
    )
    preempt = parser.add_mutually_exclusive_group()
    preempt.add_argument(
        "--preempt",
        action="store_true",
        default=None,
        help="A better member takes the address back (default)",
    )
    preempt.add_argument(
        "--no-preempt",
        dest="preempt",
        action="store_false",
        help="Whoever has the address keeps it",
    )


def add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", action="store_true", help="Wait until the ports and the floating IP are active"
    )
    parser.add_argument(
        "--timeout",
        metavar="<seconds>",
        type=float,
        default=300.0,
        help="With --wait: how long (default: 300)",
    )


def changes(arguments: argparse.Namespace, document: Document) -> Document:
    """The document with what :func:`add_changeable`'s options say."""
    changed = dict(document)
    if arguments.floating_network:
        changed["floating_ip"] = {"network": arguments.floating_network}
    if arguments.floating_address:
        changed["floating_ip"] = {"address": arguments.floating_address}
    vrrp = dict(document.get("vrrp") or {})
    options = {
        "vrid": arguments.vrid,
        "interval": arguments.interval,
        "version": arguments.vrrp_version,
        "mode": arguments.mode,
        "preempt": arguments.preempt,
    }
    vrrp |= {key: value for key, value in options.items() if value is not None}
    if vrrp:
        changed["vrrp"] = vrrp
    return changed


def created(arguments: argparse.Namespace) -> Document:
    """The document that ``vip create`` declares without a file.

    Raises:
        CommandError: something is missing without which there is nothing to declare.
    """
    missing = [
        option
        for option, given in (
            ("<name>", arguments.name),
            ("--network", arguments.network),
            ("--member or --member-port", arguments.members),
        )
        if not given
    ]
    if missing:
        raise CommandError(f"Missing: {', '.join(missing)}; or declare it all with --spec <file>")
    document: Document = {
        "name": arguments.name,
        "network": arguments.network,
        "members": arguments.members,
    }
    if arguments.interface:
        document["members"] = [
            {**member, "interface": arguments.interface} for member in arguments.members
        ]
    if arguments.addresses:
        document["address"] = arguments.addresses
    if arguments.ip_version:
        document["ip"] = "dual" if arguments.ip_version == "dual" else int(arguments.ip_version)
    if arguments.service_ports:
        document["service_ports"] = arguments.service_ports
    if arguments.security_group:
        document["security_group"] = arguments.security_group
    if arguments.anti_affinity:
        document["anti_affinity"] = True
    return changes(arguments, document)
