"""Ports and groups that are changed while the nodes run, as on a Neutron."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.lab.variants import FLOATING, VARIANTS, VIP, cloud
from tests.topology import wait_until
from vipkeeper.errors import LabError
from vipkeeper.lab.client import Lab
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroupRule, egress_to_anywhere

BOUND_S = 60.0
UNICAST = next(variant for variant in VARIANTS if variant.name == "20_unicast_112")
VRRP = SecurityGroupRule("ingress", protocol="112")


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    lab = Lab.up(cloud(UNICAST), name=f"changes-{os.getpid()}", owned=True)
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture
def lab(running: Lab) -> Lab:
    """The variant that works, with test01 as its one MASTER and the VIP reached."""
    running.update_security_group("vrrp", [*egress_to_anywhere(), VRRP])
    for node in ("test01", "test02"):
        running.update_port(node, allowed_address_pairs=[AddressPair(VIP)])
    wait_until(lambda: holders(running) == ["test01"], seconds=BOUND_S)
    wait_until(lambda: call(running) == "test01", seconds=BOUND_S)
    return running


def holders(lab: Lab) -> list[str]:
    return sorted(lab.holders(VIP))


def call(lab: Lab) -> str:
    command = ["curl", "-s", "-m", "1", f"http://{FLOATING}/"]
    return lab.run("client", command, timeout=BOUND_S).stdout.strip()


def dropped(lab: Lab, port: str, reason: str) -> int:
    (packets,) = (
        int(count["packets"])
        for count in lab.drops()
        if (count["port"], count["reason"]) == (port, reason)
    )
    return packets


def test_a_rule_that_is_taken_away_parts_the_nodes_although_they_were_talking(lab: Lab) -> None:
    before = dropped(lab, "test02", "no-ingress-rule")
    lab.update_security_group("vrrp", egress_to_anywhere())
    wait_until(lambda: holders(lab) == ["test01", "test02"], seconds=BOUND_S, what="split brain")
    assert dropped(lab, "test02", "no-ingress-rule") >= before + 3


def test_a_pair_that_is_taken_away_stops_the_vip_at_once_and_is_counted(lab: Lab) -> None:
    before = dropped(lab, "test01", "ip-spoofing")
    lab.update_port("test01", allowed_address_pairs=[])
    assert call(lab) == ""
    assert dropped(lab, "test01", "ip-spoofing") > before
    lab.update_port("test01", allowed_address_pairs=[AddressPair(VIP)])
    wait_until(lambda: call(lab) == "test01", seconds=BOUND_S)


def test_port_security_off_needs_no_pair(lab: Lab) -> None:
    lab.update_port(
        "test01", port_security_enabled=False, security_groups=[], allowed_address_pairs=[]
    )
    assert call(lab) == "test01"
    lab.update_port(
        "test01",
        port_security_enabled=True,
        security_groups=["web", "vrrp"],
        allowed_address_pairs=[AddressPair(VIP)],
    )
    assert call(lab) == "test01"


def test_a_change_that_cannot_be_leaves_all_as_it_was(lab: Lab) -> None:
    before = lab.status()["ports"]
    with pytest.raises(LabError, match="'nosuch'"):
        lab.update_port("test01", security_groups=["nosuch"])
    with pytest.raises(LabError, match=r"'192\.168\.100\.999' is not a valid IP address"):
        lab.update_port("test01", allowed_address_pairs=[AddressPair("192.168.100.999")])
    with pytest.raises(LabError, match="no port 'test09'"):
        lab.update_port("test09", security_groups=["web"])
    with pytest.raises(LabError, match="'nosuch'"):
        lab.update_security_group("vrrp", [replace(VRRP, remote_group="nosuch")])
    assert lab.status()["ports"] == before
    assert call(lab) == "test01"
