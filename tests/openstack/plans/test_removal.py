"""What a removal says, step by step; that nothing is left of it is in test_converging.py."""

from __future__ import annotations

from dataclasses import replace

from tests.openstack.appliers import applying
from tests.openstack.clouds import (
    FLOATING,
    TEST01,
    TEST02,
    VIP,
    changed_port,
    declared,
    floating_ip,
    walkthrough,
)
from tests.openstack.pretend import PretendCloud
from tests.openstack.seen import by_name
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.removal import removal
from vipkeeper.openstack.plans.steps import ChangePort, Delete
from vipkeeper.openstack.resources import AddressPair


def made(found: Found | None = None, **attributes: object) -> Found:
    """All that there is after an apply."""
    cloud = PretendCloud(found or walkthrough())
    for _ in applying(cloud, declared(**attributes)):
        pass
    return cloud.everything


def test_it_goes_from_the_outside_in() -> None:
    everything = made()
    gone = removal("web", by_name(everything, "web"))
    assert gone.exists
    assert gone.remarks == ()
    (group,) = everything.groups
    (floating,) = everything.floating_ips
    vip = everything.ports[-1]
    assert gone.steps == (
        Delete("floating IP", floating.id, "99.88.128.100"),
        *(
            ChangePort(
                one.id,
                f"port of {one.name}",
                remove_pairs=(AddressPair(VIP, one.mac_address),),
                remove_groups=(group.id,),
                remove_tags=(
                    f"vipkeeper:web:priority={priority}",
                    "vipkeeper:web:if=eth0",
                    "vipkeeper:web:pair4",
                    "vipkeeper:web",
                ),
            )
            for one, priority in ((TEST01, 100), (TEST02, 50))
        ),
        Delete("port", vip.id, "web-vip"),
        Delete("security group", group.id, "web-vip"),
    )


def test_where_nothing_is_there_is_nothing_to_take_away() -> None:
    gone = removal("web", by_name(walkthrough(), "web"))
    assert (gone.exists, gone.steps, gone.remarks) == (False, (), ())


def test_a_vip_port_that_a_server_has_is_not_taken_from_it() -> None:
    everything = changed_port(
        made(), "web-vip", lambda one: replace(one, device_id="server-test01")
    )
    gone = removal("web", by_name(everything, "web"))
    (said,) = gone.blockers
    assert said.code == "vip-port-bound"
    assert "test01" in said.sentence
    assert said.remedy.startswith("openstack server remove port server-test01 made")


def test_somebody_else_s_floating_ip_stays() -> None:
    everything = made(floating_ip=None)
    vip = everything.ports[-1]
    everything = replace(everything, floating_ips=(floating_ip(FLOATING, vip),))
    gone = removal("web", by_name(everything, "web"))
    assert [one.code for one in gone.remarks] == ["floating-ip-stays"]
    assert not any(isinstance(one, Delete) and one.kind == "floating IP" for one in gone.steps)


def test_a_vip_port_whose_description_was_written_over_stays_without_marks() -> None:
    everything = changed_port(made(), "web-vip", lambda one: replace(one, description="mine now"))
    gone = removal("web", by_name(everything, "web"))
    assert [one.code for one in gone.remarks] == ["vip-port-not-known"]
    (change,) = (
        one for one in gone.steps if isinstance(one, ChangePort) and one.label == "port web-vip"
    )
    assert change.description is None
    assert change.remove_tags == ("vipkeeper-vip", "vipkeeper:web")


def test_which_pair_was_ours_is_not_known_without_the_vip_port() -> None:
    everything = made(floating_ip=None)
    everything = replace(everything, ports=everything.ports[:-1])
    gone = removal("web", by_name(everything, "web"))
    assert [one.code for one in gone.remarks] == ["pair-not-known"] * 2
    assert VIP in gone.remarks[0].sentence
    first = gone.steps[0]
    assert isinstance(first, ChangePort)
    assert first.remove_pairs == ()


def test_a_pair_that_has_lost_its_mark_stays_and_that_is_said() -> None:
    everything = changed_port(
        made(), "test01", lambda one: replace(one, tags=("vipkeeper:web", "vipkeeper:web:if=eth0"))
    )
    (said,) = removal("web", by_name(everything, "web")).remarks
    assert said.code == "pair-stays"
    assert f"the pair {VIP} on the port of test01" in said.sentence
    assert f"ip-address={VIP},mac-address={TEST01.mac_address}" in said.remedy
