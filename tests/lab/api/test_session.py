"""The author's session with openstacksdk: from an empty cloud to the answering VIP, and back.

The same with the ``openstack`` client is docs/guide/openstack.md, which has a test too.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack

import openstack
import pytest
from openstack.connection import Connection

from tests.lab.api.rest import EMPTY
from tests.lab.api.user_data import user_data
from tests.lab.inside_cloud import possessions
from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.lab.client import Lab

VIP = "192.168.100.196"
ADDRESS = {"test01": "192.168.100.131", "test02": "192.168.100.67"}
BOUND_S = 90.0

pytestmark = [
    pytest.mark.timeout(300),
    # openstacksdk's own, about its own future
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(EMPTY, what="session") as lab:
        yield lab


def connect(lab: Lab, user: str) -> Connection:
    credentials = lab.credentials()
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        region_name="RegionOne",
        auth={
            "auth_url": f"{credentials['url']}/identity/v3",
            "username": user,
            "password": credentials["passwords"][user],
            "project_name": user,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
    )


class Walkthrough:
    """The walkthrough's cloud, made thing by thing, with and without port security."""

    def __init__(self, lab: Lab, *, port_security: bool) -> None:
        self.lab = lab
        self.member, self.admin = connect(lab, "lab"), connect(lab, "admin")
        self.port_security = port_security

    def make(self) -> None:
        self._outside()
        network = self.member.network
        self.inside = network.create_network(
            name="int_net", mtu=1450, is_port_security_enabled=self.port_security
        )
        self.subnet = network.create_subnet(
            network_id=self.inside.id, cidr="192.168.100.0/24", ip_version=4
        )
        self.router = network.create_router(
            name="router1", external_gateway_info={"network_id": self.outside.id}
        )
        network.add_interface_to_router(self.router.id, self.subnet.id)
        self.groups = self._security_groups() if self.port_security else []
        self.vip_port = self._port("USER-vip", VIP)
        self.ports = {name: self._port(name, address) for name, address in ADDRESS.items()}
        self.servers = {
            name: self._server(self.member, name, port.id, user_data(name))
            for name, port in self.ports.items()
        }
        self.floating = network.create_ip(
            floating_network_id=self.outside.id, port_id=self.vip_port.id
        )
        for name, server in self.servers.items():
            self.member.compute.wait_for_server(server, wait=BOUND_S)
            assert self.member.compute.get_server(server.id).name == name

    def _outside(self) -> None:
        network = self.admin.network
        self.outside = network.create_network(
            name="ext-private-net1", is_router_external=True, provider_network_type="flat"
        )
        network.create_subnet(
            network_id=self.outside.id,
            cidr="99.88.128.0/24",
            ip_version=4,
            gateway_ip=None,
            is_dhcp_enabled=False,
        )
        self.client_port = network.create_port(
            network_id=self.outside.id,
            name="client",
            fixed_ips=[{"ip_address": "99.88.128.10"}],
            security_groups=[],
            is_port_security_enabled=False,
        )
        self.client = self._server(self.admin, "client", self.client_port.id)
        self.admin.compute.wait_for_server(self.client, wait=BOUND_S)

    def _security_groups(self) -> list[str]:
        network = self.member.network
        web, vrrp = (network.create_security_group(name=name) for name in ("web", "vrrp"))
        network.create_security_group_rule(
            security_group_id=web.id,
            direction="ingress",
            protocol="tcp",
            port_range_min=80,
            port_range_max=80,
        )
        network.create_security_group_rule(
            security_group_id=vrrp.id,
            direction="ingress",
            protocol="vrrp",
            remote_group_id=vrrp.id,
        )
        return [web.id, vrrp.id]

    def _port(self, name: str, address: str) -> openstack.network.v2.port.Port:
        values: dict[str, object] = {}
        if self.groups and name in ADDRESS:
            values["security_groups"] = self.groups
            values["allowed_address_pairs"] = [{"ip_address": VIP}]
        return self.member.network.create_port(
            network_id=self.inside.id, name=name, fixed_ips=[{"ip_address": address}], **values
        )

    def _server(
        self, cloud: Connection, name: str, port: str, data: str | None = None
    ) -> openstack.compute.v2.server.Server:
        values = {} if data is None else {"user_data": base64.b64encode(data.encode()).decode()}
        return cloud.compute.create_server(
            name=name,
            image_id=cloud.image.find_image("debian-12", ignore_missing=False).id,
            flavor_id=cloud.compute.find_flavor("m1.tiny", ignore_missing=False).id,
            networks=[{"port": port}],
            **values,
        )

    def answer(self) -> str:
        url = f"http://{self.floating.floating_ip_address}/"
        return self.lab.run(
            "client", ["curl", "-s", "-m", "1", url], timeout=BOUND_S
        ).stdout.strip()

    def until_answers(self, host: str) -> None:
        wait_until(lambda: self.answer() == host, seconds=BOUND_S, what=lambda: self.answer())

    def take_down(self) -> None:
        network, compute = self.member.network, self.member.compute
        for server in self.servers.values():
            compute.delete_server(server)
        self.admin.compute.delete_server(self.client)
        for server in self.servers.values():
            compute.wait_for_delete(server, wait=BOUND_S)
        network.delete_ip(self.floating)
        for port in (self.vip_port, *self.ports.values()):
            network.delete_port(port)
        network.remove_interface_from_router(self.router.id, self.subnet.id)
        network.delete_router(self.router)
        network.delete_network(self.inside)
        for group in self.groups:
            network.delete_security_group(group)
        self.admin.network.delete_port(self.client_port)
        self.admin.network.delete_network(self.outside)

    def close(self) -> None:
        self.member.close()
        self.admin.close()


