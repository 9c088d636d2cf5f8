"""A virtual IP on each of Neutron's back ends, by the same code over real HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.openstack.cloud_state import state
from tests.openstack.connected import SDK_WARNINGS, connected, web
from tests.openstack.faulty_proxy import Fault
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.openstack import applying, back_end, waiting

pytestmark = [*SDK_WARNINGS, pytest.mark.timeout(400)]

RECOGNISED = {
    BackEnd.OVS: back_end.Kind.AGENTS,
    BackEnd.OVN: back_end.Kind.OVN,
    BackEnd.DVR: back_end.Kind.AGENTS,
}


@pytest.mark.parametrize("profile", RECOGNISED)
def test_it_is_put_in_place_waited_for_and_removed(profile: BackEnd, tmp_path: Path) -> None:
    with connected(tmp_path, back_end=profile) as there, there.cloud() as cloud:
        before = state(there.member)
        there.proxy.once_each(Fault.CUT_AFTER, only_changes=True)
        outcome = applying.apply(cloud, web(), pause=lambda _: None)
        assert outcome.error is None
        assert outcome.is_in_place
        assert outcome.plan is not None
        assert outcome.plan.back_end.kind is RECOGNISED[profile]
        assert outcome.plan.back_end.distributed == (profile is BackEnd.DVR)
        assert there.proxy.faults >= 16
        waiting.wait(cloud, web(), timeout_s=20)
        again = applying.apply(cloud, web())
        assert (again.is_in_place, again.done) == (True, ())

        there.proxy.once_each(Fault.CUT_AFTER, only_changes=True)
        outcome = applying.remove(cloud, "web", pause=lambda _: None)
        assert outcome.error is None
        assert outcome.is_in_place
        assert state(there.member) == before
