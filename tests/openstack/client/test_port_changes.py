"""What a port has is merged with, never replaced: two that write at once lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import openstack
import pytest
from openstack.exceptions import PreconditionFailedException

from tests.lab.api.rest import EMPTY, Rest
from tests.openstack.connected import SDK_WARNINGS, Connected, connected
from tests.openstack.faulty_proxy import Fault
from vipkeeper.errors import CloudError
from vipkeeper.openstack import marks
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.client.cloud_errors import is_transient
from vipkeeper.openstack.client.port_changes import TRIES
from vipkeeper.openstack.plans.steps import ChangePort, Made, Step, VipPair
from vipkeeper.openstack.resources import AddressPair

pytestmark = [*SDK_WARNINGS, pytest.mark.timeout(400)]

ROUNDS = 20
OURS, FOREIGN = "10.1.0.200", "10.1.0.201"
TAG = marks.member_tag("web", "priority=100")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    with connected(tmp_path_factory.mktemp("clouds"), EMPTY) as there:
        yield there


@pytest.fixture(scope="module")
def network(there: Connected) -> str:
    id = str(there.member.make("network", name="net")["id"])
    there.member.make("subnet", network_id=id, cidr="10.1.0.0/24", ip_version=4)
    return id


@pytest.fixture
def port(there: Connected, network: str) -> Iterator[dict[str, Any]]:
    there.proxy.forget()
    port = there.member.make("port", network_id=network, name="node")
    yield port
    there.member.delete(f"ports/{port['id']}")


@pytest.fixture
def cloud(there: Connected) -> Iterator[Cloud]:
    with there.cloud() as cloud:
        yield cloud


def carry_out(cloud: Cloud, step: Step) -> None:
    cloud.carry_out(step, Made(addresses={4: ip_address(OURS)}))


def pairs(member: Rest, id: str) -> list[tuple[str, str]]:
    shown = member.show("port", id)["allowed_address_pairs"]
    return [(pair["ip_address"], pair["mac_address"]) for pair in shown]


def test_a_pair_is_added_to_those_that_are_there(
    there: Connected, cloud: Cloud, port: dict[str, Any]
) -> None:
    id, mac = port["id"], port["mac_address"]
    foreign = [{"ip_address": FOREIGN, "mac_address": mac.upper()}, {"ip_address": "10.9.0.0/16"}]
    there.member.change("port", id, allowed_address_pairs=foreign)
    carry_out(cloud, ChangePort(id, "node", add_pairs=(VipPair(4),)))
    assert pairs(there.member, id) == [(FOREIGN, mac.upper()), ("10.9.0.0/16", mac), (OURS, mac)]

    gone = AddressPair(OURS, mac.upper())
    carry_out(cloud, ChangePort(id, "node", remove_pairs=(gone,)))
    assert pairs(there.member, id) == [(FOREIGN, mac.upper()), ("10.9.0.0/16", mac)]


def test_what_is_there_is_not_written_again(
    there: Connected, cloud: Cloud, port: dict[str, Any]
) -> None:
    id, mac = port["id"], port["mac_address"]
    written = [{"ip_address": OURS, "mac_address": mac.upper()}]
    there.member.change("port", id, allowed_address_pairs=written)
    there.proxy.forget()
    step = ChangePort(
        id, "node", add_pairs=(VipPair(4),), add_groups=tuple(port["security_groups"])
    )
    carry_out(cloud, step)
    asked = [one.method for one in there.proxy.seen if one.path.startswith("/network/v2.0/")]
    assert asked == ["GET"]
    assert pairs(there.member, id) == [(OURS, mac.upper())]


def test_an_address_with_its_prefix_length_is_another_pair(
    there: Connected, cloud: Cloud, port: dict[str, Any]
) -> None:
    id = port["id"]
    there.member.change("port", id, allowed_address_pairs=[{"ip_address": f"{OURS}/32"}])
    carry_out(cloud, ChangePort(id, "node", add_pairs=(VipPair(4),)))
    assert [address for address, _ in pairs(there.member, id)] == [f"{OURS}/32", OURS]


def test_tags_come_and_go_one_by_one(there: Connected, cloud: Cloud, port: dict[str, Any]) -> None:
    """They have colons and equals signs, some a dot, after which Neutron sees a format."""
    id = port["id"]
    there.member.put(f"ports/{id}/tags", {"tags": ["theirs"]})
    odd = "vipkeeper:web.prod:if=a b%41.100"
    for _ in range(2):
        carry_out(cloud, ChangePort(id, "node", add_tags=(TAG, odd)))
        assert sorted(there.member.show("port", id)["tags"]) == sorted(["theirs", TAG, odd])
    for _ in range(2):
        carry_out(cloud, ChangePort(id, "node", remove_tags=(TAG, odd)))
        assert there.member.show("port", id)["tags"] == ["theirs"]
    assert f"/ports/{id}/tags/{TAG.replace(':', '%3A').replace('=', '%3D')}" in [
        one.path.removeprefix("/network/v2.0") for one in there.proxy.seen
    ]


def test_tags_come_first_and_go_last(there: Connected, cloud: Cloud, port: dict[str, Any]) -> None:
    id = port["id"]
    default = port["security_groups"][0]
    tag, pair = (TAG,), AddressPair(OURS, port["mac_address"])
    for step in (
        ChangePort(id, "node", add_pairs=(pair,), add_tags=tag),
        ChangePort(id, "node", remove_pairs=(pair,), remove_groups=(default,), remove_tags=tag),
    ):
        there.proxy.forget()
        carry_out(cloud, step)
        asked = [
            f"{one.method} {'tag' if 'tags' in one.path else 'port'}"
            for one in there.proxy.seen
            if one.path.startswith("/network/v2.0/")
        ]
        if step.add_tags:
            assert asked == ["PUT tag", "GET port", "PUT port"]
        else:
            assert asked == ["GET port", "PUT port", "DELETE tag"]
    shown = there.member.show("port", id)
    assert (shown["allowed_address_pairs"], shown["security_groups"]) == ([], [])


def test_two_that_write_at_once_lose_nothing(
    there: Connected, cloud: Cloud, port: dict[str, Any]
) -> None:
    """One is vipkeeper; the other one does as users of the SDK do, with the revision."""
    id = port["id"]
    mine = (AddressPair(OURS, port["mac_address"]),)
    theirs = {"ip_address": FOREIGN, "mac_address": port["mac_address"]}
    refused = 0

    def other(sdk: Any, *, there_afterwards: bool) -> int:
        for attempt in range(100):
            seen = sdk.network.get_port(id)
            wanted = [pair for pair in seen.allowed_address_pairs if pair != theirs]
            wanted += [theirs] if there_afterwards else []
            try:
                sdk.network.update_port(
                    id, if_revision=seen.revision_number, allowed_address_pairs=wanted
                )
            except PreconditionFailedException:
                continue
            return attempt
        raise AssertionError("never came through")

    with ThreadPoolExecutor(2) as pool, closing(sdk_of(there)) as sdk:
        for _ in range(ROUNDS):
            for step, added in (
                (ChangePort(id, "node", add_pairs=mine), True),
                (ChangePort(id, "node", remove_pairs=mine), False),
            ):
                one = pool.submit(carry_out, cloud, step)
                two = pool.submit(other, sdk, there_afterwards=added)
                one.result()
                refused += two.result()
                left = {address for address, _ in pairs(there.member, id)}
                assert left == ({OURS, FOREIGN} if added else set())
    ours = (
        sum((one.method, one.path.endswith(id)) == ("PUT", True) for one in there.proxy.seen)
        - 2 * ROUNDS
    )
    assert refused + ours > 0, "they never met"


def test_who_never_comes_through_says_so(
    there: Connected, cloud: Cloud, port: dict[str, Any]
) -> None:
    there.proxy.choose = lambda asked: Fault.PRECONDITION if asked.method == "PUT" else None
    with pytest.raises(CloudError, match="cannot change the node: HTTP 412") as caught:
        carry_out(cloud, ChangePort(port["id"], "node", add_pairs=(VipPair(4),)))
    assert is_transient(caught.value)
    assert sum(one.method == "PUT" for one in there.proxy.seen) == TRIES


def sdk_of(there: Connected) -> Any:
    credentials = there.lab.credentials()
    return openstack.connect(
        region_name="RegionOne",
        auth={
            "auth_url": f"{credentials['url']}/identity/v3",
            "username": "lab",
            "password": credentials["passwords"]["lab"],
            "project_name": "lab",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
    )
