"""openstacksdk over the lab's APIs: what it makes of answers and refusals, as with a real cloud."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import openstack
import pytest
from keystoneauth1 import exceptions as keystone
from openstack.connection import Connection
from openstack.exceptions import (
    BadRequestException,
    ConfigException,
    ConflictException,
    DuplicateResource,
    ForbiddenException,
    NotFoundException,
    PreconditionFailedException,
)

from tests.topology import wait_until
from vipkeeper.lab.client import Lab

# It warns of what it does itself at each connection and call.
pytestmark = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]

Sdk = Any
"""openstacksdk's classes are not typed."""
NULL_ID = "00000000-0000-0000-0000-000000000000"


def connect(lab: Lab, user: str, **auth: str) -> Sdk:
    credentials = lab.credentials()
    return openstack.connect(
        region_name="RegionOne",
        auth={
            "auth_url": f"{credentials['url']}/identity/v3",
            "username": user,
            "password": credentials["passwords"][user],
            "project_name": user,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
            **auth,
        },
    )


@pytest.fixture(scope="module")
def cloud(empty_lab: Lab) -> Iterator[Sdk]:
    with closing(connect(empty_lab, "lab")) as connection:
        yield connection


@pytest.fixture(scope="module")
def admin_cloud(empty_lab: Lab) -> Iterator[Sdk]:
    with closing(connect(empty_lab, "admin")) as connection:
        yield connection


@pytest.fixture(scope="module")
def network(cloud: Sdk) -> Sdk:
    network = cloud.network.create_network(name="net")
    cloud.network.create_subnet(network_id=network.id, cidr="10.66.0.0/24", ip_version=4)
    return network


@pytest.fixture
def port(cloud: Sdk, network: Sdk) -> Iterator[Sdk]:
    port = cloud.network.create_port(network_id=network.id, name="p")
    yield port
    cloud.network.delete_port(port.id)


def test_who_is_connected(cloud: Sdk) -> None:
    assert isinstance(cloud, Connection)
    assert cloud.current_project_id
    assert cloud.current_project.name == "lab"


def test_an_address_that_is_taken(cloud: Sdk, network: Sdk, port: Sdk) -> None:
    fixed = port.fixed_ips[0]
    with pytest.raises(ConflictException) as caught:
        cloud.network.create_port(
            network_id=network.id, fixed_ips=[{"ip_address": fixed["ip_address"]}]
        )
    details = f"IP address {fixed['ip_address']} already allocated in subnet {fixed['subnet_id']}"
    assert (caught.value.status_code, caught.value.details) == (409, details)
    url = f"{cloud.network.get_endpoint()}/ports"
    assert str(caught.value) == f"ConflictException: 409: Client Error for url: {url}, {details}"


@pytest.mark.parametrize(
    ("pairs", "details"),
    [
        (
            [{"ip_address": "1.1.1.1"}, {"ip_address": "1.1.1.1"}],
            "Request contains duplicate address pair: mac_address None ip_address 1.1.1.1.",
        ),
        (
            [{"ip_address": "1.1.1.1", "mac_address": "zz"}],
            "'zz' is not a valid MAC address",
        ),
    ],
)
def test_pairs_that_are_refused(
    cloud: Sdk, port: Sdk, pairs: list[dict[str, str]], details: str
) -> None:
    with pytest.raises(BadRequestException) as caught:
        cloud.network.update_port(port.id, allowed_address_pairs=pairs)
    assert (caught.value.status_code, caught.value.details) == (400, details)
    assert cloud.network.get_port(port.id).allowed_address_pairs == []


def test_a_failed_change_is_sent_again_with_the_same_object(cloud: Sdk, port: Sdk) -> None:
    """The trap: an object keeps what was refused. Ids do not."""
    with pytest.raises(BadRequestException):
        cloud.network.update_port(port, allowed_address_pairs=[{"ip_address": "x"}])
    with pytest.raises(BadRequestException):
        cloud.network.update_port(port, name="other")
    assert cloud.network.update_port(port.id, name="other").name == "other"


def test_pairs_are_replaced_and_read_back(cloud: Sdk, port: Sdk) -> None:
    wanted = [{"ip_address": "10.66.0.9"}]
    for _ in range(2):
        changed = cloud.network.update_port(port.id, allowed_address_pairs=wanted)
        filled_in = [{"ip_address": "10.66.0.9", "mac_address": port.mac_address}]
        assert changed.allowed_address_pairs == filled_in
    assert cloud.network.get_port(port.id).allowed_address_pairs == filled_in


def test_a_port_that_is_not_there(cloud: Sdk) -> None:
    with pytest.raises(NotFoundException) as caught:
        cloud.network.get_port(NULL_ID)
    assert caught.value.details == f"Port {NULL_ID} could not be found."
    assert cloud.network.find_port("nothing of that name") is None
    assert cloud.network.find_port(NULL_ID) is None
    with pytest.raises(NotFoundException):
        cloud.network.delete_port(NULL_ID, ignore_missing=False)


def test_things_are_found_by_name_and_by_id(cloud: Sdk, network: Sdk, port: Sdk) -> None:
    assert cloud.network.find_network("net").id == network.id
    assert cloud.network.find_port("p").id == port.id
    assert cloud.network.find_port(port.id).name == "p"
    assert cloud.network.find_security_group("default").name == "default"
    assert cloud.network.find_ip("172.24.4.250") is None


