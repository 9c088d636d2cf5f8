"""Creating what is there already may add to it, and change nothing."""

from __future__ import annotations

import pytest

from tests.openstack import clouds
from vipkeeper.errors import CloudError
from vipkeeper.openstack.back_end import BackEnd, Kind
from vipkeeper.openstack.plans.keeping import refuse_other
from vipkeeper.openstack.plans.plan import Plan
from vipkeeper.openstack.plans.steps import (
    ChangeFloatingIp,
    ChangePort,
    CreateGroup,
    Delete,
    Step,
    VipPair,
)

ADDED = (
    CreateGroup("web-vip", "vipkeeper vip=web", ()),
    ChangePort("p", "port of test01", add_pairs=(VipPair(4),), add_tags=("vipkeeper:web",)),
    ChangeFloatingIp("f", clouds.FLOATING, lead_to=4),
)


def plan(*steps: Step, exists: bool = True) -> Plan:
    return Plan("web", BackEnd(Kind.UNKNOWN), (), steps, None, exists)


def test_what_was_interrupted_is_gone_on_with() -> None:
    refuse_other(plan(*ADDED))
    refuse_other(plan())


@pytest.mark.parametrize(
    "step",
    [
        Delete("rule", "r", "tcp 80"),
        ChangePort("p", "port of test01", remove_groups=("g",)),
        ChangePort("p", "port web-vip", description="vipkeeper vip=web family=4 vrid=2"),
        ChangeFloatingIp("f", clouds.FLOATING, lead_to="nowhere"),
    ],
)
def test_what_is_different_is_not_changed(step: Step) -> None:
    with pytest.raises(CloudError, match="and it is different") as caught:
        refuse_other(plan(*ADDED, step))
    assert "openstack vip set web" in caught.value.remedy


def test_what_is_not_there_cannot_be_changed() -> None:
    refuse_other(plan(Delete("security group", "g", "web-vip"), exists=False))
