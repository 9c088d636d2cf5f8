"""Open vSwitch with its native firewall: what lets a VIP work there that fails elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.back_ends.scene import (
    BESIDE,
    BEYOND,
    BOUND_S,
    FLOATING,
    NODES,
    OUTSIDE,
    OWN,
    VIP,
    VIRTUAL_MAC,
    VRRP,
    called,
    dropped,
    rules,
    scene,
    settle,
    start,
    stop,
    wait_for_answer,
    wait_for_holders,
)
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab
from vipkeeper.lab.ports import AddressPair

UNICAST = "unicast_src_ip {own}\n    unicast_peer {{\n        {peer}\n    }}"


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with scene(BackEnd.OVS) as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    settle(shared)
    return shared


def adverts_heard(lab: Lab, node: str, number: int) -> str:
    """The next adverts that come in at a node, as tcpdump prints them."""
    listen = ["tcpdump", "-Z", "root", "-nn", f"-c{number}", "-Q", "in", "-i", "eth0"]
    return lab.run(node, [*listen, "proto", "112"], timeout=BOUND_S, check=True).stdout


def test_multicast_adverts_need_no_rule(lab: Lab) -> None:
    """LP#1889631: table 73 floods them by NORMAL; the fix was taken back (LP#1899967)."""
    lab.update_security_group("vrrp", rules())
    stop(lab, *NODES)
    start(lab, "test01")
    wait_for_holders(lab, "test01")
    start(lab, "test02")
    heard = adverts_heard(lab, "test02", 6)  # longer than it would wait for a silent MASTER
    assert heard.count(f"{OWN['test01']} >") == 6
    assert lab.holders(VIP) == ["test01"]
    wait_for_answer(lab, OUTSIDE, "test01", FLOATING)
    assert dropped(lab, "test02", "no-ingress-rule") == 0
    lab.update_security_group("vrrp", rules(VRRP))


def test_the_vip_moves_for_all_callers(lab: Lab) -> None:
    """Routers and neighbours ask by ARP, and believe the announcement."""
    for node in NODES:
        for caller, address in ((OUTSIDE, FLOATING), (BEYOND, VIP), (BESIDE, VIP)):
            wait_for_answer(lab, caller, node, address)
        stop(lab, node)


def test_a_floating_ip_needs_no_port_security(lab: Lab) -> None:
    """Whether the VIP's port is on any host is no matter to the L3 agent (unlike OVN)."""
    for node in NODES:
        lab.update_port(
            node, allowed_address_pairs=[], security_groups=[], port_security_enabled=False
        )
    wait_for_answer(lab, OUTSIDE, "test01", FLOATING)
    stop(lab, "test01")
    wait_for_answer(lab, OUTSIDE, "test02", FLOATING)


@pytest.mark.parametrize("pair", [f"{VIP}/32", "192.168.100.0/24"])
def test_a_pair_with_a_prefix_is_as_good(lab: Lab, pair: str) -> None:
    """openvswitch_firewall/firewall.py: nw_src and arp_spa are matched with a mask."""
    for node in NODES:
        lab.update_port(node, allowed_address_pairs=[AddressPair(pair)])
    wait_for_answer(lab, OUTSIDE, "test01", FLOATING)


def test_what_is_for_the_vip_gets_to_who_has_no_pair_and_the_answer_does_not_leave(
    lab: Lab,
) -> None:
    """Tables 71 and 60: the source is checked on the way out, no destination on the way in."""
    wait_for_answer(lab, BESIDE, "test01")
    lab.update_port("test01", allowed_address_pairs=[])
    mac = next(one["mac_address"] for one in lab.status()["ports"] if one["name"] == "test01")
    neighbour = ["ip", "neighbour", "replace", VIP, "lladdr", mac, "dev", "eth0"]
    lab.run("client03", [*neighbour, "nud", "permanent"], check=True)
    before = dropped(lab, "test01", "ip-spoofing")
    assert called(lab, BESIDE) == "28"
    assert dropped(lab, "test01", "ip-spoofing") > before
    assert dropped(lab, "test01", "destination-not-allowed") == 0
    lab.run("client03", ["ip", "neighbour", "delete", VIP, "dev", "eth0"], check=True)


def test_the_vip_is_a_member_of_its_holders_groups(lab: Lab) -> None:
    """neutron/db/securitygroups_rpc_base.py, _select_ips_for_remote_group: with its pairs."""
    wait_for_holders(lab, "test01")
    ping = ["ping", "-c1", "-W2", "-I", VIP, "192.168.100.13"]
    assert lab.run("test01", ping).returncode == 0


@pytest.fixture(scope="module")
def unicast() -> Iterator[Lab]:
    with scene(BackEnd.OVS, lines=UNICAST) as lab:
        yield lab


class TestUnicast:
    """A stateful group knows adverts as answers of one another."""

    def test_without_the_rule_both_are_master(self, unicast: Lab) -> None:
        """config-ovsfwdriver.rst: the exception is for 224.0.0.X only.

        test01 speaks to test02, who never hears it, and has not spoken to it itself so far.
        """
        unicast.update_security_group("vrrp", rules())
        start(unicast, "test01")
        wait_for_holders(unicast, "test01")
        before = dropped(unicast, "test02", "no-ingress-rule")
        start(unicast, "test02")
        wait_for_holders(unicast, *NODES)
        assert dropped(unicast, "test02", "no-ingress-rule") > before

    def test_where_one_side_has_the_rule_the_other_side_hears_too(self, unicast: Lab) -> None:
        """What goes one way is a connection, and what comes the other way is its answer.

        So a rule that is missing on one port cannot be seen while the connection is known
        (nf_conntrack_generic_timeout, 600 s without adverts). Between two hosts it takes no
        rule at all: each one's first advert is known to its own host.
        """
        unicast.update_security_group("vrrp", rules(VRRP))
        unicast.update_port("test01", security_groups=["web"])
        wait_for_holders(unicast, "test01")  # test02 hears it now
        wait_for_answer(unicast, OUTSIDE, "test01", FLOATING)
        before = dropped(unicast, "test01", "no-ingress-rule")
        assert before > 0
        unicast.run("test01", ["systemctl", "stop", "vrrp"], check=True)
        wait_for_holders(unicast, "test02")
        assert adverts_heard(unicast, "test01", 2).count(f"{OWN['test02']} >") == 2
        assert dropped(unicast, "test01", "no-ingress-rule") == before


def test_a_virtual_mac_address_moves() -> None:
    """firewall.py, table 60: what is for a pair's MAC address is delivered to all who have it."""
    with scene(BackEnd.OVS, lines="use_vmac") as lab:
        for node in NODES:
            pairs = [AddressPair(VIP, VIRTUAL_MAC), AddressPair(VIP)]
            lab.update_port(
                node, allowed_address_pairs=[*pairs, AddressPair(OWN[node], VIRTUAL_MAC)]
            )
        start(lab, *NODES)
        wait_for_holders(lab, "test01")
        wait_for_answer(lab, OUTSIDE, "test01", FLOATING)
        stop(lab, "test01")
        wait_for_answer(lab, OUTSIDE, "test02", FLOATING)
