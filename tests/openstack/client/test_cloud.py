"""What is found in a cloud, by how many requests, and how failures are told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.labs import unused_name
from tests.openstack.cloud_state import state
from tests.openstack.connected import ADDRESS, SDK_WARNINGS, TIMEOUT_S, Connected, connected, web
from tests.openstack.faulty_proxy import Fault
from vipkeeper.errors import CloudError, UsageError
from vipkeeper.openstack import applying, marks, waiting
from vipkeeper.openstack.back_end import Kind, recognised
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.resources import Quota

pytestmark = SDK_WARNINGS

NOBODY = "http://127.0.0.1:9"
"""The discard port, where nobody listens."""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    with connected(tmp_path_factory.mktemp("clouds")) as there:
        yield there


@pytest.fixture
def cloud(there: Connected) -> Iterator[Cloud]:
    there.proxy.forget()
    with there.cloud() as cloud:
        cloud.authenticate()
        yield cloud


def names(things: Any) -> list[str]:
    return sorted(thing.name for thing in things)


def test_what_is_found_for_a_spec(cloud: Cloud, there: Connected) -> None:
    found = cloud.look(web(security_group="web"))
    assert found.project_id == there.member.project_id
    assert "member" in found.roles
    assert {"standard-attr-tag", "revision-if-match"} <= found.extensions
    assert names(found.networks) == ["int_net"]
    assert names(found.external_networks) == ["ext-private-net1"]
    assert names(found.subnets) == ["int_net-subnet"]
    assert names(found.ports) == names(found.servers) == ["test01", "test02"]
    assert {server.status for server in found.servers} == {"ACTIVE"}
    assert found.owners == ("network:dhcp", "network:router_interface")
    assert recognised(found.owners, found.extensions).kind is Kind.AGENTS
    assert names(found.groups) == ["web"]
    assert (found.neighbours, found.floating_ips, found.server_groups) == ((), (), ())
    assert found.quotas["floatingip"] == Quota(limit=50, used=3)
    (pair,) = next(port for port in found.ports if port.name == "test01").allowed_address_pairs
    assert pair.ip_address == "192.168.100.196"


def test_whoever_has_the_address_is_found(cloud: Cloud) -> None:
    found = cloud.look(web(addresses=["192.168.100.196"]))
    assert names(found.ports) == ["USER-vip", "test01", "test02"]


def test_members_may_be_ports_by_name_or_id(cloud: Cloud) -> None:
    ids = {port.name: port.id for port in cloud.look(web()).ports}
    spec = web(members=[{"port": "test01"}, {"port": ids["test02"]}])
    found = cloud.look(spec)
    assert names(found.ports) == names(found.servers) == ["test01", "test02"]
    servers = {server.name: server.id for server in found.servers}
    by_id = cloud.look(web(members=[{"server": "test01"}, {"server": servers["test02"]}]))
    assert set(by_id.ports) == set(found.ports)
    by_network = cloud.look(web(network=found.networks[0].id))
    assert by_network.networks == found.networks


def test_a_name_that_is_a_pattern_finds_only_itself(cloud: Cloud) -> None:
    assert cloud.look(web(members=[{"server": "test0."}, {"server": "TEST01"}])).servers == ()


def test_the_number_of_requests_does_not_grow(cloud: Cloud, there: Connected) -> None:
    """Neither with what there is in the cloud nor, but for Nova, with the members."""

    def requests(spec: Any) -> int:
        apart = cloud.apart()
        apart.look(spec)
        return apart.requests

    requests(web())  # discovery comes once
    few = requests(web(members=[{"port": "test01"}, {"port": "test02"}]))
    network = str(there.member.make("network", name="crowd")["id"])
    there.member.make("subnet", network_id=network, cidr="10.2.0.0/22", ip_version=4)
    ports = [{"network_id": network, "name": f"crowd{n}"} for n in range(200)]
    there.member.post("ports", {"ports": ports})
    members = [{"port": f"crowd{n}"} for n in range(40)]
    crowded = web(network="crowd", members=members, addresses=["10.2.3.250"])
    many = requests(crowded)
    assert len(cloud.look(crowded).ports) == 40
    # The two of the walkthrough have servers, which are asked for one by one.
    assert many == few - 2
    apart = cloud.apart()
    apart.inventory()
    apart.look_for("web")
    assert apart.requests <= 10


def test_a_virtual_ip_is_found_by_its_marks(cloud: Cloud, there: Connected) -> None:
    assert applying.apply(cloud, web()).is_in_place
    try:
        found = cloud.look_for("web")
        assert names(found.ports) == ["test01", "test02", "web-vip"]
        assert names(found.groups) == ["web-vip"]
        assert names(found.networks) == ["int_net"]
        assert names(found.servers) == ["test01", "test02"]
        (floating,) = found.floating_ips
        assert floating.fixed_ip_address == ADDRESS
        assert names(found.external_networks) == ["ext-private-net1"]
        (vip,) = [port for port in found.ports if marks.VIP_PORT in port.tags]
        assert cloud.look_for("we").ports == ()
        # Its tags were lost, or it was cut off before it had any: the description is there.
        there.member.put(f"ports/{vip.id}/tags", {"tags": []})
        assert names(cloud.look_for("web").ports) == ["test01", "test02", "web-vip"]
        assert applying.apply(cloud, web()).is_in_place
        listed = cloud.inventory()
        assert set(listed.ports) >= {port for port in found.ports if port.id != vip.id}
        assert names(listed.ports) == ["test01", "test02", "web-vip"]
        assert [one.id for one in listed.floating_ips] == [floating.id]
        assert names(listed.groups) == ["web-vip"]
        neighbour = cloud.look(web(name="other", addresses=[]))
        assert names(neighbour.neighbours) == ["web-vip"]
        assert names(neighbour.ports) == ["test01", "test02"]
    finally:
        assert applying.remove(cloud, "web").is_in_place


def test_a_virtual_ip_that_was_made_by_hand(cloud: Cloud) -> None:
    port, found = cloud.look_at_port("USER-vip")
    assert names(found.ports) == ["USER-vip", "test01", "test02"]
    assert names(found.servers) == ["test01", "test02"]
    assert {"vrrp", "web"} <= set(names(found.groups))
    assert [one.address for one in found.floating_ips] == ["99.88.128.171"]
    assert names(found.external_networks) == ["ext-private-net1"]
    assert cloud.look_at_port(port.id)[0] == port
    with pytest.raises(CloudError, match="cannot find the port nobody: there is none"):
        cloud.look_at_port("nobody")


def test_it_is_told_what_is_not_yet_so(cloud: Cloud, there: Connected) -> None:
    assert applying.apply(cloud, web()).is_in_place
    try:
        there.lab.stop("test02")
        with pytest.raises(CloudError) as caught:
            waiting.wait(cloud, web(), timeout_s=0.5)
        assert "after 0.5 s the port of test02 is DOWN, its server was SHUTOFF" in str(caught.value)
    finally:
        there.lab.start("test02")
        assert applying.remove(cloud, "web").is_in_place


def test_without_keystone(there: Connected) -> None:
    """As behind a proxy that lets everybody in (auth_type none), or Neutron's noauth."""
    there.proxy.forget()
    there.add_cloud(
        "open",
        auth_type="none",
        auth={"endpoint": f"{there.proxy.url}/network"},
        network_endpoint_override=None,
    )
    before = state(there.member)
    there.proxy.token = there.member.token
    try:
        with there.cloud("open") as cloud:
            found = cloud.look(web())
            assert (found.project_id, found.roles, found.quotas) == (None, frozenset(), {})
            assert names(found.ports) == ["test01", "test02"]
            outcome = applying.apply(cloud, web())
            assert outcome.error is None
            assert outcome.is_in_place
            assert len(cloud.inventory().ports) == 3
            assert applying.remove(cloud, "web").is_in_place
    finally:
        there.proxy.token = None
    assert state(there.member) == before


