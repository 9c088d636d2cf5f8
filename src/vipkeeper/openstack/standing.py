"""A virtual IP that is known by its name alone: what its marks in the cloud tell."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.errors import CloudError
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.listing import listed
from vipkeeper.openstack.plans import planning
from vipkeeper.openstack.plans.plan import Plan
from vipkeeper.openstack.recorded import recorded


@dataclass(frozen=True, slots=True)
class Standing:
    """Attributes: ``spec``: as recorded, without a password; ``plan``: to be as it says."""

    spec: VipSpec
    found: Found
    plan: Plan


def standing(cloud: Cloud, name: str) -> Standing:
    """The virtual IP of that name.

    Raises:
        CloudError: there is none, or the cloud could not be looked at.
    """
    spec = recorded(name, cloud.look_for(name))
    if spec is None:
        raise unknown(cloud, name)
    found = cloud.look(spec)
    return Standing(spec, found, planning.plan(spec, found))


def unknown(cloud: Cloud, name: str) -> CloudError:
    """That there is no virtual IP of that name, and which there are."""
    there = ", ".join(one.name for one in listed(cloud.inventory()))
    return CloudError(
        f"find the virtual IP {name}",
        "nothing in this project is marked as its own",
        remedy=f"there are: {there}" if there else "there is none in this project",
    )
