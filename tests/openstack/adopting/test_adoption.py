"""A virtual IP that was made by hand becomes a declared one, and nothing but marks is put."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from tests.openstack.adoptions import (
    adopted,
    changed,
    codes,
    of_walkthrough,
    spec_of,
)
from tests.openstack.clouds import (
    EXTERNAL_NET,
    FLOATING,
    INT_NET,
    INT_SUBNET,
    INT_SUBNET_6,
    USER_VIP,
    VIP,
    by_hand,
    group,
    ingress,
    pair,
    port,
    server,
)
from tests.openstack.pretend import PretendCloud
from tests.openstack.seen import by_name, by_spec
from vipkeeper.keepalived import Configuration
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.planning import plan
from vipkeeper.openstack.plans.removal import removal
from vipkeeper.openstack.plans.steps import (
    ChangeFloatingIp,
    ChangeGroup,
    ChangePort,
    Made,
)
from vipkeeper.openstack.recorded import recorded
from vipkeeper.openstack.resources import Port

RECORD = (
    "vipkeeper vip=web family=4 vrrp=2 vrid=1 interval=1 mode=multicast preempt=yes mac=own"
    " auth=pass"
)


class TestTheWalkthrough:
    def test_its_spec(self) -> None:
        assert spec_of(adopted(files=of_walkthrough())) == VipSpec.model_validate(
            {
                "name": "web",
                "network": "int_net",
                "address": VIP,
                "members": ["test01", {"server": "test02", "priority": 50}],
                "floating_ip": {"network": "ext-private-net1", "address": FLOATING},
                "vrrp": {
                    "version": 2,
                    "vrid": 1,
                    "authentication": {"password": "password"},
                    "mode": "multicast",
                },
                "security_group": "vrrp",
            }
        )

    def test_its_steps_put_marks_and_nothing_else(self) -> None:
        assert adopted(files=of_walkthrough()).steps == (
            ChangePort(
                "port-test01",
                "port of test01",
                add_tags=("vipkeeper:web", "vipkeeper:web:priority=100", "vipkeeper:web:if=eth0"),
            ),
            ChangePort(
                "port-test02",
                "port of test02",
                add_tags=("vipkeeper:web", "vipkeeper:web:priority=50", "vipkeeper:web:if=eth0"),
            ),
            ChangeGroup("group-vrrp", "vrrp", add_tags=("vipkeeper:web",)),
            ChangeFloatingIp(
                f"floating-{FLOATING}", FLOATING, add_tags=("vipkeeper-adopted", "vipkeeper:web")
            ),
            ChangePort(
                "port-USER-vip",
                "port USER-vip",
                add_tags=("vipkeeper-adopted", "vipkeeper-vip", "vipkeeper:web"),
                description=RECORD,
            ),
        )

    def test_what_is_said(self) -> None:
        (remark,) = adopted(files=of_walkthrough()).remarks
        assert remark.code == "ports-of-other-groups"
        assert remark.sentence == (
            "other groups of the members let this in, so that it stays as it is and is not"
            " written as service ports:"
            " 22/tcp, 80/tcp, 7007/udp, icmp"
        )

    def test_what_the_next_plan_finds_lacking_is_the_group_alone(self) -> None:
        cloud, spec = carried_out(by_hand(), of_walkthrough())
        next_plan = plan(spec, by_spec(cloud.everything, spec))
        assert not next_plan.blockers
        assert next_plan.steps == (
            ChangePort(
                "port-USER-vip",
                "port USER-vip",
                add_groups=("group-vrrp",),
                add_tags=("vipkeeper:web:group=group-vr",),
            ),
        )

    def test_it_is_told_by_its_marks(self) -> None:
        cloud, spec = carried_out(by_hand(), of_walkthrough())
        again = recorded("web", by_name(cloud.everything, "web"))
        assert again is not None
        assert again.members == spec.members
        assert again.addresses == spec.addresses
        assert again.security_group == "vrrp"
        assert again.vrrp.protocol_version == 2
        assert again.floating_ip is not None
        assert again.floating_ip.address == IPv4Address(FLOATING)

    def test_to_destroy_it_takes_the_marks_and_nothing_else(self) -> None:
        cloud, _ = carried_out(by_hand(), of_walkthrough())
        carry_out(cloud, removal("web", by_name(cloud.everything, "web")).steps)
        assert cloud.everything == by_hand()

    def test_it_is_not_adopted_twice(self) -> None:
        cloud, _ = carried_out(by_hand(), of_walkthrough())
        again = adopted(cloud.everything, of_walkthrough())
        assert (again.spec, again.steps, codes(again)) == (None, (), ["already-managed"])

    def test_an_adoption_that_was_cut_off_goes_on(self) -> None:
        """At each request: what was done is not done again, and all of it is there at the end."""
        cloud, _ = carried_out(by_hand(), of_walkthrough())
        whole = cloud.everything
        for requests in range(100):
            part = PretendCloud(by_hand())
            steps = adopted(files=of_walkthrough()).steps
            under_way = (one for step in steps for one in part.carry_out(step, Made()))
            done = sum(1 for _, _ in zip(range(requests), under_way, strict=False))
            carry_out(part, adopted(part.everything, of_walkthrough()).steps)
            assert part.everything == whole
            if done < requests:
                return
        pytest.fail("an adoption without an end")


def carried_out(found: Found, files: Mapping[str, Configuration]) -> tuple[PretendCloud, VipSpec]:
    result = adopted(found, files)
    cloud = PretendCloud(found)
    carry_out(cloud, result.steps)
    return cloud, spec_of(result)


def carry_out(cloud: PretendCloud, steps: Any) -> None:
    for step in steps:
        for _ in cloud.carry_out(step, Made()):
            pass


class TestWhatCannotBeAdopted:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"device_id": "server-test01", "device_owner": "compute:nova"}, "vip-port-bound"),
            ({"device_owner": "network:router_interface"}, "port-of-the-network"),
            ({"tags": ("vipkeeper-vip", "vipkeeper:other")}, "already-managed"),
            ({"description": RECORD.replace("web", "other")}, "already-managed"),
            ({"description": RECORD}, "already-managed"),
            ({"fixed_ips": ()}, "vip-port-without-address"),
            (
                {"fixed_ips": port("x", VIP, "192.168.100.197").fixed_ips},
                "several-addresses",
            ),
        ],
    )
    def test_the_port(self, change: dict[str, Any], code: str) -> None:
        result = adopted(changed(by_hand(), "USER-vip", **change))
        assert (result.spec, result.steps, codes(result)) == (None, (), [code])

    @pytest.mark.parametrize("name", ["", "my vip", "x" * 31, "a:b"])
    def test_a_name_that_is_none(self, name: str) -> None:
        assert codes(adopted(name=name)) == ["bad-name"]

    def test_a_name_that_another_has(self) -> None:
        neighbour = port("other", "192.168.100.9", tags=("vipkeeper-vip", "vipkeeper:web"))
        assert codes(adopted(replace(by_hand(), neighbours=(neighbour,)))) == ["name-taken"]

    @pytest.mark.parametrize(
        ("names", "code"), [((), "no-members"), (("test01",), "only-one-member")]
    )
    def test_too_few_members(self, names: tuple[str, ...], code: str) -> None:
        found = by_hand()
        for name in {"test01", "test02"} - set(names):
            found = changed(found, name, allowed_address_pairs=())
        result = adopted(found, of_walkthrough())
        assert (result.spec, result.steps) == (None, ())
        assert code in codes(result)

    def test_a_port_outside(self) -> None:
        found = replace(by_hand(), networks=(replace(INT_NET, external=True),))
        assert codes(adopted(found)) == ["external-network"]


class TestOtherKinds:
    def test_ipv6(self) -> None:
        result = adopted(of_ipv6("fd00:100::196"))
        spec = spec_of(result)
        assert (spec.families, [str(one) for one in spec.addresses]) == ((6,), ["fd00:100::196"])
        assert spec.security_group == "vrrp"
        (*_, last) = result.steps
        assert isinstance(last, ChangePort)
        assert "family=6 vrrp=3" in (last.description or "")

    def test_the_other_family_on_the_same_port_is_left_alone(self) -> None:
        found = by_hand()
        fixed = port("x", VIP, "fd00:100::196").fixed_ips
        result = adopted(changed(found, "USER-vip", fixed_ips=fixed), of_walkthrough())
        assert [str(one) for one in spec_of(result).addresses] == [VIP]
        assert codes(result) == ["other-family-unmanaged", "ports-of-other-groups"]

    def test_without_a_floating_ip_none_is_declared(self) -> None:
        result = adopted(replace(by_hand(), floating_ips=()))
        assert spec_of(result).floating_ip is None

    def test_a_network_that_was_not_found_is_told_by_its_id(self) -> None:
        found = replace(by_hand(), external_networks=())
        floating_ip = spec_of(adopted(found)).floating_ip
        assert floating_ip is not None
        assert floating_ip.network == EXTERNAL_NET.id

    def test_a_description_makes_room(self) -> None:
        result = adopted(changed(by_hand(), "USER-vip", description="the web"), of_walkthrough())
        assert "description-replaced" in codes(result)


def of_ipv6(address: str) -> Found:
    members = []
    for number, name in enumerate(("test01", "test02"), 1):
        one = port(
            name,
            f"fd00:100::{number}",
            number=number,
            device_id=f"server-{name}",
            device_owner="compute:nova",
            security_groups=("group-vrrp",),
        )
        members.append(replace(one, allowed_address_pairs=(pair(address, one),)))
    vip: Port = replace(USER_VIP, fixed_ips=port("x", address).fixed_ips)
    rule = ingress("112", ethertype="IPv6", remote_ip_prefix="fe80::/64")
    return replace(
        by_hand(),
        subnets=(INT_SUBNET, INT_SUBNET_6),
        ports=(*members, vip),
        groups=(group("vrrp", rule),),
        floating_ips=(),
        servers=(server("test01"), server("test02")),
    )
