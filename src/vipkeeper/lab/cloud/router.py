"""A router: a network namespace that forwards, with floating IPs by address translation.

What it is changed from and to is never seen in between: an address is answered for only while
there is a rule for it, so that rules come before the addresses that are new, and go after those
that are gone. A floating IP that moves from one fixed IP to another is one change of the rules.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from ipaddress import IPv4Address, IPv4Interface, ip_interface

from vipkeeper.errors import KernelError, LabError
from vipkeeper.lab import plane, router_rules
from vipkeeper.lab.cloud import links, names
from vipkeeper.lab.cloud.switch import Plug, Switch
from vipkeeper.linux import namespaces
from vipkeeper.linux.conntrack import Selection

Assignment = tuple[str, str]
"""A device, and what it is given: an address with its prefix length."""
_CENTRALISED = 100
"""The routing table of what comes from outside to a distributed router."""
Route = tuple[str, str]
"""Destination and next hop."""


class Router:
    """Keeps one router as it is told."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self.network = namespaces.new_network()
        self._devices: dict[str, str] = {}  # by port
        self._addresses: dict[Assignment, None] = {}
        self._routes: dict[Route, None] = {}
        self._rules = ""
        self._floating_ips: dict[IPv4Address, IPv4Address] = {}
        self._neighbours: dict[plane.IPAddress, str] = {}
        self._centralised: tuple[str, ...] = ()
        self._unannounced: list[Assignment] = []
        self._wanted: plane.Router | None = None
        links.set_sysctls(router_rules.SYSCTLS, network=self.network)

    def become(self, wanted: plane.Router) -> None:
        """Make it the router that is wanted; nothing is done where nothing differs."""
        if wanted == self._wanted:
            return
        self._wanted = None  # until all is done
        cut = self._plug(wanted)
        addresses = dict.fromkeys(_addresses(wanted))
        routes = dict.fromkeys(_routes(wanted))
        self._take_away(addresses, routes)
        if cut:
            self._routes = {}  # which of them went with a link only the kernel knows
        rules = router_rules.ruleset(_translation(wanted))
        before = self._rules
        if rules != before:
            links.nft(rules, network=self.network)
            self._rules = rules
        if before:  # otherwise nobody can have called by way of it
            self._end_connections(wanted)
        self._floating_ips = {one.address: one.fixed_ip for one in wanted.floating_ips}
        self._add(addresses, routes)
        self._centralise(wanted)
        self._wanted = wanted

    def set_permanent_neighbours(self, neighbours: Mapping[plane.IPAddress, str]) -> None:
        """Keep exactly these neighbours, MAC address by address, whatever ARP says of them.

        What is in none of its networks is left out.

        Neutron's DVR does without ARP (neutron/agent/l3/dvr_local_router.py,
        ``_update_arp_entry``), and OVN has the addresses of its ports in its flows.
        """
        devices = {
            address: device
            for address in (*neighbours, *self._neighbours)
            if (device := self._device_to(address))
        }
        commands = [
            f"neighbour delete {address} dev {devices[address]}"
            for address in self._neighbours.keys() - neighbours.keys()
            if address in devices
        ]
        commands += [
            f"neighbour replace {address} dev {devices[address]} lladdr {mac} nud permanent"
            for address, mac in neighbours.items()
            if address in devices and self._neighbours.get(address) != mac
        ]
        links.ip(commands, network=self.network)
        self._neighbours = {one: mac for one, mac in neighbours.items() if one in devices}

    def _centralise(self, wanted: plane.Router) -> None:
        """Let what comes from outside leave by the second ports of a distributed router.

        Neutron has a namespace for that on a network node, snat-ROUTER, with a neighbour table
        of its own, which ARP fills (neutron/agent/l3/dvr_edge_router.py). Here it is a routing
        table and these ports' devices, since neighbours are kept by device.
        """
        commands: tuple[str, ...] = ()
        if wanted.gateway is not None and wanted.snat_ports:
            outside = names.gateway_device(wanted.gateway.port)
            commands = (
                f"rule add iif {outside} lookup {_CENTRALISED}",
                *(
                    f"route add {address.network} dev {names.snat_device(port.port)}"
                    f" table {_CENTRALISED}"
                    for port in wanted.snat_ports
                    for address in port.addresses
                    if address.version == 4
                ),
            )
        if commands == self._centralised:
            return
        for old in self._centralised:
            with suppress(LabError):  # it may have gone with its link
                links.ip([old.replace(" add ", " delete ", 1)], network=self.network)
        self._centralised = ()
        if commands:
            # Two devices on one network: each answers for its own addresses only.
            links.set_sysctls({"net.ipv4.conf.all.arp_ignore": "1"}, network=self.network)
        links.ip(commands, network=self.network)
        self._centralised = commands

    def close(self) -> None:
        """The end of it: all its cables, and with the last descriptor its namespace."""
        self._switch.cut(self._devices)
        os.close(self.network)

    def _plug(self, wanted: plane.Router) -> bool:
        """Pull cables out and put others in; a link takes its addresses and routes along.

        Returns:
            Whether one was pulled out.
        """
        plugs = {plug.port: plug for plug in _plugs(wanted)}
        changed = [
            port
            for port, device in self._devices.items()
            if port not in plugs or self._switch.cable(port) != plugs[port]
        ]
        self._switch.cut(changed)
        gone = {self._devices.pop(port) for port in changed}
        if gone:
            self._addresses = {one: None for one in self._addresses if one[0] not in gone}
            self._neighbours = {}
            self._centralised = tuple(
                # A rule outlasts its link.
                one
                for one in self._centralised
                if one.startswith("rule ") or not gone & set(one.split())
            )
        new = [plug for port, plug in plugs.items() if port not in self._devices]
        self._devices.update({plug.port: plug.device for plug in new})
        self._switch.connect(dict.fromkeys(new, self.network))
        return bool(gone)

    def _take_away(self, addresses: Iterable[Assignment], routes: Iterable[Route]) -> None:
        gone = [one for one in self._addresses if one not in addresses]
        for destination, hop in [one for one in self._routes if one not in routes]:
            with suppress(LabError):  # it may have gone with its link
                links.ip([f"route delete {destination} via {hop}"], network=self.network)
            del self._routes[destination, hop]
        links.ip(
            (f"address delete {text} dev {device}" for device, text in gone), network=self.network
        )
        for one in gone:
            del self._addresses[one]

    def _add(self, addresses: Iterable[Assignment], routes: Iterable[Route]) -> None:
        new = [one for one in addresses if one not in self._addresses]
        to_add = [one for one in routes if one not in self._routes]
        devices = dict.fromkeys(device for device, _ in new)
        links.ip(
            [
                *(f"link set {device} up" for device in ("lo", *devices) if new),
                *(_address_command(device, text) for device, text in new),
                *(f"route replace {destination} via {hop}" for destination, hop in to_add),
            ],
            network=self.network,
        )
        self._addresses.update(dict.fromkeys(new))
        self._routes.update(dict.fromkeys(to_add))
        self._unannounced += new

    def announce(self) -> None:
        """Tell the neighbours of addresses that are new here: another may have had one just now.

        Source: neutron/agent/linux/ip_lib.py, ``send_ip_addr_adv_notif``.
        """
        addresses = [(device, text) for device, text in self._unannounced if ":" not in text]
        self._unannounced = []
        if not addresses:
            return
        # Only here, as it takes a lab that never changes 12 ms of its start.
        from vipkeeper.linux.packet_socket import FrameSender
        from vipkeeper.vrrp.announcement import gratuitous_arp

        with namespaces.inside_network(self.network):
            sender = FrameSender()
        with closing(sender), suppress(KernelError):  # its network is down: nobody has to know
            for device, text in addresses:
                mac = self._mac_address(device)
                sender.send(device, gratuitous_arp(mac, IPv4Interface(text).ip))

    def _mac_address(self, device: str) -> bytes:
        port = next(port for port, name in self._devices.items() if name == device)
        cable = self._switch.cable(port)
        assert cable is not None
        return bytes.fromhex(cable.mac_address.replace(":", ""))

    def _end_connections(self, wanted: plane.Router) -> None:
        """End what is known of floating IPs that have moved, are gone, or are new.

        Who called a new one too early is known by a connection without translation.
        Source: neutron/agent/linux/ip_lib.py, ``delete_addr_and_conntrack_state``: by what was
        called, and by what was answered to.
        """
        after = {one.address: one.fixed_ip for one in wanted.floating_ips}
        changed = {address for address, _ in self._floating_ips.items() ^ after.items()}
        links.forget_connections(
            [
                Selection(side, address)
                for address in changed
                for side in ("destination", "reply destination")
            ],
            network=self.network,
        )

    def _device_to(self, address: plane.IPAddress) -> str | None:
        """The device of the network that an address is in."""
        return next(
            (device for device, text in self._addresses if address in ip_interface(text).network),
            None,
        )


