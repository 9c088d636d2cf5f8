"""Waiting until a virtual IP works as far as the cloud tells: ports and floating IP ACTIVE."""

from __future__ import annotations

import time
from collections.abc import Iterator

from vipkeeper.errors import CloudError
from vipkeeper.openstack import interruption
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.client.cloud_errors import is_transient
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import planning

SHORTEST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 3.0


def wait(cloud: Cloud, spec: VipSpec, *, timeout_s: float) -> None:
    """Return when the members' ports and the floating IP are ACTIVE.

    A port that no server has is DOWN and stays so: it is not waited for. Nor is the VIP's own.

    Raises:
        CloudError: not in that time; it says what is not so.
    """
    deadline = time.monotonic() + timeout_s
    operation = f"wait for the virtual IP {spec.name}"
    found = cloud.look(spec)
    deployment = planning.deployment(spec, found)
    if deployment is None:
        raise CloudError(operation, "it is not in place", remedy="look at its plan")
    pause = SHORTEST_PAUSE_S
    while True:
        failure: CloudError | None = None
        try:
            pending = list(_pending(cloud, deployment, found))
            if not pending:
                return
        except CloudError as error:
            if not is_transient(error):
                raise
            failure, pending = error, [error.message]
        if time.monotonic() >= deadline or interruption.is_asked():
            words = f"after {timeout_s:g} s {'; '.join(pending)}"
            remedy = "a port becomes ACTIVE when its server runs: openstack server list"
            raise CloudError(operation, words, remedy=remedy) from failure
        interruption.pause(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(LONGEST_PAUSE_S, pause * 1.5)


def _pending(cloud: Cloud, deployment: Deployment, found: Found) -> Iterator[str]:
    """What is not yet so, in words."""
    servers = {server.id: server for server in found.servers}
    nodes = {node.port_id: node for node in deployment.nodes if node.server_id is not None}
    ports = {port.id: port for port in cloud.ports(nodes)}
    for id, node in nodes.items():
        status = ports[id].status if id in ports else "gone"
        if status != "ACTIVE":
            server = servers.get(node.server_id or "")
            of = f", its server was {server.status}" if server is not None else ""
            yield f"the port of {node.name} is {status}{of}"
    if deployment.floating_ip is not None:
        floating = cloud.floating_ip(deployment.floating_ip)
        status = "gone" if floating is None else floating.status
        if status != "ACTIVE":
            yield f"the floating IP {deployment.floating_ip} is {status}"
