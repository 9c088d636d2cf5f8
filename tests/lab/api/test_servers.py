"""Servers by Nova's API: what becomes of them is what becomes of the machine."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.lab.api.rest import EMPTY, Json, Rest
from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.lab.client import Lab

BOUND_S = 90.0

pytestmark = pytest.mark.timeout(300)


class Nova:
    """The compute service, as the member of the project."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._url = rest.url.removesuffix("/network") + "/compute/v2.1"

    def send(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        status, answer, _ = self._rest.send(method, f"{self._url}/{path}", body)
        return status, answer

    def done(self, method: str, path: str, body: Json = None) -> Json:
        status, answer = self.send(method, path, body)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def refused(self, method: str, path: str, body: Json = None) -> str:
        status, answer = self.send(method, path, body)
        assert status >= 400, answer
        ((name, error),) = answer.items()
        assert error["code"] == status
        return f"{status} {name}: {error['message']}"

    def create(self, name: str, **values: Json) -> str:
        image = {"imageRef": self.image(), "flavorRef": "1"}
        made = self.done("POST", "servers", {"server": {"name": name, **image, **values}})
        return str(made["server"]["id"])

    def image(self) -> str:
        url = self._url.removesuffix("/compute/v2.1") + "/image/v2/images?name=debian-12"
        status, answer, _ = self._rest.send("GET", url)
        assert status == 200
        return str(answer["images"][0]["id"])

    def server(self, id: str) -> Json:
        return self.done("GET", f"servers/{id}")["server"]

    def act(self, id: str, action: Json) -> Json:
        return self.done("POST", f"servers/{id}/action", action)

    def console(self, id: str, length: int | None = None) -> str:
        details = {} if length is None else {"length": length}
        return str(self.act(id, {"os-getConsoleOutput": details})["output"])

    def until(self, id: str, status: str) -> Json:
        def seen() -> str:
            return str(self.server(id)["status"])

        wait_until(lambda: seen() == status, seconds=BOUND_S, what=lambda: f"{status}: {seen()}")
        return self.server(id)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(EMPTY, what="servers") as lab:
        yield lab


@pytest.fixture(scope="module")
def member(lab: Lab) -> Iterator[Rest]:
    with closing(Rest(lab, "lab")) as rest:
        yield rest


@pytest.fixture(scope="module")
def nova(member: Rest) -> Nova:
    return Nova(member)


@pytest.fixture(scope="module")
def network(member: Rest) -> str:
    """A network with room for all of these tests' servers."""
    network = str(member.make("network", name="net")["id"])
    member.make("subnet", network_id=network, cidr="10.1.0.0/24", ip_version=4)
    return network


@pytest.fixture(scope="module")
def server(lab: Lab, nova: Nova, network: str) -> str:
    """One that runs, made on the network, its script done."""
    script = base64.b64encode(b"#!/bin/sh\necho told by user data > /var/told\n").decode()
    id = nova.create("one", networks=[{"uuid": network}], user_data=script)
    assert nova.server(id)["status"] in ("BUILD", "ACTIVE")
    nova.until(id, "ACTIVE")
    lab.run(id, ["cloud-init", "status", "--wait"], timeout=BOUND_S)
    return id


def test_a_server_on_a_network_gets_a_port_an_address_and_its_user_data(
    lab: Lab, nova: Nova, member: Rest, server: str
) -> None:
    (port,) = member.get(f"ports?device_id={server}")["ports"]
    assert port["device_owner"] == "compute:nova"
    assert port["status"] == "ACTIVE"
    address = port["fixed_ips"][0]["ip_address"]
    seen = nova.server(server)
    (shown,) = seen["addresses"]["net"]
    assert (shown["addr"], shown["OS-EXT-IPS:type"]) == (address, "fixed")
    assert seen["OS-EXT-STS:vm_state"] == "active"
    assert seen["OS-EXT-STS:power_state"] == 1
    assert seen["security_groups"] == [{"name": "default"}]
    assert address in lab.run(server, ["ip", "-4", "address"]).stdout
    assert lab.run(server, ["cat", "/var/told"]).stdout == "told by user data\n"
    assert lab.run("one", ["hostname"]).stdout == "one\n"


def test_the_console_shows_the_boot_and_what_cloud_init_said(nova: Nova, server: str) -> None:
    whole = nova.console(server)
    assert "Cloud-init v." in whole
    assert "one login:" in whole
    assert nova.console(server, 1).rstrip("\n") in whole
    assert len(nova.console(server, 2).splitlines()) == 2
    refusal = nova.refused(
        "POST", f"servers/{server}/action", {"os-getConsoleOutput": {"length": "many"}}
    )
    assert refusal.startswith("400 badRequest: ")


def test_stop_and_start(lab: Lab, nova: Nova, member: Rest, server: str) -> None:
    nova.act(server, {"os-stop": None})
    stopped = nova.until(server, "SHUTOFF")
    assert stopped["OS-EXT-STS:vm_state"] == "stopped"
    assert stopped["OS-EXT-STS:power_state"] == 4
    (port,) = member.get(f"ports?device_id={server}")["ports"]
    assert port["status"] == "DOWN"
    assert nova.refused("POST", f"servers/{server}/action", {"os-stop": None}) == (
        f"409 conflictingRequest: Cannot 'stop' instance {server} while it is in vm_state stopped"
    )
    nova.act(server, {"os-start": None})
    nova.until(server, "ACTIVE")
    # what it has in /var is as it was left
    assert lab.run(server, ["cat", "/var/told"]).stdout == "told by user data\n"
    assert nova.refused("POST", f"servers/{server}/action", {"os-start": None}) == (
        f"409 conflictingRequest: Cannot 'start' instance {server} while it is in vm_state active"
    )


@pytest.mark.parametrize("kind", ["SOFT", "HARD"])
def test_reboot(lab: Lab, nova: Nova, server: str, kind: str) -> None:
    # /run is new with every boot
    lab.run(server, ["touch", "/run/before"], check=True)
    nova.act(server, {"reboot": {"type": kind}})
    wait_until(lambda: nova.server(server)["OS-EXT-STS:task_state"] is None, seconds=BOUND_S)
    nova.until(server, "ACTIVE")
    assert lab.run(server, ["test", "-e", "/run/before"]).returncode == 1
    assert lab.run(server, ["cat", "/var/told"]).stdout == "told by user data\n"


def test_power_loss_is_seen(lab: Lab, nova: Nova, server: str) -> None:
    lab.poweroff(server)
    assert nova.server(server)["status"] == "SHUTOFF"
    nova.act(server, {"os-start": None})
    nova.until(server, "ACTIVE")


def test_who_shuts_down_from_within_is_off(lab: Lab, nova: Nova, server: str) -> None:
    lab.run(server, ["shutdown", "-h", "now"])
    nova.until(server, "SHUTOFF")
    nova.act(server, {"os-start": None})
    nova.until(server, "ACTIVE")


def test_an_interface_comes_and_goes(
    lab: Lab, nova: Nova, member: Rest, network: str, server: str
) -> None:
    port = member.make("port", network_id=network, name="second")
    path = f"servers/{server}/os-interface"
    attached = nova.done("POST", path, {"interfaceAttachment": {"port_id": port["id"]}})
    address = port["fixed_ips"][0]["ip_address"]
    assert attached["interfaceAttachment"]["mac_addr"] == port["mac_address"]
    assert member.show("port", port["id"])["device_id"] == server
    wait_until(
        lambda: address in lab.run(server, ["ip", "-4", "address", "show", "eth1"]).stdout,
        seconds=BOUND_S,
    )
    assert [one["port_id"] for one in nova.done("GET", path)["interfaceAttachments"]][1:] == [
        port["id"]
    ]
    assert nova.refused("POST", path, {"interfaceAttachment": {"port_id": port["id"]}}) == (
        f"409 conflictingRequest: Port {port['id']} is still in use."
    )
    nova.done("DELETE", f"{path}/{port['id']}")
    wait_until(
        lambda: lab.run(server, ["ip", "link", "show", "eth1"]).returncode != 0, seconds=BOUND_S
    )
    # a port that was there before is free again; one that was made for the server goes
    assert member.show("port", port["id"])["device_id"] == ""
    member.delete(f"ports/{port['id']}")
    made = nova.done("POST", path, {"interfaceAttachment": {"net_id": network}})
    own = made["interfaceAttachment"]["port_id"]
    nova.done("DELETE", f"{path}/{own}")
    assert member.refused("GET", f"ports/{own}").startswith("404 PortNotFound: ")


def test_a_port_that_is_deleted_is_unplugged(
    lab: Lab, nova: Nova, member: Rest, network: str, server: str
) -> None:
    port = member.make("port", network_id=network)
    path = f"servers/{server}/os-interface"
    nova.done("POST", path, {"interfaceAttachment": {"port_id": port["id"]}})
    wait_until(lambda: lab.run(server, ["ip", "link", "show", "eth1"]).returncode == 0)
    member.delete(f"ports/{port['id']}")
    wait_until(
        lambda: lab.run(server, ["ip", "link", "show", "eth1"]).returncode != 0, seconds=BOUND_S
    )
    assert len(nova.done("GET", path)["interfaceAttachments"]) == 1


def test_security_groups_are_those_of_its_ports(nova: Nova, member: Rest, server: str) -> None:
    group = member.make("security_group", name="web")["id"]
    nova.act(server, {"addSecurityGroup": {"name": "web"}})
    (port,) = member.get(f"ports?device_id={server}")["ports"]
    assert group in port["security_groups"]
    names = [one["name"] for one in nova.server(server)["security_groups"]]
    assert names == ["default", "web"]
    nova.act(server, {"removeSecurityGroup": {"name": "web"}})
    assert [one["name"] for one in nova.server(server)["security_groups"]] == ["default"]
    refusal = nova.refused(
        "POST", f"servers/{server}/action", {"removeSecurityGroup": {"name": "web"}}
    )
    assert refusal.startswith("400 badRequest: Security group web not associated")
    member.delete(f"security-groups/{group}")


def test_a_server_that_is_deleted_takes_its_port_along(
    lab: Lab, nova: Nova, member: Rest, network: str
) -> None:
    kept = member.make("port", network_id=network)["id"]
    id = nova.create("gone", networks=[{"uuid": network}, {"port": kept}])
    ports = {one["id"] for one in member.get(f"ports?device_id={id}")["ports"]}
    assert kept in ports
    assert len(ports) == 2
    nova.until(id, "ACTIVE")
    nova.done("DELETE", f"servers/{id}")
    assert nova.refused("GET", f"servers/{id}") == (
        f"404 itemNotFound: Instance {id} could not be found."
    )
    left = {one["id"] for one in member.get("ports")["ports"]}
    assert left & ports == {kept}
    assert id not in lab.instances()
    member.delete(f"ports/{kept}")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"flavorRef": "9"}, "400 badRequest: Flavor 9 could not be found."),
        ({"imageRef": ""}, "400 badRequest: Missing imageRef attribute"),
        ({"key_name": "none"}, "400 badRequest: Invalid key_name provided."),
        ({"user_data": "!"}, "400 badRequest: Invalid input for user_data. Reason: User data"),
        ({"networks": [{}]}, "400 badRequest: Bad networks format"),
        (
            {"networks": [{"uuid": "1b6c3bd1-8d4b-4f8b-8e0b-3e8f7c0a1d11"}]},
            "400 badRequest: Network 1b6c3bd1-8d4b-4f8b-8e0b-3e8f7c0a1d11 could not be found.",
        ),
        ({"name": ""}, "400 badRequest: Invalid input for name."),
        ({"min_count": 11, "max_count": 11}, "400 badRequest: Invalid input for min_count."),
    ],
)
def test_what_cannot_be_made_is_refused(
    nova: Nova, member: Rest, network: str, values: Json, words: str
) -> None:
    before = [one["id"] for one in member.get("ports")["ports"]]
    body = {"name": "x", "imageRef": nova.image(), "flavorRef": "1", "networks": "none", **values}
    assert nova.refused("POST", "servers", {"server": body}).startswith(words)
    assert [one["id"] for one in member.get("ports")["ports"]] == before


