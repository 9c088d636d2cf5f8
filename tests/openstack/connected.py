"""A lab's cloud as vipkeeper is connected to it: through a proxy that can be told to fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.api.rest import Rest
from tests.lab.labs import running
from tests.openstack.faulty_proxy import FaultyProxy, faulty_proxy
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.declaration.spec import VipSpec

TIMEOUT_S = 0.4
"""Of a request: whoever hangs is given up soon. A slow machine only brings one more look."""

SDK_WARNINGS = [
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]
"""Openstacksdk warns of what it does itself at each connection and call."""

ADDRESS = "192.168.100.50"


def web(**more: Any) -> VipSpec:
    """A virtual IP of the walkthrough's two servers; what is given besides replaces it."""
    values: dict[str, Any] = {
        "name": "web",
        "network": "int_net",
        "addresses": [ADDRESS],
        "members": [{"server": "test01"}, {"server": "test02"}],
        "floating_ip": {},
        "service_ports": [{"protocol": "tcp", "first": 80, "last": 80}],
    }
    return VipSpec.model_validate({**values, **more})


@dataclass(frozen=True, slots=True)
class Connected:
    """A lab, the proxy before it, and its member."""

    lab: Lab
    proxy: FaultyProxy
    member: Rest
    clouds_yaml: Path

    @contextmanager
    def cloud(self, name: str = "lab") -> Iterator[Cloud]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OS_CLIENT_CONFIG_FILE", str(self.clouds_yaml))
            cloud = Cloud.connect(name)
        with closing(cloud):
            yield cloud

    @contextmanager
    def admin(self) -> Iterator[Rest]:
        with closing(Rest(self.lab, "admin")) as admin:
            yield admin

    def add_cloud(self, name: str, **values: Any) -> None:
        """One more in clouds.yaml; what is None of the lab's values is left out."""
        document = yaml.safe_load(self.clouds_yaml.read_text())
        changed = {**document["clouds"]["lab"], **values}
        document["clouds"][name] = {k: v for k, v in changed.items() if v is not None}
        self.clouds_yaml.write_text(yaml.safe_dump(document))


@contextmanager
def connected(directory: Path, spec: CloudSpec | None = None, **lab: Any) -> Iterator[Connected]:
    """A lab of its own: the walkthrough's unless another is given."""
    with (
        running(spec or spec_file.walkthrough(), what="vip", bare=True, **lab) as up,
        faulty_proxy(up.credentials()["url"]) as proxy,
        closing(Rest(up, "lab")) as member,
    ):
        path = directory / "clouds.yaml"
        path.write_text(yaml.safe_dump({"clouds": {"lab": _cloud(up, proxy)}}))
        yield Connected(up, proxy, member, path)


def _cloud(lab: Lab, proxy: FaultyProxy) -> dict[str, Any]:
    return {
        "region_name": "RegionOne",
        "api_timeout": TIMEOUT_S,
        "network_endpoint_override": f"{proxy.url}/network/v2.0",
        "compute_endpoint_override": f"{proxy.url}/compute/v2.1",
        "auth": {
            "auth_url": f"{proxy.url}/identity/v3",
            "username": "lab",
            "password": lab.credentials()["passwords"]["lab"],
            "project_name": "lab",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
    }
