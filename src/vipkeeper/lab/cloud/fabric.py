"""What carries packets between instances' cables: rules, routers, and DHCP servers beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vipkeeper.lab import plane
from vipkeeper.lab.cloud.dhcp import DhcpServer
from vipkeeper.lab.cloud.enforcement import Enforcement
from vipkeeper.lab.cloud.router import Router
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.cloud.virtual_ports import VirtualPorts
from vipkeeper.lab.delivery import neighbours, realised, written
from vipkeeper.lab.plane import Plane


class Fabric:
    """Keeps bridges, rules, routers and DHCP servers as the plane wants them.

    Attributes:
        routers: by id; those that are down are not there, as with Neutron's agent.
        virtual_ports: OVN's.

    Args:
        claimed: called when a virtual port is somebody else's.
    """

    def __init__(self, switch: Switch, claimed: Callable[[], None]) -> None:
        self.rules = Enforcement(switch)
        self.virtual_ports = VirtualPorts(switch, self.rules, claimed)
        self.routers: dict[str, Router] = {}
        self._switch = switch
        self._dhcp_servers: dict[str, DhcpServer] = {}
        self._plane = Plane()
        self._writes: tuple[str, ...] = ()  # to distributed routers: port ids, the last one last
        switch.build()

    def prepare(self, wanted: Plane) -> None:
        """Everything that is new, or that no instance's cable depends on."""
        is_first = not self._switch.networks()
        self._switch.add_networks(wanted.networks)
        self.rules.secure(wanted)
        self.virtual_ports.become(wanted)
        self._settle_routers(wanted)
        if not is_first:  # in a lab that has just begun nobody knows of anybody
            for router in self.routers.values():
                router.announce()
        self._settle_dhcp(wanted)

    async def ready(self) -> None:
        """Until the DHCP servers listen.

        Raises:
            LabError: one does not.
        """
        await asyncio.gather(*(server.ready() for server in self._dhcp_servers.values()))

    def clear_away(self, wanted: Plane) -> None:
        """What instances' cables no longer need, now that they are pulled out."""
        self._switch.remove_networks(wanted.networks)
        self.rules.secure(wanted)
        self._writes = written(self._writes, self._plane, wanted)
        self._plane = wanted

    def plugged(self, wanted: Plane) -> None:
        """Instances have cables that they had not: what they say is listened to."""
        self.virtual_ports.become(wanted)

    def settle_routers_again(self) -> None:
        """After a virtual port has been claimed."""
        self._settle_routers(self._plane)

    def _settle_routers(self, wanted: Plane) -> None:
        present = {router.id: router for router in wanted.routers if router.admin_state_up}
        for id in self.routers.keys() - present.keys():
            self.routers.pop(id).close()
        for id, router in present.items():
            if id not in self.routers:
                self.routers[id] = Router(self._switch)
            self._settle_router(self.routers[id], router, wanted)

    def _settle_router(self, router: Router, described: plane.Router, wanted: Plane) -> None:
        virtual, holders = self.virtual_ports.virtual, self.virtual_ports.holders()
        order = written(self._writes, self._plane, wanted)
        router.become(realised(described, wanted, holders))
        router.set_permanent_neighbours(neighbours(described, wanted, order, virtual, holders))

    def _settle_dhcp(self, wanted: Plane) -> None:
        present = {server.network: server for server in wanted.dhcp_servers}
        for network in self._dhcp_servers.keys() - present.keys():
            self._dhcp_servers.pop(network).close()
        for network, server in present.items():
            if network not in self._dhcp_servers:
                self._dhcp_servers[network] = DhcpServer(self._switch)
            self._dhcp_servers[network].become(wanted, server)