def test_another_projects_server_is_not_there(lab: Lab, server: str) -> None:
    with closing(Rest(lab, "admin")) as admin:
        every = Nova(admin).done("GET", "servers/detail?all_tenants=True")["servers"]
        assert server in [one["id"] for one in every]
        assert Nova(admin).done("GET", "servers/detail")["servers"] == []
        shown = Nova(admin).server(server)
        assert re.fullmatch(r"instance-[0-9a-f]{8}", shown["OS-EXT-SRV-ATTR:instance_name"])


def test_key_pairs(lab: Lab, nova: Nova, network: str) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPSgrJ0C4bXcQz4Hf5BXfAqkRpUWSCfZz0wXM8sP0J7a me"
    made = nova.done("POST", "os-keypairs", {"keypair": {"name": "mine", "public_key": key}})
    assert re.fullmatch(r"([0-9a-f]{2}:){15}[0-9a-f]{2}", made["keypair"]["fingerprint"])
    assert nova.refused(
        "POST", "os-keypairs", {"keypair": {"name": "mine", "public_key": key}}
    ) == ("409 conflictingRequest: Key pair 'mine' already exists.")
    assert nova.refused(
        "POST", "os-keypairs", {"keypair": {"name": "x", "public_key": "ssh-rsa"}}
    ).startswith("400 badRequest: Keypair data is invalid")
    id = nova.create("keyed", networks=[{"uuid": network}], key_name="mine")
    nova.until(id, "ACTIVE")
    lab.run(id, ["cloud-init", "status", "--wait"], timeout=BOUND_S)
    assert key in lab.run(id, ["cat", "/root/.ssh/authorized_keys"]).stdout
    nova.done("DELETE", f"servers/{id}")
    nova.done("DELETE", "os-keypairs/mine")
    assert nova.done("GET", "os-keypairs")["keypairs"] == []


