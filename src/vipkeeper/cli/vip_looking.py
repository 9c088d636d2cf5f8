"""Looking at the cloud for many virtual IPs: what ``plan`` and ``drift`` make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from vipkeeper.errors import VipkeeperError
from vipkeeper.openstack import as_data, fleet
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.plans import planning
from vipkeeper.openstack.plans.plan import Plan


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking at the cloud came to.

    Attributes:
        plan: None if it could not be looked at, as ``error`` tells.
        requests: how many it took.
    """

    name: str
    plan: Plan | None = None
    error: VipkeeperError | None = None
    requests: int = 0

    @property
    def state(self) -> str:
        return as_data.state(self.plan) if self.plan else as_data.FAILED

    def data(self) -> dict[str, Any]:
        """The same keys whatever came of it."""
        nothing = {"exists": None, "back_end": None, "deployment": None}
        if self.plan:
            known = as_data.plan(self.plan)
        else:
            known = {"name": self.name, "state": self.state, **nothing, "remarks": [], "steps": []}
        error = as_data.error(self.error) if self.error else None
        return {**known, "requests": self.requests, "error": error}


def look(
    cloud: Cloud, specs: Sequence[VipSpec], *, jobs: int, console: Console
) -> tuple[Looked, ...]:
    """Look at the cloud for each, several at a time; the answers in the order of the specs."""
    found: dict[str, Looked] = {}
    with console.status("Looking at the cloud ...") as status:
        for one in fleet.each(specs, lambda spec: _look(cloud, spec), jobs=jobs):
            name = one.item.name
            found[name] = one.value or Looked(name, error=one.error)
            if len(specs) > 1:
                status.update(f"Looking at the cloud: {len(found)} of {len(specs)}")
    return tuple(found[spec.name] for spec in specs)


def _look(cloud: Cloud, spec: VipSpec) -> Looked:
    apart = cloud.apart()
    try:
        plan = planning.plan(spec, apart.look(spec))
    except VipkeeperError as error:
        return Looked(spec.name, error=error, requests=apart.requests)
    return Looked(spec.name, plan, requests=apart.requests)