def failure(there: Connected, name: str) -> str:
    """How the first look fails, as it is printed."""
    with there.cloud(name) as cloud, pytest.raises(CloudError) as caught:
        cloud.look(web())
    return str(caught.value)


def auth(there: Connected, **values: str) -> dict[str, str]:
    return {
        "auth_url": f"{there.proxy.url}/identity/v3",
        "username": "lab",
        "password": there.lab.credentials()["passwords"]["lab"],
        "project_name": "lab",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        **values,
    }


def test_a_wrong_password_is_told(there: Connected) -> None:
    there.add_cloud("stranger", auth=auth(there, password="wrong"))
    told = failure(there, "stranger")
    first, remedy = told.split("\n")
    assert first.startswith("cannot authenticate: HTTP 401: The request you have made requires")
    assert first.endswith(")")
    assert "(req-" in first
    assert remedy == "  check the cloud's user, password and project: openstack token issue"


@pytest.mark.parametrize(
    ("url", "words", "remedy"),
    [
        (f"{NOBODY}/v3", f"to {NOBODY}/v3/auth/tokens: Connection refused", "check auth_url"),
        ("http://nowhere.invalid/v3", "auth/tokens: Name or service not known", "check auth_url"),
        ("https", "[SSL: WRONG_VERSION_NUMBER] wrong version number", "set cacert"),
        ("nonsense", "Could not find requested endpoint in Service Catalog.", "openstack catalog"),
    ],
)
def test_a_keystone_that_cannot_be_reached_is_told_at_once(
    there: Connected, url: str, words: str, remedy: str
) -> None:
    if url == "https":
        url = auth(there)["auth_url"].replace("http:", "https:")
    there.add_cloud("down", auth=auth(there, auth_url=url))
    told = failure(there, "down")
    first, advice = told.split("\n")
    assert first.startswith("cannot authenticate: ")
    assert words in first
    assert remedy in advice
    with there.cloud("down") as cloud:
        begun = time.monotonic()
        outcome = applying.apply(cloud, web())
    assert str(outcome.error) == told
    assert time.monotonic() - begun < 5


