"""Commands in a configuration: ``notify_master "/path/program 'an argument'" user group``."""

from __future__ import annotations

from dataclasses import replace

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import Command, NotifyCommands
from vipkeeper.keepalived.report import Report
from vipkeeper.keepalived.values import missing_parameter, refuse_block
from vipkeeper.keepalived.words import arguments, command_words

NOTIFY = {
    "notify_master": "master",
    "notify_backup": "backup",
    "notify_fault": "fault",
    "notify_stop": "stop",
    "notify_deleted": "deleted",
    "notify_master_rx_lower_pri": "master_rx_lower_priority",
    "notify": "any",
}


def read_command(statement: Statement, report: Report, *, with_user: bool) -> Command | None:
    """The command of a ``script`` or ``notify`` line; None if there is none."""
    refuse_block(statement, report)
    words = command_words(statement.text)
    argv = arguments(words[1].value) if len(words) > 1 else ()
    if not argv:
        missing_parameter(statement, report)
        return None
    takes = 4 if with_user else 2
    report.extra_words(
        words[takes:],
        statement.keyword,
        "a command with arguments stands between double quotes as a whole",
    )
    user, group = (*(word.value for word in words[2:takes]), "", "")[:2]
    return Command(argv, user, group)


def run_by(commands: NotifyCommands, user: str, group: str) -> NotifyCommands:
    """``commands``, by ``user`` and ``group`` where they do not say by whom."""

    def by(command: Command | None) -> Command | None:
        if command is None or command.user:
            return command
        return replace(command, user=user, group=group)

    return NotifyCommands(
        **{kind: by(getattr(commands, kind)) for kind in NotifyCommands.__slots__}
    )


class NotifyReader:
    """Collects the notify commands of one instance or group; the first of each kind counts."""

    def __init__(self) -> None:
        self.commands: dict[str, Command] = {}

    def read(self, statement: Statement, report: Report) -> bool:
        """Read ``statement`` if it is a notify keyword; say whether it was."""
        kind = NOTIFY.get(statement.keyword)
        if kind is None:
            return False
        command = read_command(statement, report, with_user=True)
        if kind in self.commands:
            report.warning(
                statement,
                "repeated-keyword",
                f"{statement.keyword} script already specified - ignoring this one",
            )
        elif command is not None:
            self.commands[kind] = command
        return True
