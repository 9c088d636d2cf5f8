"""Look, plan, carry out, and look again: until there is nothing left to do.

Nothing is repeated blindly. Whatever leaves open what has happened (a time-out, a connection that
was cut, 409, 412, 404, 5xx) is answered by looking again, and the new plan has what is missing
and what there is twice. It is in place when a look finds it so, not when the last step was
accepted; that finds what somebody else did at the same time, too.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vipkeeper.errors import CloudError
from vipkeeper.keepalived import Configuration
from vipkeeper.openstack import interruption, marks
from vipkeeper.openstack.adopting import adoption
from vipkeeper.openstack.back_end import recognised
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.client.cloud_errors import is_transient, retry_after_s
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.plans import planning, removal
from vipkeeper.openstack.plans.plan import Plan
from vipkeeper.openstack.plans.steps import CreatePort, Made, Step

PATIENCE_S = 60.0
"""Longer than an API server takes to start anew."""
CONFLICTING = frozenset((404, 409, 412))
CONFLICTS = 6
"""So often such a refusal is met with another look, then it will not go away."""
ROUNDS = 40
"""A plan of a few steps is done in two; so many mean that somebody undoes it each time."""
SHORTEST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
LONGEST_HEEDED_S = 30.0
"""Of what ``Retry-After`` asks for: a proxy may say an hour, and nobody waits for that."""

Watch = Callable[[Step], None]
Pause = Callable[[float], None]
Failed = Callable[[CloudError, float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a virtual IP.

    Attributes:
        plan: the first one; None where the cloud could not be looked at.
        left: the last one: nothing to do, if it is in place; or what is blocked.
        done: the steps that were carried out, in their order.
        error: why it ended before it was in place.
        requests: HTTP requests that it took.
        deployment: as the last plan has it.
    """

    name: str
    plan: Plan | None
    left: Plan | None
    done: tuple[Step, ...]
    error: CloudError | None
    requests: int
    seconds: float

    @property
    def deployment(self) -> Deployment | None:
        return self.left.deployment if self.left is not None else None

    @property
    def is_in_place(self) -> bool:
        """All is as it is wanted; of a removal: all is gone."""
        return self.error is None and self.left is not None and self.left.is_done


def apply(
    cloud: Cloud,
    spec: VipSpec,
    *,
    watch: Watch = lambda step: None,
    failed: Failed = lambda error, again_s: None,
    patience_s: float = PATIENCE_S,
    pause: Pause = interruption.pause,
) -> Outcome:
    """Make it so; where the plan has blockers nothing is done.

    Args:
        watch: told of each step when it has been carried out.
        failed: told of each failure that is met with another look, and in how many seconds.
        patience_s: how long a cloud that fails is tried without any progress.
        pause: waits between two looks after a failure.
    """
    apart = cloud.apart()
    run = _Run(apart, spec.name, watch, failed, patience_s, pause)
    return run.until_done(lambda: planning.plan(spec, apart.look(spec)))


def remove(
    cloud: Cloud,
    name: str,
    *,
    adopted: bool = False,
    watch: Watch = lambda step: None,
    failed: Failed = lambda error, again_s: None,
    patience_s: float = PATIENCE_S,
    pause: Pause = interruption.pause,
) -> Outcome:
    """Take away what was made for it; with ``adopted`` also what was there before."""
    apart = cloud.apart()
    run = _Run(apart, name, watch, failed, patience_s, pause)
    return run.until_done(lambda: removal.removal(name, apart.look_for(name), adopted=adopted))


def adopt(
    cloud: Cloud,
    port_id: str,
    name: str,
    configurations: Mapping[str, Configuration],
    *,
    watch: Watch = lambda step: None,
    failed: Failed = lambda error, again_s: None,
    patience_s: float = PATIENCE_S,
    pause: Pause = interruption.pause,
) -> Outcome:
    """Put the marks of an adoption; the port is one that is not managed yet."""
    apart = cloud.apart()
    run = _Run(apart, name, watch, failed, patience_s, pause)
    begun = False

    def work_out() -> Plan:
        nonlocal begun
        port, found = apart.look_at_port(port_id)
        back_end = recognised(found.owners, found.extensions)
        record = marks.record(port.description)
        if begun and record is not None and record.name == name:
            # Its description is the last of all marks.
            return Plan(name, back_end, (), (), None, exists=True)
        wanted = adoption.adoption(port, found, name=name, configurations=configurations)
        begun = True
        return Plan(name, back_end, wanted.remarks, wanted.steps, None, exists=True)

    return run.until_done(work_out)