def test_a_service_that_is_not_there_is_told(there: Connected) -> None:
    there.add_cloud("elsewhere", region_name="Nowhere", network_endpoint_override=None)
    told = failure(there, "elsewhere")
    assert told.startswith("cannot list extensions: ")
    assert "network" in told.split("\n")[0]
    assert (
        told.split("\n")[1] == "  what the cloud has, and in which region: openstack catalog list"
    )


def test_a_cloud_without_nova_has_members_that_are_ports(there: Connected) -> None:
    there.add_cloud("portsonly", region_name="Nowhere", compute_endpoint_override=None)
    with there.cloud("portsonly") as cloud:
        found = cloud.look(web(members=[{"port": "test01"}, {"port": "test02"}]))
        assert names(found.ports) == ["test01", "test02"]
        assert found.servers == ()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.HANG, "timed out"),
        (Fault.CUT, "Connection reset by peer"),
        (Fault.GARBAGE, "HTTP 200: the answer is no JSON: 'Service Unavailable'"),
        (Fault.UNAVAILABLE, "HTTP 503: Service Unavailable"),
        (Fault.ERROR, "HTTP 500: 500, and nothing was done (req-injected)"),
    ],
)
def test_a_nova_that_fails_is_told(
    there: Connected, cloud: Cloud, fault: Fault, words: str
) -> None:
    there.proxy.choose = lambda asked: fault if asked.path.endswith("/servers/detail") else None
    begun = time.monotonic()
    with pytest.raises(CloudError) as caught:
        cloud.look(web())
    assert time.monotonic() - begun < TIMEOUT_S + 5
    assert str(caught.value).startswith("cannot list servers: ")
    assert words in str(caught.value)
    there.proxy.forget()


def test_no_request_is_repeated_whatever_clouds_yaml_says(there: Connected) -> None:
    there.add_cloud("eager", connect_retries=3, status_code_retries=3, network_connect_retries=3)
    with there.cloud("eager") as cloud:
        cloud.look(web())
        for fault in (Fault.CUT_AFTER, Fault.UNAVAILABLE, Fault.HANG_AFTER):
            there.proxy.forget()
            there.proxy.always(fault)
            with pytest.raises(CloudError):
                cloud.look(web())
            assert len(there.proxy.seen) == 1
    there.proxy.forget()


@pytest.mark.parametrize(
    ("text", "words", "remedy"),
    [
        (None, "Cloud mine was not found", "put clouds.yaml into one of"),
        ("clouds: {a: {auth: {}}, b: {auth: {}}}", "Cloud mine was not found", "name one of a, b:"),
        ("clouds: [a: {", "is no YAML", "mend the file"),
        ("clouds: [a]", "has no mapping 'clouds'", "mend the file"),
        (
            "clouds: {mine: {auth_type: magic}}",
            "The plugin magic could not be found",
            "one of mine",
        ),
        ("clouds: {mine: {}}", "requires parameters which were not given: auth_url", "one of mine"),
        (
            "clouds: {mine: {api_timeout: soon, auth: {auth_url: 'http://h', password: p}}}",
            "its configuration is not what it should be",
            "one of mine",
        ),
    ],
)
def test_what_is_wrong_with_the_configuration_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, words: str, remedy: str
) -> None:
    path = tmp_path / f"{unused_name('clouds')}.yaml"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    with pytest.raises(UsageError) as caught:
        Cloud.connect("mine")
    assert str(caught.value).startswith("the cloud mine cannot be used: ")
    assert words in caught.value.message
    assert remedy in caught.value.remedy
