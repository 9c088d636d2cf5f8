"""The records of a cloud file ask for the very plane that the file asks for."""

from __future__ import annotations

import pytest

from vipkeeper.lab import spec_file
from vipkeeper.lab.api import seed
from vipkeeper.lab.api.compute.records import Server
from vipkeeper.lab.api.identity.records import User
from vipkeeper.lab.api.network.back_ends import BACK_ENDS, LINUXBRIDGE
from vipkeeper.lab.api.network.records import FloatingIP, Network, Port, SecurityGroup
from vipkeeper.lab.api.planning import Planner
from vipkeeper.lab.api.state import State
from vipkeeper.lab.cloud_file_plane import plane_of
from vipkeeper.lab.spec import CloudSpec

PASSWORDS = {"lab": "one", "admin": "other"}
WALKTHROUGH = spec_file.walkthrough()


def seeded(spec: CloudSpec, back_end: str = "linuxbridge") -> State:
    return seed.of(spec, plane_of(spec), BACK_ENDS[back_end], 1000.0, PASSWORDS)


@pytest.mark.parametrize("spec", [WALKTHROUGH, CloudSpec((), (), ())], ids=["walkthrough", "empty"])
def test_nothing_changes_when_the_apis_take_over(spec: CloudSpec) -> None:
    assert Planner(LINUXBRIDGE.name).plane(seeded(spec)) == plane_of(spec)


def test_what_is_external_is_the_admins_and_all_else_the_members() -> None:
    state = seeded(WALKTHROUGH)
    networks = {one.name: one.project_id for one in state.all(Network)}
    servers = {one.name: one.project_id for one in state.all(Server)}
    groups = {one.name: one.project_id for one in state.all(SecurityGroup)}
    member, admin = seed.project_id("lab"), seed.project_id("admin")
    assert networks == {"int_net": member, "ext-private-net1": admin}
    assert servers == {"test01": member, "test02": member, "client": admin}
    assert groups == {"web": member, "vrrp": member, "default": member}


def test_floating_ips_lead_where_the_file_says() -> None:
    state = seeded(WALKTHROUGH)
    leads = {}
    for floating in state.all(FloatingIP):
        port = state.find(Port, floating.port_id)
        assert port is not None
        leads[floating.floating_ip_address] = (port.name, floating.fixed_ip_address)
    assert leads == {
        "99.88.128.203": ("test01", "192.168.100.131"),
        "99.88.128.33": ("test02", "192.168.100.67"),
        "99.88.128.171": ("USER-vip", "192.168.100.196"),
    }


def test_the_two_users_have_the_passwords_of_the_lab() -> None:
    users = {user.name: (user.password, user.roles) for user in seeded(WALKTHROUGH).all(User)}
    assert users == {
        "lab": ("one", ("member", "reader")),
        "admin": ("other", ("admin", "member", "reader")),
    }
