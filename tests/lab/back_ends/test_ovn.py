"""OVN: the VIP's port is a virtual port, and who announces the VIP claims it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.back_ends.scene import (
    BESIDE,
    BEYOND,
    BOUND_S,
    FLOATING,
    NODES,
    OUTSIDE,
    VIP,
    VIRTUAL_MAC,
    VRRP,
    announce,
    called,
    dropped,
    never_answered,
    rules,
    scene,
    serve,
    settle,
    start,
    stop,
    wait_for_answer,
    wait_for_holders,
)
from tests.topology import wait_until
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab
from vipkeeper.lab.ports import AddressPair


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with scene(BackEnd.OVN) as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    """The pair as it should be, test01 answering."""
    settle(shared)
    claim(shared, "test01")
    wait_for_answer(shared, OUTSIDE, "test01", FLOATING)
    return shared


def virtual_port(lab: Lab) -> dict[str, Any]:
    found = lab.status()["virtual_ports"]
    assert len(found) == 1, found
    first: dict[str, Any] = found[0]
    return first


def wait_for_claim(lab: Lab, parent: str | None) -> None:
    wait_until(
        lambda: virtual_port(lab)["parent"] == parent,
        seconds=BOUND_S,
        what=lambda: f"{parent} to have claimed the VIP's port: {virtual_port(lab)}",
    )


def claim(lab: Lab, node: str) -> None:
    """Announce the VIP, and wait until that counts."""
    if virtual_port(lab)["parent"] != node:
        announce(lab, node)
    wait_for_claim(lab, node)


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
