"""Accept_Mode off (RFC 9568 6.1): packets to the virtual addresses are dropped, by nftables.

The rules stand as long as the instance is configured, whatever its state: a Backup's kernel has
the addresses nowhere, so there is nothing for them to drop. As in keepalived nothing is sent from
the addresses either. Neighbor Solicitations and Advertisements always pass, and so does what the
host says to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from vipkeeper.daemon.settings import InstanceSettings, VirtualAddress
from vipkeeper.daemon.state_file import HostChanges, StateFile
from vipkeeper.errors import VipkeeperError
from vipkeeper.linux import nft

PRIORITY = "filter - 1"  # before the host's own rules, as keepalived's


class AcceptMode:
    """The table with the rules for the instances that do not accept.

    Args:
        pid_file: of this daemon; several on one host have a table each.
        tell: is told in words what could not be done.
    """

    def __init__(self, pid_file: Path, state_file: StateFile, tell: Callable[[str], None]) -> None:
        self.table = nft.table_name("accept_mode", pid_file)
        self._state_file = state_file
        self._tell = tell
        self._in_force = ""

    def undo_leftovers(self, left: HostChanges) -> None:
        for table in left.tables:
            try:
                nft.run(_removal(table))
            except VipkeeperError as error:
                self._tell(f"cannot remove the nftables table {table}: {error}")

    def fit(self, instances: Iterable[InstanceSettings]) -> None:
        """Have the rules for these instances, and none where none is needed."""
        script = ruleset(self.table, instances)
        if script == self._in_force:
            return
        if script and not self._in_force:
            self._state_file.changes.tables = [self.table]
            self._state_file.save()
        try:
            nft.run(script or _removal(self.table))
        except VipkeeperError as error:
            self._tell(f"no_accept has no effect, the virtual addresses are reachable: {error}")
            return
        self._in_force = script
        if not script:
            self._state_file.changes.tables = []
            self._state_file.save()


def ruleset(table: str, instances: Iterable[InstanceSettings]) -> str:
    """The script that replaces the table in one step; empty where everything is accepted."""
    refused = [
        address
        for settings in instances
        if not settings.accept and not settings.is_owner
        for address in settings.addresses
    ]
    if not refused:
        return ""
    return "\n".join(
        (
            _removal(table).rstrip(),
            f"table inet {table} {{",
            _chain("input", "iif", "daddr", refused),
            _chain("output", "oif", "saddr", refused),
            "}\n",
        )
    )


def _chain(hook: str, interface: str, field: str, refused: list[VirtualAddress]) -> str:
    rules = [
        f"type filter hook {hook} priority {PRIORITY}; policy accept;",
        f'{interface} "lo" accept',
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
    ]
    for version, match in ((4, f"ip {field}"), (6, f"ip6 {field}")):
        everywhere = [
            str(item.address)
            for item in refused
            if item.address.version == version and not item.address.is_link_local
        ]
        if everywhere:
            rules.append(f"{match} {{ {', '.join(dict.fromkeys(everywhere))} }} counter drop")
    # A link-local address is one on its own link only (RFC 4291 2.5.6).
    rules += [
        f'{interface}name "{item.device}" ip{"" if item.address.version == 4 else "6"}'
        f" {field} {item.address} counter drop"
        for item in refused
        if item.address.is_link_local
    ]
    body = "\n".join(f"        {rule}" for rule in rules)
    return f"    chain {hook} {{\n{body}\n    }}"


def _removal(table: str) -> str:
    """Naming the table first makes deleting it right whether it is there or not."""
    return f"table inet {table}\ndelete table inet {table}\n"
