"""A configuration that is read while another one is in force: taken as a whole, or not at all."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from vipkeeper.daemon.command_line import Options
from vipkeeper.daemon.configuration_change import InstanceChange, compare
from vipkeeper.daemon.settings import Plain
from vipkeeper.errors import VipkeeperError
from vipkeeper.keepalived import Finding, Loaded, Severity, check_against_host
from vipkeeper.linux.configuration_files import read_configuration

STAYS = "the old configuration stays in force"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was read.

    Attributes:
        configuration: the path of the file.
        loaded: what is to be in force; None where it is refused.
        refusal: why; empty where it is not.
    """

    configuration: str
    loaded: Loaded | None
    findings: tuple[Finding, ...] = ()
    changes: tuple[InstanceChange, ...] = ()
    refusal: str = ""

    def to_plain(self, *, applied: bool) -> Plain:
        """``applied``: it is in force now."""
        return {
            "configuration": self.configuration,
            "applied": applied,
            "refusal": self.refusal,
            "findings": [finding.render() for finding in self.findings],
            "instances": [change.to_plain() for change in self.changes],
        }


def read_proposal(options: Options, in_force: Loaded) -> Proposal:
    """Read the daemon's file again; raises nothing, whatever is there."""
    path = str(options.configuration.absolute())
    try:
        loaded = read_configuration(str(options.configuration), config_id=options.config_id)
    except VipkeeperError as error:
        return Proposal(path, None, refusal=f"{error}; {STAYS}")
    findings = (*loaded.findings, *_new_interfaces_that_are_missing(loaded, in_force))
    refusing = (Severity.ERROR, Severity.WARNING) if options.strict else (Severity.ERROR,)
    faults = sum(finding.severity in refusing for finding in findings)
    if faults:
        counted = "1 fault" if faults == 1 else f"{faults} faults"
        return Proposal(path, None, findings, refusal=f"{counted}; {STAYS}")
    if in_force.configuration.instances and not loaded.configuration.instances:
        # A file that an editor or a deployment has only begun to write looks like this.
        return Proposal(path, None, findings, refusal=f"no vrrp_instance is left; {STAYS}")
    changes = compare(in_force.configuration, loaded.configuration)
    return Proposal(path, loaded, findings, tuple(changes))


def _new_interfaces_that_are_missing(loaded: Loaded, in_force: Loaded) -> tuple[Finding, ...]:
    """Names that may be mistyped: an instance that runs is not given up for one.

    At a start it waits for its interface. What is waited for already may be waited for longer, and
    with ``dynamic_interfaces`` it is but a warning.
    """
    there = {name for _, name in socket.if_nameindex()}
    known = {use.name for use in in_force.interface_uses}
    return check_against_host(loaded, there | known)
