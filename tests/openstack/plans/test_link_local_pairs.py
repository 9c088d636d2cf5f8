"""IPv6: the link-local address that each instance has first needs a pair, too (RFC 9568 5.2.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.openstack.appliers import applying, removing
from tests.openstack.clouds import (
    INT_SUBNET,
    INT_SUBNET_6,
    TEST01,
    TEST02,
    changed_port,
    declared,
    pair,
    port,
    walkthrough,
)
from tests.openstack.pretend import PretendCloud
from tests.openstack.seen import by_name
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.planning import plan
from vipkeeper.openstack.plans.steps import ChangePort
from vipkeeper.openstack.recorded import recorded
from vipkeeper.openstack.resources import AddressPair, Port

VIP_6 = "fd00:100::196"
VIRTUAL_MAC = "00:00:5e:00:02:33"


def dual_stack() -> Found:
    members = (
        replace(TEST01, fixed_ips=port("a", "192.168.100.131", "fd00:100::131").fixed_ips),
        replace(TEST02, fixed_ips=port("a", "192.168.100.67", "fd00:100::67").fixed_ips),
    )
    return walkthrough(subnets=(INT_SUBNET, INT_SUBNET_6), ports=members)


def six(**more: Any) -> VipSpec:
    known: dict[str, Any] = {
        "families": (6,),
        "addresses": (VIP_6,),
        "floating_ip": None,
        "vrrp": {"vrid": 51},
    }
    return declared(**{**known, **more})


def applied(spec: VipSpec, cloud: PretendCloud | None = None) -> PretendCloud:
    cloud = cloud or PretendCloud(dual_stack())
    for _ in applying(cloud, spec):
        pass
    return cloud


def removed(name: str, cloud: PretendCloud) -> None:
    for _ in removing(cloud, name):
        pass


def member(cloud: PretendCloud) -> Port:
    return next(one for one in cloud.everything.ports if one.id == TEST01.id)


def pairs(cloud: PretendCloud) -> list[str]:
    return [one.ip_address for one in member(cloud).allowed_address_pairs]


def test_it_is_put_there_recorded_and_taken_away() -> None:
    cloud = applied(six())
    assert member(cloud).allowed_address_pairs == (pair(VIP_6, TEST01), pair("fe80::33", TEST01))
    assert {"vipkeeper:web:pair6", "vipkeeper:web:link6=51"} <= set(member(cloud).tags)
    assert plan(six(), cloud.look(six())).is_done
    removed("web", cloud)
    assert cloud.everything == dual_stack()


def test_that_it_is_gone_is_seen() -> None:
    cloud = applied(six())
    cloud.everything = changed_port(
        cloud.everything,
        "test01",
        lambda one: replace(one, allowed_address_pairs=one.allowed_address_pairs[:1]),
    )
    assert plan(six(), cloud.look(six())).steps == (
        ChangePort(TEST01.id, "port of test01", add_pairs=(pair("fe80::33", TEST01),)),
    )


def test_another_vrid_has_another_one() -> None:
    cloud = applied(six())
    changed = six(vrrp={"vrid": 52})
    _, of_first, of_second = plan(changed, cloud.look(changed)).steps
    assert of_first == ChangePort(
        TEST01.id,
        "port of test01",
        add_pairs=(pair("fe80::34", TEST01),),
        remove_pairs=(pair("fe80::33", TEST01),),
        add_tags=("vipkeeper:web:link6=52",),
        remove_tags=("vipkeeper:web:link6=51",),
    )
    assert isinstance(of_second, ChangePort)
    applied(changed, cloud)
    assert pairs(cloud) == [VIP_6, "fe80::34"]


def test_two_virtual_ips_of_the_same_members_have_one_each() -> None:
    cloud = applied(six())
    other = six(name="mail", addresses=("fd00:100::197",), vrrp={"vrid": 52})
    applied(other, cloud)
    assert pairs(cloud) == [VIP_6, "fe80::33", "fd00:100::197", "fe80::34"]
    removed("web", cloud)
    assert pairs(cloud) == ["fd00:100::197", "fe80::34"]
    assert plan(other, cloud.look(other)).is_done


def test_somebody_else_s_stays() -> None:
    theirs = pair("fe80::33", TEST01)
    world = changed_port(
        dual_stack(), "test01", lambda one: replace(one, allowed_address_pairs=(theirs,))
    )
    cloud = applied(six(), PretendCloud(world))
    assert pairs(cloud) == ["fe80::33", VIP_6]
    assert "vipkeeper:web:link6=51" not in member(cloud).tags
    removed("web", cloud)
    assert cloud.everything == world


def test_with_a_virtual_mac_there_is_one_for_it_too() -> None:
    spec = six(vrrp={"vrid": 51, "virtual_mac": True})
    cloud = applied(spec)
    assert AddressPair("fe80::33", VIRTUAL_MAC) in member(cloud).allowed_address_pairs
    assert "vipkeeper:web:vlink6=51" in member(cloud).tags
    applied(six(), cloud)
    assert pairs(cloud) == [VIP_6, "fe80::33"]
    applied(spec, cloud)
    removed("web", cloud)
    assert cloud.everything == dual_stack()


def test_without_ipv6_it_goes() -> None:
    cloud = applied(six())
    applied(declared(vrrp={"vrid": 51}), cloud)
    assert pairs(cloud) == ["192.168.100.196"]


def test_it_counts_for_the_ten() -> None:
    nine = tuple(pair(f"10.9.9.{number}", TEST01) for number in range(9))
    world = changed_port(
        dual_stack(), "test01", lambda one: replace(one, allowed_address_pairs=nine)
    )
    said = [one for one in plan(six(), world).remarks if one.code == "many-pairs"]
    assert "would have 11 allowed address pairs" in said[0].sentence


def test_it_is_not_taken_for_the_virtual_ip_whose_port_is_gone() -> None:
    spec = six(addresses=())
    cloud = applied(spec)
    vip = next(one for one in cloud.everything.ports if one.name == "web-vip6")
    address = vip.fixed_ips[0].address
    others = tuple(one for one in cloud.everything.ports if one.id != vip.id)
    cloud.everything = replace(cloud.everything, ports=others)
    again = plan(spec, cloud.look(spec)).deployment
    assert again is not None
    assert again.addresses[0].interface is not None
    assert again.addresses[0].interface.ip == address
    assert recorded("web", by_name(cloud.everything, "web")) is None
