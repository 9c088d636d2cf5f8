"""What was found in the cloud when it was looked at for one virtual IP: values, nothing judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vipkeeper.openstack.resources import (
    FloatingIp,
    Network,
    Port,
    Quota,
    SecurityGroup,
    Server,
    ServerGroup,
    Subnet,
)


@dataclass(frozen=True, slots=True)
class Found:
    """All that the answers to a bounded number of requests said.

    Names may be those of several things, so there are tuples even where one is wanted: choosing
    is the plan's affair.

    Attributes:
        project_id: of who asks; None where the cloud has no Keystone.
        roles: of who asks, as ``member``, ``admin``.
        extensions: aliases of Neutron's extensions.
        networks: those that the spec's name or ID may mean.
        external_networks: those that a floating IP may come from: what the spec names, or all.
        subnets: of ``networks``.
        ports: of ``networks``: the servers' and the members' own, those with the VIP's tag or the
            name of its port, and those that have one of its addresses.
        owners: every ``device_owner`` of the network that tells something of the back end or of a
            router (openstack.md 1.7): sorted, each once.
        neighbours: VIP ports of other virtual IPs in the network, for their VRIDs.
        servers: those that the members may mean, and those that have the members' ports.
        groups: those with the VIP's tag or the name of its group, and the one that the spec
            names.
        floating_ips: those that lead to the VIP's ports, have its tag, or the address asked for.
        server_groups: empty if nobody asked.
        quotas: by Neutron's name (``port``, ``floatingip``, ``security_group``,
            ``security_group_rule``); empty where they may not be seen.
    """

    project_id: str | None = None
    roles: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    external_networks: tuple[Network, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    ports: tuple[Port, ...] = ()
    owners: tuple[str, ...] = ()
    neighbours: tuple[Port, ...] = ()
    servers: tuple[Server, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    floating_ips: tuple[FloatingIp, ...] = ()
    server_groups: tuple[ServerGroup, ...] = ()
    quotas: Mapping[str, Quota] = field(default_factory=dict)
