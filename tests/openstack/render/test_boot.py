"""Servers of the lab that boot with the rendered user data: the virtual IP is up by itself."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import openstack
import pytest

from tests.lab.api.rest import EMPTY
from tests.lab.labs import running
from tests.openstack import deployments
from tests.topology import wait_until
from vipkeeper.lab.client import Lab
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.render import cloud_config
from vipkeeper.openstack.render.program import Program

BOOT_SECONDS = 120.0
VIPS = [deployments.VIPS[4], deployments.VIPS[6]]
PROGRAMS: dict[str, Program] = {"test01": "vipkeeperd", "test02": "keepalived"}

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]

Sdk = Any
"""openstacksdk's classes are not typed."""


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running(EMPTY, what="render") as lab:
        yield lab


def connect(lab: Lab, user: str = "lab") -> Sdk:
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
        },
    )


def boot(cloud: Sdk, deployment: Deployment) -> None:
    """A network, ports with pairs, and servers: the cloud's part, by hand."""
    network = cloud.network.create_network(name="int_net")
    for address in deployment.addresses:
        cloud.network.create_subnet(
            network_id=network.id,
            cidr=address.cidr,
            ip_version=address.family,
            enable_dhcp=address.family == 4,
        )
    group = cloud.network.create_security_group(name="vrrp")
    rules: list[dict[str, Any]] = [
        {"ethertype": "IPv4", "protocol": "112", "remote_group_id": group.id},
        {"ethertype": "IPv6", "protocol": "112", "remote_group_id": group.id},
        {"ethertype": "IPv6", "protocol": "112", "remote_ip_prefix": "fe80::/64"},
    ]
    for rule in rules:
        cloud.network.create_security_group_rule(
            security_group_id=group.id, direction="ingress", **rule
        )
    image = cloud.image.find_image("debian-12")
    for node in deployment.nodes:
        port = cloud.network.create_port(
            network_id=network.id,
            name=node.name,
            fixed_ips=[{"ip_address": str(one)} for one in node.addresses],
            allowed_address_pairs=[{"ip_address": vip} for vip in VIPS],
            security_group_ids=[group.id],
        )
        extra = {"write_files": [{"path": "/var/told", "content": f"{node.name}\n"}]}
        text = cloud_config.text(deployment, node, program=PROGRAMS[node.name], extra=extra)
        cloud.compute.create_server(
            name=node.name,
            image_id=image.id,
            flavor_id="1",
            networks=[{"port": port.id}],
            user_data=base64.b64encode(text.encode()).decode(),
        )


def holders(lab: Lab, vip: str) -> list[str]:
    return [
        name
        for name in PROGRAMS
        if f" {vip}/" in lab.run(name, ["ip", "-br", "address", "show"]).stdout
    ]


def log(lab: Lab) -> str:
    command = ["cat", "/var/log/cloud-init-output.log"]
    return "\n".join(lab.run(name, command).stdout for name in PROGRAMS)


def wait_for_holder(lab: Lab, name: str) -> None:
    wait_until(
        lambda: all(holders(lab, vip) == [name] for vip in VIPS),
        seconds=BOOT_SECONDS,
        poll_seconds=0.2,
        what=lambda: f"{[(vip, holders(lab, vip)) for vip in VIPS]}\n{log(lab)}",
    )


def test_both_servers_configure_themselves_and_the_virtual_ip_moves(lab: Lab) -> None:
    deployment = deployments.deployment(families=(4, 6), interval=0.5)
    with closing(connect(lab)) as cloud:
        boot(cloud, deployment)
        for server in cloud.compute.servers(details=False):
            cloud.compute.wait_for_server(server, wait=BOOT_SECONDS)
    for name in PROGRAMS:
        assert (
            lab.run(name, ["cloud-init", "status", "--wait"], timeout=BOOT_SECONDS).returncode == 0
        )
    wait_for_holder(lab, "test01")
    for name, program in PROGRAMS.items():
        assert lab.run(name, ["cat", "/var/told"]).stdout == f"{name}\n"
        mode = ["stat", "-c", "%a %U", "/etc/keepalived/keepalived.conf"]
        assert lab.run(name, mode).stdout == "600 root\n"
        assert lab.run(name, ["systemctl", "is-enabled", program]).stdout == "enabled\n"
    lab.run("test01", ["systemctl", "stop", "vipkeeperd"], check=True)
    wait_for_holder(lab, "test02")
