"""A plan: what would be done, and what has to be known before it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vipkeeper.openstack.back_end import BackEnd
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.plans.steps import Step


class Severity(StrEnum):
    BLOCKER = "blocker"
    """Nothing is done until it is mended."""
    WARNING = "warning"
    """It is done, and may not do what is wanted."""
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know before anything is done.

    Attributes:
        code: stable, for programs.
        remedy: what to do about it, a command where there is one.
    """

    code: str
    severity: Severity
    sentence: str
    remedy: str = ""


def blocker(code: str, sentence: str, remedy: str = "") -> Remark:
    return Remark(code, Severity.BLOCKER, sentence, remedy)


def warning(code: str, sentence: str, remedy: str = "") -> Remark:
    return Remark(code, Severity.WARNING, sentence, remedy)


def note(code: str, sentence: str, remedy: str = "") -> Remark:
    return Remark(code, Severity.NOTE, sentence, remedy)


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes to get from what was found to what is wanted.

    Attributes:
        deployment: as it will be; None where a blocker leaves it unknown.
        exists: whether anything of this virtual IP was found.
    """

    name: str
    back_end: BackEnd
    remarks: tuple[Remark, ...]
    steps: tuple[Step, ...]
    deployment: Deployment | None
    exists: bool

    @property
    def blockers(self) -> tuple[Remark, ...]:
        return tuple(one for one in self.remarks if one.severity is Severity.BLOCKER)

    @property
    def is_done(self) -> bool:
        """Everything is as it is wanted."""
        return not self.steps and not self.blockers
