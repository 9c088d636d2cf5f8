"""vrrp_script, vrrp_sync_group, and the track_ blocks of an instance."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.commands import NOTIFY, NotifyReader, read_command
from vipkeeper.keepalived.configuration import (
    SECOND_NS,
    Command,
    NotifyCommands,
    SyncGroup,
    TrackedInterface,
    TrackedScript,
    VrrpScript,
)
from vipkeeper.keepalived.report import Report, did_you_mean
from vipkeeper.keepalived.support import SYNC_GROUP, report_absent
from vipkeeper.keepalived.values import (
    UNSIGNED_MAX,
    BadValueError,
    Setting,
    apply,
    bad_value,
    constant,
    missing_parameter,
    number,
    timer,
    whole_number,
)
from vipkeeper.keepalived.words import Word

# A weight moves a priority within 1..254.
HEAVIEST = 253


@dataclass(slots=True)
class _ScriptLines:
    interval_ns: int = SECOND_NS
    timeout_ns: int | None = None
    weight: int = 0
    reverse: bool = False
    rise: int = 1
    fall: int = 1
    init_fail: bool = False
    command: Command | None = None
    user: str = ""
    group: str = ""


_TIMER = timer(1000, UNSIGNED_MAX * 1000)
_SETTINGS = {
    "interval": Setting("interval_ns", _TIMER),
    "timeout": Setting("timeout_ns", _TIMER),
    "rise": Setting("rise", number(1, 2**31 - 1)),
    "fall": Setting("fall", number(1, 2**31 - 1)),
    "init_fail": Setting("init_fail", constant(True), optional=True),
}
SCRIPT_KEYWORDS = frozenset({*_SETTINGS, "script", "weight", "user"})


def read_script(name: str, block: Statement, report: Report) -> VrrpScript | None:
    """A vrrp_script block; None where it names no script."""
    lines = _ScriptLines()
    for statement in block.body:
        if apply(_SETTINGS, lines, statement, report):
            continue
        match statement.keyword:
            case "script":
                lines.command = read_command(statement, report, with_user=False)
            case "weight":
                _read_weight(lines, statement, report)
            case "user":
                _read_user(lines, statement, report)
            case _:
                report.unknown(statement, SCRIPT_KEYWORDS)
    if lines.command is None:
        message = f"No script set for vrrp_script {name} - removing"
        report.warning(block, "script-without-command", message)
        return None
    return VrrpScript(
        name=name,
        command=Command(lines.command.argv, lines.user, lines.group),
        interval_ns=lines.interval_ns,
        timeout_ns=lines.interval_ns if lines.timeout_ns is None else lines.timeout_ns,
        weight=lines.weight,
        reverse=lines.reverse,
        rise=lines.rise,
        fall=lines.fall,
        init_fail=lines.init_fail,
    )


def _read_weight(lines: _ScriptLines, statement: Statement, report: Report) -> None:
    if not statement.parameters:
        missing_parameter(statement, report)
        return
    try:
        lines.weight = whole_number(statement.words[1].value, -HEAVIEST, HEAVIEST)
    except BadValueError as error:
        bad_value(statement, str(error), report)
    rest = statement.words[2:]
    lines.reverse = bool(rest) and rest[0].value == "reverse"
    report.extra_words(rest[lines.reverse :], "weight")


def _read_user(lines: _ScriptLines, statement: Statement, report: Report) -> None:
    if not statement.parameters:
        missing_parameter(statement, report)
        return
    lines.user = statement.words[1].value
    lines.group = statement.words[2].value if len(statement.words) > 2 else ""
    report.extra_words(statement.words[3:], "user")


def read_sync_group(name: str, block: Statement, report: Report) -> SyncGroup:
    members: list[str] = []
    notify = NotifyReader()
    for statement in block.body:
        if statement.keyword == "group":
            members += [word.value for line in statement.body for word in line.words]
        elif not notify.read(statement, report) and not report_absent(
            SYNC_GROUP, statement, report
        ):
            report.unknown(statement, {"group", *NOTIFY, *SYNC_GROUP})
    return SyncGroup(name, tuple(members), NotifyCommands(**notify.commands))


def read_tracked_interface(
    line: Statement, own: str, earlier: set[str], report: Report
) -> TrackedInterface | None:
    """A line of track_interface: ``IF [weight W [reverse]]``."""
    name = line.keyword
    weight, reverse = _tracking_options(line, report)
    if name in earlier:
        message = f"duplicate track_interface {name} - ignoring"
        report.warning(line.words[0], "duplicate-track", message)
        return None
    if name == own:
        # Without a weight the instance depends on its own interface anyway.
        add = report.warning if weight else report.note
        add(line.words[0], "track-own-interface",
            f"Ignoring track_interface {name} since own interface")  # fmt: skip
        return None
    return TrackedInterface(name, weight or 0, reverse)


def read_tracked_script(line: Statement, report: Report) -> TrackedScript:
    """A line of track_script: ``NAME [weight W [reverse]]``."""
    weight, reverse = _tracking_options(line, report)
    return TrackedScript(line.keyword, weight, reverse)


def _tracking_options(line: Statement, report: Report) -> tuple[int | None, bool]:
    words = list(line.parameters)
    if not words:
        return None, False
    if words[0].value != "weight":
        _unknown_option(words[0], line, ["weight"], report)
        return None, False
    if len(words) == 1:
        message = f"weight without value specified for {line.keyword} - ignoring"
        report.warning(words[0], "missing-parameter", message)
        return None, False
    weight: int | None = None
    try:
        weight = whole_number(words[1].value, -HEAVIEST, HEAVIEST)
    except BadValueError:
        report.warning(
            words[1],
            "bad-value",
            f"weight {words[1].value} for {line.keyword} must be between"
            f" [-{HEAVIEST}..{HEAVIEST}] inclusive. Ignoring...",
        )
    reverse = False
    for word in words[2:]:
        if word.value == "reverse":
            reverse = True
        elif word.value not in ("noreverse", "no_reverse"):
            _unknown_option(word, line, ["reverse", "noreverse"], report)
    return weight, reverse


def _unknown_option(word: Word, line: Statement, known: list[str], report: Report) -> None:
    report.warning(
        word,
        "unknown-option",
        f"unknown option {word.value} for {line.keyword} - ignoring",
        did_you_mean(word.value, known) or "one name a line",
    )
