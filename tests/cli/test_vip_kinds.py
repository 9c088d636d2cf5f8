"""Each kind of virtual IP once, by the commands: applied, changed, destroyed without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.openstack.cloud_state import state
from tests.openstack.typed import Typed, terminal

# A start of the client costs a second of CPU, and the machine may be busy.
pytestmark = pytest.mark.timeout(400)

MEMBERS = {"test01": 0x131, "test02": 0x132}
OF_BOTH: dict[str, Any] = {
    "name": "web",
    "network": "int_net",
    "members": list(MEMBERS),
    "ip": "dual",
}
OF_FOUR: dict[str, Any] = {"name": "web", "network": "int_net", "members": list(MEMBERS)}


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    """Both members have an IPv6 address as well."""
    with terminal(tmp_path_factory.mktemp("kinds")) as typed:
        (network,) = typed.member.get("networks?name=int_net")["networks"]
        subnet = typed.member.make(
            "subnet",
            network_id=network["id"],
            ip_version=6,
            cidr="fd00:100::/64",
            gateway_ip="fd00:100::1",
        )
        for name, number in MEMBERS.items():
            (port,) = typed.member.get(f"ports?name={name}")["ports"]
            six = {"subnet_id": subnet["id"], "ip_address": f"fd00:100::{number:x}"}
            typed.member.change("port", port["id"], fixed_ips=[*port["fixed_ips"], six])
        yield typed


def settled(typed: Typed, spec: dict[str, Any]) -> Any:
    """It is applied, and then there is nothing to do; what it has come to."""
    typed.write("web.yaml", yaml.safe_dump(spec))
    (done,) = typed.data("apply", "web.yaml")["virtual_ips"]
    assert done["done"], "it changes something"
    (planned,) = typed.data("plan", "web.yaml")["virtual_ips"]
    assert (planned["state"], planned["steps"]) == ("as-declared", [])
    return planned["deployment"]


def pairs(typed: Typed, name: str) -> list[tuple[str, str]]:
    (port,) = typed.member.get(f"ports?name={name}")["ports"]
    own = port["mac_address"]
    return sorted(
        (one["ip_address"], "own" if one["mac_address"] == own else one["mac_address"])
        for one in port["allowed_address_pairs"]
    )


KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "of both families, at addresses of the cloud's choice, then with a virtual MAC": (
        OF_BOTH,
        {**OF_BOTH, "vrrp": {"virtual_mac": True, "vrid": 52}},
    ),
    "VRRPv2 with a password, in a group that is there, then in its own": (
        {**OF_FOUR, "security_group": "ssh", "vrrp": {"authentication": {"password": "secret"}}},
        {**OF_FOUR, "vrrp": {"authentication": {"type": "ah", "password": "secret"}}},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_applied_changed_and_leaves_no_trace(typed: Typed, kind: str) -> None:
    before = state(typed.member)
    first, changed = KINDS[kind]
    there = settled(typed, first)
    now = settled(typed, changed)
    kept = {one["family"]: one["address"] for one in there["addresses"]}
    assert all(kept[one["family"]] == one["address"] for one in now["addresses"])
    wanted = [(one["address"], "own") for one in now["addresses"]]
    if 6 in [one["family"] for one in now["addresses"]]:
        wanted.append((f"fe80::{now['vrrp']['vrid']:x}", "own"))
    if now["vrrp"]["virtual_mac"]:
        octets = {True: "00:00:5e:00:02:34", False: "00:00:5e:00:01:34"}
        wanted += [(address, octets[":" in address]) for address, _ in wanted]
    assert pairs(typed, "test01") == sorted(wanted)
    typed.data("destroy", "web")
    assert state(typed.member) == before


def test_members_get_their_servers_later_apart_from_each_other(typed: Typed) -> None:
    before = state(typed.member)
    (network,) = typed.member.get("networks?name=int_net")["networks"]
    names = ("later01", "later02")
    ports = [typed.member.make("port", name=name, network_id=network["id"])["id"] for name in names]
    spec = {
        "name": "web",
        "network": "int_net",
        "members": [{"port": name} for name in names],
        "anti_affinity": True,
    }
    group = settled(typed, spec)["server_group_id"]
    how = ("--flavor", "m1.tiny", "--image", "debian-12", "--hint", f"group={group}", "--wait")
    making = [
        typed.start("openstack", "server", "create", *how, "--port", name, name) for name in names
    ]
    for process in making:
        _, errors = process.communicate(timeout=90)
        assert process.returncode == 0, errors
    (planned,) = typed.data("plan", "web.yaml")["virtual_ips"]
    assert (planned["state"], planned["deployment"]["server_group_id"]) == ("as-declared", group)
    assert "not-in-server-group" not in [one["code"] for one in planned["remarks"]]
    assert [one["name"] for one in planned["deployment"]["members"]] == list(names)

    settled(typed, {**spec, "service_ports": [80]})
    typed.data("destroy", "web")
    typed.openstack("server", "delete", "--wait", *names)
    for id in ports:
        typed.member.delete(f"ports/{id}")
    assert state(typed.member) == before