@pytest.mark.parametrize("port_security", [True, False], ids=["pairs", "no port security"])
def test_from_an_empty_cloud_to_the_answering_vip_and_back(lab: Lab, port_security: bool) -> None:
    with ExitStack() as stack:
        walkthrough = Walkthrough(lab, port_security=port_security)
        stack.callback(walkthrough.close)
        assert list(walkthrough.admin.network.networks()) == []
        before = possessions(lab)
        walkthrough.make()
        walkthrough.until_answers("test01")

        # what its author saw, field by field
        member, admin = walkthrough.member.network, walkthrough.admin.network
        shown = admin.get_port(walkthrough.ports["test01"].id)
        own = {"ip_address": VIP, "mac_address": shown.mac_address}
        assert shown.allowed_address_pairs == ([own] if port_security else [])
        assert shown.is_port_security_enabled is port_security
        assert shown.security_group_ids == walkthrough.groups
        assert shown.status == "ACTIVE"
        assert shown.device_id == walkthrough.servers["test01"].id
        assert shown.device_owner == "compute:nova"
        assert shown.binding_vif_type == "bridge"
        assert shown.binding_vif_details == {"connectivity": "l2", "port_filter": True}
        vip = member.get_port(walkthrough.vip_port.id)
        assert (vip.status, vip.device_id, vip.device_owner) == ("DOWN", "", "")
        floating = member.get_ip(walkthrough.floating.id)
        assert (floating.port_id, floating.fixed_ip_address) == (vip.id, VIP)
        assert (floating.router_id, floating.status) == (walkthrough.router.id, "ACTIVE")

        compute = walkthrough.member.compute
        compute.stop_server(walkthrough.servers["test01"])
        walkthrough.until_answers("test02")
        stopped = compute.get_server(walkthrough.servers["test01"].id)
        compute.wait_for_server(stopped, status="SHUTOFF", wait=BOUND_S)
        assert member.get_port(walkthrough.ports["test01"].id).status == "DOWN"
        compute.start_server(walkthrough.servers["test01"])
        walkthrough.until_answers("test01")

        walkthrough.take_down()
        for things in (admin.networks(), admin.ports(), admin.routers(), admin.ips()):
            assert list(things) == []
        assert [group.name for group in member.security_groups()] == ["default"]
        wait_until(lambda: possessions(lab) == before, what=lambda: f"{before}: {possessions(lab)}")
