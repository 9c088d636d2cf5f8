"""Small clouds: one network, and instances with one port each."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from vipkeeper.lab.spec import CloudSpec, Instance, Network, Port, Service

LIGHTTPD = Service(
    "lighttpd",
    ("/usr/sbin/lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"),
    autostart=False,
    restart="on-failure",
)
KEEPALIVED = Service("keepalived", ("/usr/sbin/keepalived", "--dont-fork"), autostart=False)

NETWORK = Network("net", IPv4Network("192.0.2.0/24"))


def cloud_of(*instances: Instance, network: Network = NETWORK, spare: int = 0) -> CloudSpec:
    """A cloud of them, with a port NAME-0 for each, and ports spare-N that nobody has."""
    names = [*(f"{one.name}-0" for one in instances), *(f"spare-{n}" for n in range(spare))]
    ports = tuple(
        Port(name, network.name, network.cidr[10 + number]) for number, name in enumerate(names)
    )
    plugged = tuple(replace(one, ports=(f"{one.name}-0",)) for one in instances)
    return CloudSpec(networks=(network,), ports=ports, instances=plugged)