def test_a_name_that_two_have(cloud: Sdk, network: Sdk) -> None:
    twins = [cloud.network.create_port(network_id=network.id, name="twin") for _ in range(2)]
    with pytest.raises(DuplicateResource, match="More than one Port exists with the name 'twin'"):
        cloud.network.find_port("twin")
    for twin in twins:
        cloud.network.delete_port(twin.id)


def test_a_revision_that_is_past(cloud: Sdk, port: Sdk) -> None:
    changed = cloud.network.update_port(port.id, name="a", if_revision=1)
    assert changed.revision_number == 2
    cloud.network.update_port(port.id, name="b")
    with pytest.raises(PreconditionFailedException) as caught:
        cloud.network.update_port(port.id, name="c", if_revision=1)
    assert caught.value.status_code == 412
    assert caught.value.details == "Constrained to 1, but current revision is 3"
    assert cloud.network.get_port(port.id).name == "b"


def test_what_is_forbidden(cloud: Sdk, port: Sdk) -> None:
    with pytest.raises(ForbiddenException) as caught:
        cloud.network.update_port(port.id, binding_host_id="host1")
    assert caught.value.details == (
        "(rule:update_port and rule:update_port:binding:host_id) is disallowed by policy"
    )


def test_pages_tags_and_extensions(cloud: Sdk, network: Sdk) -> None:
    made = [*cloud.network.create_ports([{"network_id": network.id, "name": "many"}] * 5)]
    ids = [port.id for port in made]
    assert [port.id for port in cloud.network.ports(name="many", limit=2)] == ids
    cloud.network.set_tags(made[0], ["vip"])
    assert [port.id for port in cloud.network.ports(tags="vip")] == ids[:1]
    assert [port.id for port in cloud.network.ports(name="many", not_tags="vip")] == ids[1:]
    for id in ids:
        cloud.network.delete_port(id)
    assert cloud.network.find_extension("allowed-address-pairs") is not None
    assert cloud.network.find_extension("aap-reject-multicast") is None


def test_a_member_sees_no_agents(cloud: Sdk) -> None:
    assert list(cloud.network.agents()) == []


def test_a_virtual_ip_from_beginning_to_end(cloud: Sdk, admin_cloud: Sdk, network: Sdk) -> None:
    public = admin_cloud.network.create_network(name="public", is_router_external=True)
    admin_cloud.network.create_subnet(network_id=public.id, cidr="172.24.4.0/24", ip_version=4)
    router = cloud.network.create_router(external_gateway_info={"network_id": public.id})
    (subnet_id,) = cloud.network.get_network(network.id).subnet_ids
    cloud.network.add_interface_to_router(router, subnet_id=subnet_id)
    vip = cloud.network.create_port(
        network_id=network.id, fixed_ips=[{"ip_address": "10.66.0.200"}]
    )
    floating = cloud.network.create_ip(floating_network_id=public.id, port_id=vip.id)
    assert floating.fixed_ip_address == "10.66.0.200"
    assert floating.name == floating.floating_ip_address
    assert cloud.network.find_ip(floating.floating_ip_address).id == floating.id
    assert cloud.network.find_available_ip() is None
    cloud.network.delete_port(vip.id)
    assert cloud.network.find_available_ip().id == floating.id
    cloud.network.delete_ip(floating.id)
    cloud.network.remove_interface_from_router(router, subnet_id=subnet_id)
    cloud.network.delete_router(router.id)


def test_the_port_of_a_server_is_deleted_under_it(cloud: Sdk, network: Sdk) -> None:
    port = cloud.network.create_port(network_id=network.id)
    server = cloud.compute.create_server(
        name="s",
        image_id=cloud.image.find_image("debian-12").id,
        flavor_id=cloud.compute.find_flavor("m1.tiny").id,
        networks=[{"port": port.id}],
    )
    cloud.compute.wait_for_server(server, interval=0.2, wait=60)
    held = cloud.network.get_port(port.id)
    assert (held.device_id, held.device_owner) == (server.id, "compute:nova")
    wait_until(
        lambda: cloud.network.get_port(port.id).status == "ACTIVE", what="the port to be ACTIVE"
    )
    cloud.network.delete_port(port.id)
    assert list(cloud.compute.server_interfaces(server.id)) == []
    assert cloud.compute.get_server(server.id).status == "ACTIVE"
    cloud.compute.delete_server(server.id)
    cloud.compute.wait_for_delete(server, interval=0.2, wait=60)


# what is not there at all


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_a_wrong_password(empty_lab: Lab) -> None:
    with (
        closing(connect(empty_lab, "lab", password="wrong")) as stranger,
        pytest.raises(keystone.Unauthorized, match="requires authentication"),
    ):
        stranger.network.find_network("net")


def test_a_keystone_that_is_down(empty_lab: Lab) -> None:
    url = f"http://127.0.0.1:{closed_port()}/v3"
    with (
        closing(connect(empty_lab, "lab", auth_url=url)) as nowhere,
        pytest.raises(keystone.ConnectFailure, match="Unable to establish connection"),
    ):
        nowhere.network.find_network("net")


def test_a_cloud_that_no_file_names() -> None:
    with pytest.raises(ConfigException, match="Cloud nocloud was not found"):
        openstack.connect(cloud="nocloud")
