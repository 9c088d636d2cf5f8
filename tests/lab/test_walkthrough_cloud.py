"""The default cloud does what the walkthrough saw, Debian's keepalived being the VRRP program."""

from __future__ import annotations

import re

import pytest

from tests.lab.labs import FLOATING_VIP, VIP, curl, running, wait_for_holders
from tests.topology import wait_until
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab


@pytest.mark.parametrize(
    ("address", "node"),
    [("99.88.128.203", "test01"), ("99.88.128.33", "test02"), (FLOATING_VIP, "test01")],
)
def test_floating_ip_answers_from_outside(lab: Lab, address: str, node: str) -> None:
    assert curl(lab, "client", address) == node


@pytest.mark.parametrize("caller", ["test01", "test02"])
def test_node_reaches_floating_vip_through_hairpin(lab: Lab, caller: str) -> None:
    assert curl(lab, caller, FLOATING_VIP) == "test01"


def test_own_address_is_dynamic_and_vip_is_secondary(lab: Lab) -> None:
    shown = lab.run("test01", ["ip", "address", "show", "eth0"], check=True).stdout
    assert "inet 192.168.100.131/24 brd 192.168.100.255 scope global dynamic eth0" in shown
    assert re.search(r"valid_lft 86\d{3}sec preferred_lft 86\d{3}sec", shown)
    assert f"inet {VIP}/24 brd 192.168.100.255 scope global secondary eth0" in shown
    assert VIP not in lab.run("test02", ["ip", "address"], check=True).stdout


def test_instance_learned_mtu_and_gateway(lab: Lab) -> None:
    assert "mtu 1450" in lab.run("test01", ["ip", "link", "show", "eth0"]).stdout
    route = lab.run("test01", ["ip", "route", "show", "default"]).stdout
    assert route.strip() == "default via 192.168.100.1 dev eth0"


def test_lease_is_renewed_without_touching_the_vip(lab: Lab) -> None:
    def renewals() -> int:
        journal = lab.run("test01", ["journalctl", "-u", "networking"], check=True).stdout
        return journal.count("lease of 192.168.100.131 obtained")

    before = renewals()
    lab.run("test01", ["pkill", "-USR1", "-f", "udhcpc --foreground"], check=True)
    wait_until(lambda: renewals() > before, what="the lease to be renewed")
    assert VIP in lab.run("test01", ["ip", "address"]).stdout


def test_router_learns_the_node_by_arp(lab: Lab) -> None:
    mac = next(port for port in lab.status()["ports"] if port["name"] == "test01")["mac_address"]
    lab.run("test02", ["ping", "-c1", "-W2", VIP], check=True)
    assert f"{VIP} dev eth0 lladdr {mac}" in lab.run("test02", ["ip", "neigh"]).stdout


def test_tcpdump_shows_the_advertisement(lab: Lab) -> None:
    command = ["timeout", "5", "tcpdump", "-c1", "-vv", "-nn", "-i", "eth0", "host", "224.0.0.18"]
    shown = " ".join(lab.run("test02", command).stdout.split())
    assert "IP (tos 0xc0, ttl 255" in shown
    assert (
        "192.168.100.131 > 224.0.0.18: VRRPv2, Advertisement, vrid 1, prio 100, authtype simple,"
        ' intvl 1s, length 20, addrs: 192.168.100.196 auth "password' in shown
    )


def test_journal_has_keepalived_lines_in_journalctl_format(lab: Lab) -> None:
    shown = lab.run("test01", ["journalctl", "-u", "keepalived", "--no-pager"], check=True).stdout
    pattern = (
        r"^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d test01 Keepalived_vrrp\[\d+\]:"
        r" \(vrrp_group_1\) Entering MASTER STATE$"
    )
    assert re.search(pattern, shown, re.MULTILINE), shown


def test_echo_service_says_which_node_answers(lab: Lab) -> None:
    probe = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3);"
        f"s.sendto(b'?', ({FLOATING_VIP!r}, 7007)); print(s.recv(99).decode())"
    )
    ended = lab.run("client", ["python", "-c", probe])
    assert ended.stdout.strip() == "?test01", ended.stderr


def test_failover_and_return() -> None:
    """Clean shutdown from within, as the walkthrough has it, then the start of the machine."""
    with running(spec_file.walkthrough().with_vrrp("keepalived", "test01", "test02")) as lab:
        wait_for_holders(lab, "test01")
        lab.run("test01", ["shutdown", "-h", "now"], check=True)
        wait_for_holders(lab, "test02")
        assert curl(lab, "client", FLOATING_VIP) == "test02"
        lab.start("test01")
        wait_for_holders(lab, "test01")
        wait_until(
            lambda: (
                "with higher priority 100, ours 50"
                in lab.run("test02", ["journalctl", "-u", "keepalived"]).stdout
            ),
            what="test02 to say why it gave way",
        )
        wait_until(lambda: curl(lab, "client", FLOATING_VIP) == "test01", what="test01's answer")


def test_poweroff_says_no_goodbye() -> None:
    with running(spec_file.walkthrough().with_vrrp("keepalived", "test01", "test02")) as lab:
        wait_for_holders(lab, "test01")
        lab.poweroff("test01")
        assert lab.holders(VIP) == []
        wait_for_holders(lab, "test02")
        said = lab.run("test02", ["journalctl"]).stdout
        assert "0 priority" not in said
        assert "Backup received priority 0 advertisement" not in said