def test_server_groups(nova: Nova) -> None:
    group = nova.done(
        "POST",
        "os-server-groups",
        {"server_group": {"name": "apart", "policies": ["anti-affinity"]}},
    )["server_group"]
    body = {
        "server": {
            "name": "member",
            "imageRef": nova.image(),
            "flavorRef": "1",
            "networks": "none",
        },
        "os:scheduler_hints": {"group": group["id"]},
    }
    id = nova.done("POST", "servers", body)["server"]["id"]
    shown = nova.done("GET", f"os-server-groups/{group['id']}")["server_group"]
    assert shown["members"] == [id]
    nova.done("DELETE", f"servers/{id}")
    nova.done("DELETE", f"os-server-groups/{group['id']}")
    bad = {"server_group": {"name": "x", "policies": ["friendly"]}}
    assert nova.refused("POST", "os-server-groups", bad).startswith("400 badRequest: ")


def test_flavors_are_an_admins_to_make(lab: Lab, nova: Nova) -> None:
    body = {"flavor": {"name": "big", "vcpus": 4, "ram": 8192, "disk": 10}}
    assert nova.refused("POST", "flavors", body).startswith("403 forbidden: Policy doesn't allow")
    with closing(Rest(lab, "admin")) as admin:
        made = Nova(admin).done("POST", "flavors", body)["flavor"]
        assert "big" in [one["name"] for one in nova.done("GET", "flavors/detail")["flavors"]]
        Nova(admin).done("DELETE", f"flavors/{made['id']}")
    assert nova.refused("GET", f"flavors/{made['id']}").startswith("404 itemNotFound: Flavor")


