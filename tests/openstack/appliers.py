"""Who carries plans out on a pretended cloud, one request at a time: others may come between."""

from __future__ import annotations

from collections.abc import Callable

from tests.openstack.pretend import PretendCloud, RefusedError, Requests
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.plans.plan import Plan
from vipkeeper.openstack.plans.planning import plan
from vipkeeper.openstack.plans.removal import removal
from vipkeeper.openstack.plans.steps import CreatePort, Made

ROUNDS = 12
"""More than any way to the end takes; see test_converging.py."""


class BlockedError(Exception):
    def __init__(self, blocked: Plan) -> None:
        super().__init__([one.code for one in blocked.blockers])
        self.plan = blocked


class UnsettledError(Exception):
    """There is still something to do after so many rounds."""


def applying(cloud: PretendCloud, spec: VipSpec) -> Requests:
    """Look, plan, carry out, until nothing is left to do; refused, it looks again."""
    yield from _until_done(cloud, lambda: plan(spec, cloud.look(spec)))


def removing(cloud: PretendCloud, name: str, *, adopted: bool = False) -> Requests:
    yield from _until_done(cloud, lambda: removal(name, cloud.look_for(name), adopted=adopted))


def _until_done(cloud: PretendCloud, work_out: Callable[[], Plan]) -> Requests:
    for _ in range(ROUNDS):
        current = work_out()
        yield "look"
        if current.blockers:
            raise BlockedError(current)
        if not current.steps:
            return
        made = _made(current.deployment)
        try:
            for step in current.steps:
                yield from cloud.carry_out(step, made)
                if isinstance(step, CreatePort) and step.address is None:
                    break  # somebody else may have made one as well
        except RefusedError:
            continue
    raise UnsettledError(work_out().steps)


def _made(deployment: Deployment | None) -> Made:
    made = Made()
    if deployment:
        made.group = deployment.group_id or ""
        for one in deployment.addresses:
            if one.port_id and one.interface:
                made.ports[one.family] = one.port_id
                made.addresses[one.family] = one.interface.ip
    return made
