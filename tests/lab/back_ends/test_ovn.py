"""OVN: the VIP's port is a virtual port, and who announces the VIP claims it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.back_ends.claims import claim, settle_claimed, virtual_port, wait_for_claim
from tests.lab.back_ends.scene import (
    BESIDE,
    BEYOND,
    FLOATING,
    NODES,
    OUTSIDE,
    VIP,
    called,
    never_answered,
    scene,
    serve,
    stop,
    wait_for_answer,
    wait_for_holders,
)
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with scene(BackEnd.OVN) as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    settle_claimed(shared)
    return shared


def test_each_claim_makes_the_next_one_wait_a_second_longer(shared: Lab) -> None:
    """ovn/controller/pinctrl.c since OVN 25.09 (9a30e0479): at most one a second, up to ten."""
    assert virtual_port(shared)["back_off"] == 0
    for number, node in enumerate(("test01", "test02", "test01"), 1):
        claim(shared, node)  # one that is too early is postponed
        assert virtual_port(shared)["back_off"] == number


def test_the_floating_ip_is_dead_until_the_virtual_port_is_claimed(shared: Lab) -> None:
    """ovn-northd(8), is_chassis_resident: a distributed floating IP is where its port is.

    Neutron makes it distributed with enable_distributed_floating_ip.
    """
    for node in NODES:  # whoever had claimed it is off, and has it no longer
        shared.reboot(node, hard=True)
        serve(shared, node)
    assert virtual_port(shared)["parent"] is None
    shared.run("test01", ["ip", "address", "add", f"{VIP}/24", "dev", "eth0"], check=True)
    never_answered(shared, OUTSIDE, FLOATING)
    claim(shared, "test01")
    wait_for_answer(shared, OUTSIDE, "test01", FLOATING)
    shared.run("test01", ["ip", "address", "delete", f"{VIP}/24", "dev", "eth0"], check=True)


def test_an_answer_to_arp_claims_it_too(lab: Lab) -> None:
    """northd.c: arp.op == 2 && arp.spa == VIP has the action bind_vport as well."""
    stop(lab, *NODES)
    lab.poweroff("test01")
    wait_for_claim(lab, None)
    lab.run("test02", ["ip", "address", "add", f"{VIP}/24", "dev", "eth0"], check=True)
    wait_for_answer(lab, BESIDE, "test02")
    wait_for_claim(lab, "test02")
    wait_for_answer(lab, OUTSIDE, "test02", FLOATING)
    lab.run("test02", ["ip", "address", "delete", f"{VIP}/24", "dev", "eth0"], check=True)


def test_a_failover_takes_the_virtual_port_along(lab: Lab) -> None:
    """ovn-northd(8), "Static MAC bindings": the VIP has its virtual parent's MAC address."""
    stop(lab, "test01")
    wait_for_claim(lab, "test02")
    for caller, address in ((OUTSIDE, FLOATING), (BEYOND, VIP), (BESIDE, VIP)):
        wait_for_answer(lab, caller, "test02", address)


def test_who_is_powered_off_has_the_virtual_port_no_longer(lab: Lab) -> None:
    """ovn/controller/binding.c, consider_virtual_lport: it is on no host without its parent."""
    stop(lab, "test02")
    lab.poweroff("test01")
    wait_for_claim(lab, None)
    assert called(lab, OUTSIDE, FLOATING) in ("7", "28")


def test_an_announcement_by_the_backup_steals_the_vip(lab: Lab) -> None:
    """``arping -S VIP`` is enough (northd.c, bind_vport): the router then sends to the backup.

    The neighbours in the network have believed it too, but they ask again, the router never.
    """
    claim(lab, "test02")
    wait_for_holders(lab, "test01")
    never_answered(lab, OUTSIDE, FLOATING)
    never_answered(lab, BEYOND)
    claim(lab, "test01")
    wait_for_answer(lab, OUTSIDE, "test01", FLOATING)