class _Run:
    def __init__(
        self,
        cloud: Cloud,
        name: str,
        watch: Watch,
        failed: Failed,
        patience_s: float,
        pause: Pause,
    ) -> None:
        self._cloud, self._name = cloud, name
        self._watch, self._failed, self._pause = watch, failed, pause
        self._patience_s = patience_s
        self._begun = self._progress = time.monotonic()
        self._failures = 0
        self._first: Plan | None = None
        self._last: Plan | None = None
        self._done: list[Step] = []

    def until_done(self, work_out: Callable[[], Plan]) -> Outcome:
        try:
            # Who cannot get in is told so at once.
            self._cloud.authenticate()
            for _ in range(ROUNDS):
                if self._round(work_out):
                    return self._outcome(None)
        except CloudError as error:
            return self._outcome(error)
        left = len(self._last.steps) if self._last is not None else 0
        words = f"after {ROUNDS} rounds there is still something to do ({left} steps)"
        remedy = "does something else change the same ports or groups? look at the plan"
        return self._outcome(CloudError(self._operation, words, remedy=remedy))

    @property
    def _operation(self) -> str:
        return f"bring the virtual IP {self._name} to rest"

    def _round(self, work_out: Callable[[], Plan]) -> bool:
        """Look once, and do what there is to do; whether there was nothing.

        Raises:
            CloudError: it is no use going on.
        """
        self._heed()
        done = len(self._done)
        try:
            plan = work_out()
            before, self._last = self._last, plan
            self._first = self._first or plan
            if plan.blockers or not plan.steps:
                return True
            if before is not None and before.steps != plan.steps:
                self._progressed()
            self._carry_out(plan)
        except CloudError as error:
            if len(self._done) > done:
                self._progressed()
            self._forgive(error)
        return False

    def _carry_out(self, plan: Plan) -> None:
        made = _made(plan.deployment)
        for step in plan.steps:
            self._heed()
            self._cloud.carry_out(step, made)
            self._done.append(step)
            self._watch(step)
            if isinstance(step, CreatePort) and step.address is None:
                # Who applies the same at the same time has made one too, with another address. Of
                # the two the older stays, and for that one alone pairs are put.
                return

    def _progressed(self) -> None:
        self._failures = 0
        self._progress = time.monotonic()

    def _forgive(self, error: CloudError) -> None:
        """Wait, if it may go another way next time."""
        self._failures += 1
        refused = error.status in CONFLICTING
        without = time.monotonic() - self._progress
        if not is_transient(error) or (refused and self._failures >= CONFLICTS):
            raise error
        if without > self._patience_s:
            raise error
        longest = min(LONGEST_PAUSE_S, SHORTEST_PAUSE_S * 2**self._failures)
        pause_s = random.uniform(SHORTEST_PAUSE_S, longest)  # noqa: S311 -- to part two appliers
        pause_s = max(pause_s, min(retry_after_s(error) or 0.0, LONGEST_HEEDED_S))
        self._failed(error, pause_s)
        self._pause(pause_s)

    def _heed(self) -> None:
        if interruption.is_asked():
            remedy = "begin it again: it goes on where it stopped"
            raise CloudError(self._operation, "it was interrupted", remedy=remedy)

    def _outcome(self, error: CloudError | None) -> Outcome:
        return Outcome(
            self._name,
            self._first,
            self._last,
            tuple(self._done),
            error,
            self._cloud.requests,
            time.monotonic() - self._begun,
        )


def _made(deployment: Deployment | None) -> Made:
    """What is there already that steps may mean."""
    made = Made()
    if deployment is None:
        return made
    made.group = deployment.group_id or ""
    for address in deployment.addresses:
        if address.port_id is not None and address.interface is not None:
            made.ports[address.family] = address.port_id
            made.addresses[address.family] = address.interface.ip
    return made
