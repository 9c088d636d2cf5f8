"""Whether a plan only adds to what is there."""

from __future__ import annotations

from vipkeeper.errors import CloudError
from vipkeeper.openstack.plans.plan import Plan
from vipkeeper.openstack.plans.steps import ChangeFloatingIp, ChangePort, Delete, Step


def takes_away(step: Step) -> bool:
    """Whether something that is there would be another one afterwards, or gone."""
    if isinstance(step, ChangePort):
        removed = (step.remove_pairs, step.remove_groups, step.remove_tags)
        return any(removed) or step.description is not None
    if isinstance(step, ChangeFloatingIp):
        return bool(step.remove_tags) or step.lead_to == "nowhere"
    return isinstance(step, Delete)


def refuse_other(plan: Plan) -> None:
    """Refuse to create what is there already and different.

    Raises:
        CloudError: the plan would change a virtual IP of that name.
    """
    if plan.exists and any(takes_away(step) for step in plan.steps):
        raise CloudError(
            f"create the virtual IP {plan.name}",
            "there is one of that name already, and it is different",
            remedy=f"openstack vip set {plan.name} changes it, openstack vip delete removes it",
        )
