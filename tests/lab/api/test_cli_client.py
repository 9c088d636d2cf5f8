"""The ``openstack`` command over the lab's APIs. Each call takes seconds: no more than it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.api.rest import Rest
from vipkeeper.lab.client import Lab

Ended = subprocess.CompletedProcess[str]
OpenStack = Callable[..., Ended]

VIP = "10.44.0.201"
DUPLICATE = "Request contains duplicate address pair"


@pytest.fixture(scope="module")
def openstack(empty_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> OpenStack:
    """Runs ``openstack`` as the lab's member, who has no other cloud."""
    credentials = empty_lab.credentials()
    home = tmp_path_factory.mktemp("home")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "OS_AUTH_URL": f"{credentials['url']}/identity/v3",
        "OS_USERNAME": "lab",
        "OS_PASSWORD": credentials["passwords"]["lab"],
        "OS_PROJECT_NAME": "lab",
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_IDENTITY_API_VERSION": "3",
    }
    program = Path(sys.executable).with_name("openstack")

    def run(*words: str) -> Ended:
        return subprocess.run(
            [program, *words],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="module", autouse=True)
def _setting(member: Rest, admin: Rest) -> None:
    """A network behind a router, and a port on it."""
    public = admin.make("network", name="public", **{"router:external": True})["id"]
    admin.make("subnet", network_id=public, cidr="172.24.4.0/24", ip_version=4)
    network = member.make("network", name="net")["id"]
    subnet = member.make("subnet", network_id=network, cidr="10.44.0.0/24", ip_version=4)["id"]
    router = member.make("router", external_gateway_info={"network_id": public})["id"]
    member.put(f"routers/{router}/add_router_interface", {"subnet_id": subnet})
    member.make("port", network_id=network, name="node")
    member.make("security_group", name="vrrp")


def node(member: Rest) -> dict[str, Any]:
    (port,) = member.get("ports?name=node")["ports"]
    return dict(port)


def done(ended: Ended) -> Any:
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout) if ended.stdout else None


def failed(ended: Ended) -> str:
    assert ended.returncode == 1, ended.stdout
    return ended.stderr


def test_pairs_are_appended_one_is_unset_and_all_are_cleared(
    openstack: OpenStack, member: Rest
) -> None:
    mac = node(member)["mac_address"]
    add = ("port", "set", "--allowed-address", f"ip-address={VIP}", "node")
    done(openstack(*add))
    assert DUPLICATE in failed(openstack(*add))
    done(openstack("port", "set", "--allowed-address", "ip-address=10.44.0.202", "node"))
    pairs = [pair["ip_address"] for pair in node(member)["allowed_address_pairs"]]
    assert sorted(pairs) == [VIP, "10.44.0.202"]
    one = f"ip-address={VIP},mac-address={mac}"
    done(openstack("port", "unset", "--allowed-address", one, "node"))
    pairs = [pair["ip_address"] for pair in node(member)["allowed_address_pairs"]]
    assert pairs == ["10.44.0.202"]
    done(openstack("port", "set", "--no-allowed-address", "node"))
    assert node(member)["allowed_address_pairs"] == []


def test_port_security_goes_with_groups_and_pairs(openstack: OpenStack, member: Rest) -> None:
    off = ("port", "set", "--disable-port-security", "node")
    assert "Port has security group associated" in failed(openstack(*off))
    done(openstack(*off[:2], "--no-security-group", "--no-allowed-address", *off[2:]))
    port = node(member)
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])


def test_a_rule_for_vrrp_is_open_to_any(openstack: OpenStack) -> None:
    create = ("security", "group", "rule", "create", "-f", "json", "--protocol")
    made = done(openstack(*create, "vrrp", "vrrp"))
    assert made["protocol"] == "vrrp"
    assert made["remote_ip_prefix"] == "0.0.0.0/0"
    assert f"Rule id is {made['id']}" in failed(openstack(*create, "112", "vrrp"))


def test_a_virtual_ip_and_its_floating_ip(openstack: OpenStack) -> None:
    fixed = f"ip-address={VIP}"
    made = done(
        openstack("port", "create", "-f", "json", "--network", "net", "--fixed-ip", fixed, "vip")
    )
    assert made["fixed_ips"][0]["ip_address"] == VIP
    assert made["status"] == "DOWN"
    floating = done(openstack("floating", "ip", "create", "-f", "json", "--port", "vip", "public"))
    assert (floating["port_id"], floating["fixed_ip_address"]) == (made["id"], VIP)
    listed = done(openstack("floating", "ip", "list", "-f", "json"))
    assert [one["Floating IP Address"] for one in listed] == [floating["floating_ip_address"]]
    again = openstack("floating", "ip", "create", "--port", "vip", "public")
    assert "already has a floating IP on external network" in failed(again)


def test_what_is_not_there(openstack: OpenStack) -> None:
    assert "No Port found for nothing" in failed(openstack("port", "show", "nothing"))
    assert openstack("port", "nonsense").returncode == 2


def test_a_network_without_port_security_hands_that_on_to_its_ports(
    openstack: OpenStack, member: Rest
) -> None:
    done(openstack("network", "create", "--disable-port-security", "open", "-f", "json"))
    (network,) = member.get("networks?name=open")["networks"]
    assert network["port_security_enabled"] is False
    made = done(openstack("port", "create", "--network", "open", "free", "-f", "json"))
    assert made["port_security_enabled"] is False
    assert made["security_group_ids"] == []
    refused = openstack("port", "set", "--allowed-address", f"ip-address={VIP}", "free")
    assert "Port Security must be enabled" in failed(refused)
    done(openstack("port", "delete", "free"))
    done(openstack("network", "delete", "open"))
