"""Each template's stack, made and deleted by Heat's engine in a lab: ``make heat``.

The engine is another program in another environment (.venv-heat); what it is told, and what it
answers, is JSON. What it made is looked at by the lab's own API.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.lab.api.rest import EMPTY
from tests.lab.labs import running
from tests.openstack import deployments
from tests.openstack.render import heat_stacks
from tests.openstack.render.test_boot import connect
from vipkeeper.lab.client import Lab
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.render import heat

ENGINE = Path(__file__).with_name("heat_stack.txt")
PYTHON = Path(".venv-heat/bin/python")

WITHOUT = {"server-group"}
"""The lab's Nova offers no microversions, and Heat asks for one."""

Sdk = Any


def main() -> int:
    failed = []
    with running(EMPTY, what="heat") as lab, closing(connect(lab)) as cloud:
        ids = networks(lab, cloud)
        for name, (deployment, values) in heat_stacks.VARIANTS.items():
            if name in WITHOUT:
                continue
            text = heat.text(deployments.spec(deployment, **values), placed(deployment, ids))
            outcome = stack(lab, cloud, text)
            left = [port.name for port in cloud.network.ports() if port.name]
            good = outcome["states"] == ["CREATE COMPLETE", "DELETE COMPLETE"] and not left
            print(f"{'ok  ' if good else 'FAIL'} {name}: {outcome['states']} {left or ''}")  # noqa: T201
            failed += [] if good else [name]
    return 1 if failed else 0


def networks(lab: Lab, cloud: Sdk) -> dict[str, str]:
    """A network behind a router, of both families; the IDs of what the templates name."""
    with closing(connect(lab, "admin")) as admin:
        external = admin.network.create_network(
            name="ext",
            is_router_external=True,
            provider_network_type="flat",
            provider_physical_network="physnet1",
        )
        admin.network.create_subnet(
            network_id=external.id, cidr="99.88.128.0/24", ip_version=4, enable_dhcp=False
        )
    network = cloud.network.create_network(name="int_net")
    ids = {"network": network.id, "external": external.id}
    for family, cidr in deployments.CIDRS.items():
        subnet = cloud.network.create_subnet(
            network_id=network.id, cidr=cidr, ip_version=family, enable_dhcp=family == 4
        )
        ids[f"subnet{family}"] = subnet.id
    router = cloud.network.create_router(
        name="router", external_gateway_info={"network_id": external.id}
    )
    cloud.network.add_interface_to_router(router, subnet_id=ids["subnet4"])
    ids["group"] = cloud.network.create_security_group(name="theirs").id
    return ids


def placed(deployment: Deployment, ids: dict[str, str]) -> Deployment:
    """The same in this cloud."""
    addresses = (replace(one, subnet_id=ids[f"subnet{one.family}"]) for one in deployment.addresses)
    return replace(
        deployment,
        network_id=ids["network"],
        floating_network_id=ids["external"],
        group_id=ids["group"],
        addresses=tuple(addresses),
    )


def stack(lab: Lab, cloud: Sdk, template: str) -> dict[str, Any]:
    credentials = lab.credentials()
    with tempfile.TemporaryDirectory() as directory:
        order = {
            "template": template,
            "database": f"sqlite:///{directory}/heat.db",
            "auth_url": f"{credentials['url']}/identity/v3",
            "password": credentials["passwords"]["lab"],
            "project_id": cloud.current_project_id,
            "user_id": cloud.current_user_id,
        }
        ended = subprocess.run(
            [PYTHON, ENGINE], input=json.dumps(order), capture_output=True, text=True, check=False
        )
    if ended.returncode:
        return {"states": [(ended.stderr.strip().splitlines() or ["no answer"])[-1]]}
    answer: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.exit(main())
