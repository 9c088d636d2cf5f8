"""Findings that need more than one instance, or the machine, to be seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from vipkeeper.keepalived.configuration import SyncGroup, VrrpInstance
from vipkeeper.keepalived.finding import Finding, Severity
from vipkeeper.keepalived.instances import InstanceLines
from vipkeeper.keepalived.report import Report, did_you_mean
from vipkeeper.keepalived.text import Text
from vipkeeper.keepalived.words import Word


@dataclass(frozen=True, slots=True)
class InterfaceUse:
    """A place where a configuration names a network interface; ``purpose`` ends a sentence."""

    instance: str
    purpose: str
    name: str
    text: Text


def interface_uses(lines: InstanceLines, instance: VrrpInstance) -> list[InterfaceUse]:
    """Every interface that must exist for ``instance`` to run."""
    own = lines.places["interface"].words[1]
    uses = [InterfaceUse(lines.name, "", own.value, own.text)]
    made = instance.virtual_mac.interface if instance.virtual_mac else ""
    for address in lines.virtual_ipaddress + lines.virtual_ipaddress_excluded:
        if (device := address.device) is not None and device.value != made:
            uses.append(InterfaceUse(lines.name, " for an address", device.value, device.text))
    tracked = {interface.name for interface in instance.track_interface}
    for line in lines.track_interface:
        if line.keyword in tracked:
            word = line.words[0]
            uses.append(InterfaceUse(lines.name, " in track_interface", word.value, word.text))
    return uses


def missing_interfaces(
    uses: Sequence[InterfaceUse], interfaces: Collection[str], *, severity: Severity
) -> list[Finding]:
    """A finding for every use of an interface that is not among ``interfaces``."""
    return [
        use.text.finding(
            severity,
            "no-such-interface",
            f"({use.instance}) interface {use.name}{use.purpose} doesn't exist",
            suggestion=did_you_mean(use.name, interfaces)
            or f"this machine has {', '.join(sorted(interfaces)) or 'none'}",
            instance=use.instance,
        )
        for use in uses
        if use.name not in interfaces
    ]


def same_virtual_router(
    lines: InstanceLines,
    instance: VrrpInstance,
    earlier: Mapping[tuple[str, int, int], InstanceLines],
    report: Report,
) -> None:
    """An error where an earlier instance has the VRID on this interface already."""
    other = earlier.get(virtual_router(instance))
    if other is None:
        return
    report.error(
        lines.places["virtual_router_id"].words[1],
        "duplicate-virtual-router",
        f"{other.name} and {lines.name} both use VRID {instance.virtual_router_id} with"
        f" IPv{instance.family} on interface {instance.interface}",
        f"{other.name} (line {other.statement.text.line.number}) has it first and is run;"
        " give this one another number",
    )


def virtual_router(instance: VrrpInstance) -> tuple[str, int, int]:
    """What makes two instances the same virtual router (RFC 9568 1.7)."""
    return instance.interface, instance.family, instance.virtual_router_id


def shared_addresses(
    lines: InstanceLines, earlier: dict[object, InstanceLines], report: Report
) -> None:
    """Warn of an address that another instance moves too; remember this one's."""
    own: dict[object, InstanceLines] = {}
    for address in lines.virtual_ipaddress + lines.virtual_ipaddress_excluded:
        key = address.interface.ip
        other = earlier.get(key)
        if other is not None:
            report.warning(
                address.statement.words[0],
                "duplicate-address",
                f"({lines.name}) {key} belongs to {other.name} as well",
                "an address moves with one instance only",
            )
        own[key] = lines
    earlier.update(own)


def check_scripts(
    instances: Sequence[InstanceLines],
    scripts: Mapping[str, tuple[int, Word]],
    findings: list[Finding],
) -> None:
    """Track_script names a script that was defined before; each script is tracked.

    Args:
        scripts: name -> (position of its definition among all blocks, its name's word).
    """
    used: set[str] = set()
    for lines in instances:
        report = Report(findings, lines.name)
        for line, script in lines.track_script:
            used.add(script.name)
            if script.name not in scripts:
                report.warning(
                    line.words[0],
                    "no-such-script",
                    f"({lines.name}) track script {script.name} not found, ignoring...",
                    did_you_mean(script.name, scripts) or "define it: vrrp_script NAME { ... }",
                )
            elif scripts[script.name][0] > lines.position:
                report.warning(
                    line.words[0],
                    "script-defined-later",
                    f"({lines.name}) track script {script.name} is defined below:"
                    " keepalived does not find it there",
                    "move the vrrp_script block above this instance",
                )
    report = Report(findings)
    for name, (_, word) in scripts.items():
        if name not in used:
            message = f"Warning - script {name} is not used"
            report.warning(word, "unused-script", message, "name it in a track_script block")


def check_sync_groups(
    groups: Sequence[tuple[SyncGroup, Word]], names: Collection[str], findings: list[Finding]
) -> None:
    report = Report(findings)
    for group, word in groups:
        for member in group.members:
            if member not in names:
                report.warning(
                    word,
                    "no-such-instance",
                    f"Virtual router {member} specified in sync group {group.name} doesn't exist"
                    " - ignoring",
                    did_you_mean(member, names),
                )
        if len(group.members) < 2:
            report.warning(
                word,
                "lonely-sync-group",
                f"Sync group {group.name} has only {len(group.members)} virtual router(s)"
                " - this probably isn't what you want",
            )
