"""DVR: who is called through a distributed router has the MAC address that Neutron wrote last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.back_ends.scene import (
    BESIDE,
    BEYOND,
    FLOATING,
    OUTSIDE,
    OWN,
    VIP,
    VRRP,
    announce,
    never_answered,
    rules,
    scene,
    settle,
    stop,
    wait_for_answer,
    wait_for_holders,
)
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab
from vipkeeper.lab.ports import AddressPair


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with scene(BackEnd.DVR) as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    settle(shared)
    return shared


def write(lab: Lab, port: str) -> None:
    """Change a port's pairs and back: it is the last writer."""
    lab.update_port(port, allowed_address_pairs=[])
    lab.update_port(port, allowed_address_pairs=[AddressPair(VIP)])


def test_the_last_written_port_has_the_vip_whoever_holds_it(lab: Lab) -> None:
    """LP#1774459: permanent entries for single addresses, in the order of the API's writes."""
    write(lab, "test02")
    wait_for_holders(lab, "test01")
    never_answered(lab, BEYOND)
    write(lab, "test01")
    wait_for_answer(lab, BEYOND, "test01")


def test_after_a_failover_the_router_is_still_at_the_old_mac_address(lab: Lab) -> None:
    """LP#1774459: an announcement does not change a permanent entry (and "reachable" ones were
    reverted, LP#1608400, LP#1773999)."""
    write(lab, "test01")
    wait_for_answer(lab, BEYOND, "test01")
    stop(lab, "test01")
    wait_for_answer(lab, BESIDE, "test02")
    announce(lab, "test02")
    never_answered(lab, BEYOND)
    write(lab, "test02")
    wait_for_answer(lab, BEYOND, "test02")


def test_the_floating_ip_of_a_port_without_instance_is_centralised_and_moves(lab: Lab) -> None:
    """It is in the snat namespace of a network node, where ARP is asked.

    Permanent entries are written into the qrouter namespaces alone
    (neutron/agent/l3/dvr_local_router.py, _update_arp_entry; dvr_edge_router.py).
    """
    write(lab, "test01")
    wait_for_answer(lab, OUTSIDE, "test01", FLOATING)
    stop(lab, "test01")
    wait_for_answer(lab, OUTSIDE, "test02", FLOATING)


def test_a_pair_with_a_wide_prefix_is_not_written(lab: Lab) -> None:
    """neutron/db/l3_dvrscheduler_db.py, _get_allowed_address_pair_fixed_ips: one address only.

    So that with a prefix, and the VIP's port unbound (LP#1869887), the router asks by ARP.
    """
    for node in OWN:
        lab.update_port(node, allowed_address_pairs=[AddressPair("192.168.100.192/27")])
    wait_for_answer(lab, BEYOND, "test01")
    stop(lab, "test01")
    wait_for_answer(lab, BEYOND, "test02")


def test_the_ports_are_filtered_as_ovs_does(lab: Lab) -> None:
    """The same agent: multicast adverts need no rule (LP#1889631)."""
    lab.update_security_group("vrrp", rules())
    wait_for_holders(lab, "test01")
    wait_for_answer(lab, BESIDE, "test01")
    lab.update_security_group("vrrp", rules(VRRP))
