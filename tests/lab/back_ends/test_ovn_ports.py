"""OVN: what ports and groups let pass, and which VIP's port is no virtual port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.back_ends.claims import settle_claimed
from tests.lab.back_ends.scene import (
    BESIDE,
    BEYOND,
    FLOATING,
    NODES,
    OUTSIDE,
    VIP,
    VIRTUAL_MAC,
    VRRP,
    called,
    dropped,
    never_answered,
    rules,
    scene,
    start,
    stop,
    wait_for_answer,
    wait_for_holders,
)
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab
from vipkeeper.lab.ports import AddressPair


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with scene(BackEnd.OVN) as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    settle_claimed(shared)
    return shared


@pytest.mark.parametrize("pair", [f"{VIP}/32", "192.168.100.0/24"])
def test_a_pair_that_is_written_otherwise_makes_no_virtual_port(lab: Lab, pair: str) -> None:
    """doc/source/ovn/virtual_ips.rst, and the comparison of text in get_virtual_port_parents.

    In the VIP's own network it works, since all ask by ARP there. The router has the MAC
    address of the VIP's port for it, which is nowhere.
    """
    for node in NODES:
        lab.update_port(node, allowed_address_pairs=[AddressPair(pair)])
    assert lab.status()["virtual_ports"] == []
    wait_for_answer(lab, BESIDE, "test01")
    never_answered(lab, OUTSIDE, FLOATING)
    never_answered(lab, BEYOND, VIP)


def test_without_port_security_the_floating_ip_is_dead(lab: Lab) -> None:
    """yaook/k8s#659: no parents, no virtual port, and the floating IP's port is on no host."""
    for node in NODES:
        lab.update_port(
            node, allowed_address_pairs=[], security_groups=[], port_security_enabled=False
        )
    assert lab.status()["virtual_ports"] == []
    wait_for_answer(lab, BESIDE, "test01")
    never_answered(lab, OUTSIDE, FLOATING)


def test_what_is_for_the_vip_does_not_get_to_who_has_no_pair(lab: Lab) -> None:
    """ovn-nb(5), port_security: the destination is checked as well, unlike elsewhere."""
    lab.update_port("test01", allowed_address_pairs=[])
    before = dropped(lab, "test01", "destination-not-allowed")
    neighbour = ["ip", "neighbour", "replace", VIP, "lladdr", mac_of(lab, "test01")]
    lab.run("client03", [*neighbour, "dev", "eth0", "nud", "permanent"], check=True)
    assert called(lab, BESIDE) == "28"
    assert dropped(lab, "test01", "destination-not-allowed") > before
    lab.run("client03", ["ip", "neighbour", "delete", VIP, "dev", "eth0"], check=True)


def test_multicast_adverts_need_the_rule(lab: Lab) -> None:
    """eth.mcast skips the connections, not the ACLs: neutron_pg_drop is last."""
    lab.update_security_group("vrrp", rules())
    stop(lab, *NODES)
    start(lab, *NODES)
    wait_for_holders(lab, *NODES)
    lab.update_security_group("vrrp", rules(VRRP))
    wait_for_holders(lab, "test01")


def test_the_vip_is_no_member_of_its_holders_groups(lab: Lab) -> None:
    """northd.c, build_port_group_address_set: a group has its ports' addresses, not the pairs.

    It would be one if the VIP's own port were in the group.
    """
    from_vip = ["ping", "-c1", "-W1", "-I", VIP, "192.168.100.13"]
    assert lab.run("test01", ["ping", "-c1", "-W2", "192.168.100.13"]).returncode == 0
    assert lab.run("test01", from_vip).returncode != 0
    assert dropped(lab, "client03", "no-ingress-rule") > 0
    lab.update_port("USER-vip", security_groups=["vrrp"])
    assert lab.run("test01", from_vip).returncode == 0
    lab.update_port("USER-vip", security_groups=["default"])


def mac_of(lab: Lab, port: str) -> str:
    (mac,) = (one["mac_address"] for one in lab.status()["ports"] if one["name"] == port)
    return str(mac)


def test_a_virtual_mac_address_does_not_move() -> None:
    """ovn_client.py, get_allowed_addresses_from_port: the pair's MAC address is each port's own.

    One address of two logical ports leads to one of them, whoever speaks from it.
    """
    with scene(BackEnd.OVN, lines="use_vmac") as lab:
        for node in NODES:
            pairs = [AddressPair(VIP, VIRTUAL_MAC), AddressPair(VIP)]
            own = next(one for one in lab.status()["ports"] if one["name"] == node)["fixed_ip"]
            lab.update_port(node, allowed_address_pairs=[*pairs, AddressPair(own, VIRTUAL_MAC)])
        start(lab, *NODES)
        wait_for_holders(lab, "test01")
        wait_for_answer(lab, BESIDE, "test01")
        stop(lab, "test01")
        wait_for_holders(lab, "test02")
        never_answered(lab, BESIDE)
        # The router has the virtual parent's own MAC address, as ovn-northd(8) says.
        wait_for_answer(lab, OUTSIDE, "test02", FLOATING)
