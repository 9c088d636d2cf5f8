"""linuxbridge: ebtables and iptables, each port by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with scene(BackEnd.LINUXBRIDGE) as lab:
        yield lab


@pytest.fixture
def lab(shared: Lab) -> Lab:
    settle(shared)
    return shared


def test_multicast_adverts_need_the_rule(lab: Lab) -> None:
    """config-ovsfwdriver.rst: 224.0.0.X is blocked by iptables unless a rule lets it in."""
    lab.update_security_group("vrrp", rules())
    stop(lab, *NODES)
    start(lab, *NODES)
    wait_for_holders(lab, *NODES)
    assert dropped(lab, "test02", "no-ingress-rule") > 0
    lab.update_security_group("vrrp", rules(VRRP))
    wait_for_holders(lab, "test01")


def test_the_vip_moves_for_all_callers(lab: Lab) -> None:
    """router_rules.py of a legacy router: it asks by ARP, and believes the announcement."""
    for node in NODES:
        for caller, address in ((OUTSIDE, FLOATING), (BEYOND, VIP), (BESIDE, VIP)):
            wait_for_answer(lab, caller, node, address)
        stop(lab, node)


def test_without_the_pair_the_answer_to_arp_is_dropped(lab: Lab) -> None:
    """arp_protect.py, chain neutronARP: the sender is in the fixed IPs and pairs, or dropped."""
    lab.update_port("test01", allowed_address_pairs=[])
    before = dropped(lab, "test01", "arp-spoofing")
    assert called(lab, BESIDE) in ("7", "28")
    assert dropped(lab, "test01", "arp-spoofing") > before


def test_arp_may_come_from_any_of_the_ports_mac_addresses(lab: Lab) -> None:
    """arp_protect.py: MAC and sender are in chains apart. iptables_firewall.py,
    _build_ipv4v6_mac_ip_list, wants them together, so that ARP works and IP does not."""
    lab.update_port("test01", allowed_address_pairs=[AddressPair(VIP, VIRTUAL_MAC)])
    arp, ip = (dropped(lab, "test01", reason) for reason in ("arp-spoofing", "ip-spoofing"))
    assert called(lab, BESIDE) == "28"
    assert dropped(lab, "test01", "arp-spoofing") == arp
    assert dropped(lab, "test01", "ip-spoofing") > ip


def test_the_vip_is_a_member_of_its_holders_groups(lab: Lab) -> None:
    """neutron/db/securitygroups_rpc_base.py, _select_ips_for_remote_group: with its pairs."""
    wait_for_holders(lab, "test01")
    ping = ["ping", "-c1", "-W2", "-I", VIP, "192.168.100.13"]
    assert lab.run("test01", ping).returncode == 0


def test_a_floating_ip_needs_no_port_security(lab: Lab) -> None:
    """The L3 agent asks nobody where the VIP's port is (unlike OVN)."""
    for node in NODES:
        lab.update_port(
            node, allowed_address_pairs=[], security_groups=[], port_security_enabled=False
        )
    wait_for_answer(lab, OUTSIDE, "test01", FLOATING)
