"""The cloud of the OpenStack client, and how what goes wrong there is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from osc_lib.exceptions import CommandError

from vipkeeper.errors import CloudError, VipkeeperError
from vipkeeper.openstack import applying, waiting
from vipkeeper.openstack.applying import Outcome
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.plans.plan import Plan, Severity


def cloud(app: Any) -> Cloud:
    """That of ``--os-cloud``, by the client's own connection."""
    return Cloud(app.client_manager.sdk_connection)


@contextmanager
def told() -> Iterator[None]:
    """Errors as the client shows them: one text, exit code 1."""
    try:
        yield
    except VipkeeperError as error:
        raise CommandError(str(error)) from error


def apply(cloud: Cloud, spec: VipSpec, log: Any, *, wait: bool, timeout: float) -> Outcome:
    """Put in place what is declared; warnings go to the log.

    Raises:
        VipkeeperError: something blocks it, or the cloud refused.
    """
    outcome = applying.apply(cloud, spec, failed=telling(log))
    for remark in outcome.left.remarks if outcome.left else ():
        if remark.severity is Severity.WARNING:
            log.warning("%s", remark.sentence)
    if outcome.error:
        raise outcome.error
    if outcome.left:
        refuse_blocked(outcome.left)
    if wait:
        waiting.wait(cloud, spec, timeout_s=timeout)
    return outcome


def telling(log: Any) -> Callable[[CloudError, float], None]:
    """What tells the log of each failure that is not the end of it."""

    def failed(error: CloudError, again_s: float) -> None:
        log.warning("%s; looking again in %.0f s", error.message, again_s)

    return failed


def refuse_blocked(plan: Plan) -> None:
    if plan.blockers:
        sentences = "; ".join(one.sentence for one in plan.blockers)
        remedies = [one.remedy for one in plan.blockers if one.remedy]
        raise CloudError(
            f"put the virtual IP {plan.name} in place", sentences, remedy="\n  ".join(remedies)
        )