def _plugs(router: plane.Router) -> list[Plug]:
    plugs = [
        Plug(one.port, one.network, one.mac_address, names.router_device(one.port))
        for one in router.interfaces
    ]
    plugs += [
        Plug(one.port, one.network, one.mac_address, names.snat_device(one.port))
        for one in router.snat_ports
    ]
    if (gateway := router.gateway) is not None:
        device = names.gateway_device(gateway.port)
        plugs.append(Plug(gateway.port, gateway.network, gateway.mac_address, device))
    return plugs


def _translation(router: plane.Router) -> router_rules.Router:
    gateway = router.gateway
    # The agent translates to the first IPv4 address (router_info.py, _add_snat_rules).
    own = next((str(one) for one in gateway.addresses if one.version == 4), "") if gateway else ""
    if gateway is None or not own:
        return router_rules.Router(router.id)
    return router_rules.Router(
        router.id,
        names.gateway_device(gateway.port),
        own,
        tuple(
            router_rules.FloatingIP(str(one.address), str(one.fixed_ip))
            for one in router.floating_ips
        ),
        router.enable_snat,
    )


def _addresses(router: plane.Router) -> list[Assignment]:
    found = [
        (names.router_device(port.port), str(address))
        for port in router.interfaces
        for address in port.addresses
    ]
    found += [
        # Its network is routed by the other port, but for what comes from outside.
        (names.snat_device(port.port), f"{address.ip}/{address.max_prefixlen}")
        for port in router.snat_ports
        for address in port.addresses
    ]
    if (gateway := router.gateway) is not None:
        device = names.gateway_device(gateway.port)
        found += [(device, str(address)) for address in gateway.addresses]
        found += [(device, f"{one.address}/32") for one in router.floating_ips]
    return found


def _address_command(device: str, text: str) -> str:
    """An IPv6 address is there at once, as nobody else has it."""
    how = "nodad" if ":" in text else "broadcast +"
    return f"address add {text} {how} dev {device}"


def _routes(router: plane.Router) -> list[Route]:
    default = [("default", str(router.next_hop))] if router.next_hop and router.gateway else []
    return [*default, *router.routes]
