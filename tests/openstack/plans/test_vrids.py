"""Which VRID a virtual IP gets beside its neighbours."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.openstack.appliers import applying
from tests.openstack.clouds import VIP, declared, port, walkthrough
from tests.openstack.pretend import PretendCloud
from vipkeeper.openstack.declaration.spec import Address
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import vrids
from vipkeeper.openstack.plans.planning import plan
from vipkeeper.openstack.resources import Port


def neighbour(
    vrid: int, *, name: str = "db", created_at: str = "2026-03-03", family: int = 4
) -> Port:
    return port(
        f"{name}-vip",
        "192.168.100.150",
        description=f"vipkeeper vip={name} family={family} vrrp=3 vrid={vrid} interval=1 "
        "mode=unicast preempt=yes mac=own auth=none",
        tags=("vipkeeper-vip", f"vipkeeper:{name}"),
        created_at=created_at,
    )


def vrid_of(found: Found, **attributes: object) -> int | None:
    stands = plan(declared(**attributes), found).deployment
    return stands.vrid if stands else None


def test_it_is_the_address_last_octet() -> None:
    assert vrids.derived(ip_address("10.0.0.51"), (), "web") == 51
    assert vrids.derived(ip_address("fd00::1:33"), (), "web") == 0x33


def test_or_the_next_that_is_free() -> None:
    assert vrids.derived(ip_address("10.0.0.51"), (51, 52), "web") == 53
    assert vrids.derived(ip_address("10.0.0.255"), (255,), "web") == 1
    assert vrids.derived(ip_address("10.0.1.0"), (), "web") == 1


def test_without_an_address_the_name_decides() -> None:
    assert vrids.derived(None, (), "web") == vrids.derived(None, (), "web")
    assert vrids.derived(None, (), "web") != vrids.derived(None, (), "db")


@given(
    st.none() | st.ip_addresses(),
    st.sets(st.integers(1, 255), max_size=254),
    st.text(max_size=30),
)
def test_it_is_always_one_that_can_be_had(
    address: Address | None, taken: set[int], name: str
) -> None:
    vrid = vrids.derived(address, taken, name)
    assert 1 <= vrid <= 255
    assert vrid not in taken


def test_when_all_are_taken_there_is_none() -> None:
    with pytest.raises(vrids.NoneFreeError):
        vrids.derived(None, range(1, 256), "web")
    found = walkthrough(neighbours=tuple(neighbour(one, name=f"n{one}") for one in range(1, 256)))
    made = plan(declared(), found)
    assert [one.code for one in made.blockers] == ["no-vrid-free"]


def test_a_neighbour_s_is_avoided() -> None:
    assert vrid_of(walkthrough(neighbours=(neighbour(196),))) == 197


def test_one_of_the_other_family_is_none_of_its_neighbours() -> None:
    assert vrid_of(walkthrough(neighbours=(neighbour(196, family=6),))) == 196


def test_a_given_one_stays_and_a_collision_is_said() -> None:
    found = walkthrough(neighbours=(neighbour(51),))
    made = plan(declared(vrrp={"vrid": 51}), found)
    assert made.deployment is not None
    assert made.deployment.vrid == 51
    (said,) = made.remarks
    assert (said.code, said.severity) == ("vrid-taken", "warning")
    assert "that of db" in said.sentence


def test_of_two_with_the_same_the_younger_gives_way() -> None:
    spec = declared()
    cloud = PretendCloud(walkthrough())
    for _ in applying(cloud, spec):
        pass
    found = cloud.look(spec)
    younger = replace(found, neighbours=(neighbour(196, created_at="2026-03-09"),))
    older = replace(found, neighbours=(neighbour(196, created_at="2026-03-01"),))
    assert vrid_of(younger) == 196
    assert vrid_of(older) == 197


def test_the_recorded_one_stays_though_another_would_be_derived() -> None:
    spec = declared(vrrp={"vrid": 7})
    cloud = PretendCloud(walkthrough())
    for _ in applying(cloud, spec):
        pass
    assert vrid_of(cloud.look(declared())) == 7
    assert VIP.endswith(".196")
