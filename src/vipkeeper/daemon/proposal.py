"""A configuration that is read while another one is in force: taken as a whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.daemon.command_line import Options
from vipkeeper.daemon.configuration_change import InstanceChange, compare
from vipkeeper.daemon.settings import Plain
from vipkeeper.errors import VipkeeperError
from vipkeeper.keepalived import Finding, Loaded, Severity
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
    refusing = (Severity.ERROR, Severity.WARNING) if options.strict else (Severity.ERROR,)
    faults = sum(finding.severity in refusing for finding in loaded.findings)
    if faults:
        return Proposal(path, None, loaded.findings, refusal=f"{faults} faults; {STAYS}")
    if in_force.configuration.instances and not loaded.configuration.instances:
        # A file that an editor or a deployment has only begun to write looks like this.
        return Proposal(path, None, loaded.findings, refusal=f"no vrrp_instance is left; {STAYS}")
    changes = compare(in_force.configuration, loaded.configuration)
    return Proposal(path, loaded, loaded.findings, tuple(changes))