def test_metadata(nova: Nova, server: str) -> None:
    path = f"servers/{server}/metadata"
    assert nova.done("POST", path, {"metadata": {"a": "1", "b": "2"}}) == {
        "metadata": {"a": "1", "b": "2"}
    }
    assert nova.done("PUT", f"{path}/a", {"meta": {"a": "3"}}) == {"meta": {"a": "3"}}
    assert nova.server(server)["metadata"] == {"a": "3", "b": "2"}
    nova.done("DELETE", f"{path}/b")
    assert nova.refused("GET", f"{path}/b") == "404 itemNotFound: Metadata item was not found"
    assert nova.refused("PUT", f"{path}/a", {"meta": {"b": "3"}}).startswith("400 badRequest: ")
    assert nova.done("PUT", path, {"metadata": {}}) == {"metadata": {}}


def test_a_name_is_asked_for_by_a_regular_expression(nova: Nova, server: str) -> None:
    def found(pattern: str) -> bool:
        return server in [
            one["id"] for one in nova.done("GET", f"servers?name={pattern}")["servers"]
        ]

    name = str(nova.server(server)["name"])
    assert found(name[1:-1])
    assert found(f"^{name.upper()}$")
    assert found(f"^{name[:-1]}.$")
    assert not found(f"^{name[:-1]}$")
    assert not found(f"^({name}|other)$")  # Nova escapes it: nova/db/main/api.py
