"""``vipkeeper check``: what a keepalived.conf says, and what is wrong with it."""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vipkeeper.daemon.command_line import DEFAULT_CONTROL_SOCKET
from vipkeeper.daemon.control import ask
from vipkeeper.errors import VipkeeperError
from vipkeeper.keepalived import (
    Configuration,
    Finding,
    Loaded,
    Severity,
    VrrpInstance,
    check_against_host,
)
from vipkeeper.keepalived.finding import visible
from vipkeeper.linux.configuration_files import read_configuration

DEFAULT_FILE = "/etc/keepalived/keepalived.conf"

FOUND_SOMETHING = 5  # keepalived's exit code for "errors or warnings" with -t

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}

# A summary is one line: more instances than these are counted only.
_MOST_NAMED = 4


@click.command()
@click.argument("file", default=DEFAULT_FILE)
@click.option("--strict", is_flag=True, help="Exit 5 for notes as well.")
@click.option("--host", is_flag=True, help="Also look whether this machine has the interfaces.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--control",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONTROL_SOCKET,
    show_default=True,
    help="Of a daemon that may run with FILE: say what the other nodes may make of the change.",
)
@click.option(
    "--config-id",
    "-i",
    default=None,
    help="Which @ID lines to read; default: the host's name up to the first dot.",
)
def check(
    file: str, strict: bool, host: bool, as_json: bool, control: Path, config_id: str | None
) -> int:
    """Say what is wrong in a keepalived.conf (default: /etc/keepalived/keepalived.conf).

    Exit code 0: neither errors nor warnings. 4: the file cannot be read. 5: something is wrong.
    """
    if config_id is None:
        config_id = socket.gethostname().partition(".")[0]
    loaded = read_configuration(file, config_id=config_id)
    findings = loaded.findings
    if host:
        findings += check_against_host(loaded, [name for _, name in socket.if_nameindex()])
    colour = False if os.environ.get("NO_COLOR") else None  # None: as the terminal has it
    wrong = any(strict or finding.severity is not Severity.NOTE for finding in findings)
    change = _rolling_change(file, control)
    if as_json:
        data = _as_data(loaded, findings, ok=not wrong) | {"rolling_change": change}
        click.echo(json.dumps(data, indent=2))
    else:
        for finding in findings:
            click.echo(_coloured(finding), color=colour)
        for warning in change:
            click.echo(f"when it is loaded: {warning}")
        click.echo(summary(file, loaded.configuration, findings), color=colour)
    return FOUND_SOMETHING if wrong else 0


def _rolling_change(file: str, control: Path) -> list[str]:
    """What the daemon that runs with ``file`` warns of; nothing where none does."""
    try:
        answer = ask(control, {"request": "reload", "dry_run": True})["reload"]
    except VipkeeperError:
        return []  # none runs, or it is not ours to ask
    if Path(answer["configuration"]).resolve() != Path(file).resolve():
        return []
    return [item["warning"] for item in answer["instances"] if item["warning"]]


def _coloured(finding: Finding) -> str:
    """:meth:`Finding.render` with colour, which click removes where it is not wanted."""
    colour = _COLOURS[finding.severity]
    place = click.style(f"{finding.location}:", bold=True)
    severity = click.style(f"{finding.severity.value}:", fg=colour, bold=True)
    lines = [f"{place} {severity} {finding.message}"]
    if finding.source_line:
        source, carets = finding.excerpt().split("\n")
        lines += [source, click.style(carets, fg=colour)]
    if finding.suggestion:
        lines.append(f"  {finding.suggestion}")
    return "\n".join(lines)


def summary(file: str, configuration: Configuration, findings: Sequence[Finding]) -> str:
    """One line: what was read, and how many findings there are."""
    instances = configuration.instances
    parts = [_counted(len(instances), "instance")]
    if instances:
        named = [_described(instance) for instance in instances[:_MOST_NAMED]]
        more = ["..."] if len(instances) > _MOST_NAMED else []
        parts[0] += ": " + ", ".join(named + more)
    if configuration.refused:
        parts.append(f"not run: {', '.join(configuration.refused)}")
    counts = Counter(finding.severity for finding in findings)
    parts.append(
        ", ".join(
            _counted(counts[severity], severity.value) for severity in Severity if counts[severity]
        )
        or "nothing wrong"
    )
    return visible(f"{file}: {'; '.join(parts)}")


def _described(instance: VrrpInstance) -> str:
    return (
        f"{instance.name} ({instance.interface}, VRID {instance.virtual_router_id},"
        f" priority {instance.priority},"
        f" {_counted(len(instance.virtual_ipaddress), 'address', 'addresses')})"
    )


def _counted(number: int, thing: str, things: str = "") -> str:
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def _as_data(loaded: Loaded, findings: Sequence[Finding], *, ok: bool) -> dict[str, Any]:
    return {
        "ok": ok,
        "files": list(loaded.files),
        "instances": [
            {
                "name": instance.name,
                "interface": instance.interface,
                "virtual_router_id": instance.virtual_router_id,
                "state": instance.state,
                "priority": instance.priority,
                "version": instance.version,
                "advert_int_ns": instance.advert_int_ns,
                "virtual_ipaddress": [str(vip.interface) for vip in instance.virtual_ipaddress],
                "virtual_ipaddress_excluded": [
                    str(vip.interface) for vip in instance.virtual_ipaddress_excluded
                ],
            }
            for instance in loaded.configuration.instances
        ],
        "refused": list(loaded.configuration.refused),
        "findings": [
            {
                "severity": finding.severity.value,
                "code": finding.code,
                "message": finding.message,
                "instance": finding.instance,
                "file": finding.location.file,
                "line": finding.location.line,
                "column": finding.location.column,
                "length": finding.location.length,
                "source_line": finding.source_line,
                "suggestion": finding.suggestion,
            }
            for finding in findings
        ],
    }
