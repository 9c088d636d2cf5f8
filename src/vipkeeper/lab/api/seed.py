"""The records that a new lab begins with: its users, its image, and what a cloud file describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vipkeeper.lab import plane
from vipkeeper.lab.api.compute.records import Flavor, Server, Service
from vipkeeper.lab.api.identity.records import Project, User
from vipkeeper.lab.api.image.records import Image
from vipkeeper.lab.api.network.allocation_pools import default_pools
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.floating_ips import OWNER as FLOATING_IP_OWNER
from vipkeeper.lab.api.network.records import (
    AddressPair,
    FixedIP,
    FloatingIP,
    HostRoute,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.network.resources import stamp
from vipkeeper.lab.api.network.router_ports import GATEWAY_OWNER, SNAT_OWNER
from vipkeeper.lab.api.state import Change, State
from vipkeeper.lab.plane import IPAddress, Plane, identity
from vipkeeper.lab.security_groups import DEFAULT, egress_to_anywhere
from vipkeeper.lab.spec import CloudSpec, mac_address_of

MEMBER, ADMIN = "lab", "admin"
"""Names of the two users and of their projects."""

_FLAVORS = (("1", "m1.tiny", 1, 512, 1), ("2", "m1.small", 1, 2048, 20))
_FLAVOR, _IMAGE = _FLAVORS[0][0], identity("image", "debian-12")


def of(
    spec: CloudSpec, wanted: Plane, back_end: BackEnd, now: float, passwords: Mapping[str, str]
) -> State:
    """The records of a lab that a cloud file describes; they ask for the plane that there is.

    What lies on an external network is the admin's, all else the member's.

    Args:
        wanted: the data plane of that cloud, whose ids the records take.
        passwords: of the two users, by name.
    """
    change = Change(State(), now)
    _put_what_is_always_there(change, passwords)
    seed = _Seed(change, spec, wanted, back_end)
    for network in wanted.networks:
        seed.put_network(network)
    for server in wanted.dhcp_servers:
        seed.put_dhcp_server(server)
    for group in wanted.security_groups:
        seed.put_security_group(group.name)
    for port in wanted.ports:
        seed.put_port(port)
    for router in wanted.routers:
        seed.put_router(router)
    for instance in wanted.instances:
        seed.put_server(instance)
    return change.result()


def project_id(name: str) -> str:
    return identity("project", name).replace("-", "")


def user_id(name: str) -> str:
    return identity("user", name).replace("-", "")


def _put_what_is_always_there(change: Change, passwords: Mapping[str, str]) -> None:
    for name, roles in ((MEMBER, ("member", "reader")), (ADMIN, ("admin", "member", "reader"))):
        change.put(Project(id=project_id(name), name=name))
        change.put(
            User(
                id=user_id(name),
                name=name,
                password=passwords[name],
                project_id=project_id(name),
                roles=roles,
            )
        )
    for id, name, vcpus, ram_mb, disk_gb in _FLAVORS:
        change.put(Flavor(id=id, name=name, vcpus=vcpus, ram_mb=ram_mb, disk_gb=disk_gb))
    change.put(
        Image(
            id=_IMAGE,
            name="debian-12",
            protected=True,
            properties={
                "os_distro": "debian",
                "os_version": "12",
                "description": "The programs of this machine, with cloud-init. lighttpd, keepalived"
                " and vipkeeperd are installed, and not started.",
            },
            created_at=change.now,
            updated_at=change.now,
        )
    )


class _Seed:
    """Turns the things of a plane into records, one kind after the other."""

    def __init__(self, change: Change, spec: CloudSpec, wanted: Plane, back_end: BackEnd) -> None:
        self._change = change
        self._spec = spec
        self._plane = wanted
        self._back_end = back_end
        self._stamp = stamp(change, 1)

    def _owner(self, network: str) -> str:
        """The project of what lies on a network."""
        found = self._change.find(Network, network)
        return project_id(ADMIN if found is not None and found.external else MEMBER)

    def _fixed_ips(self, network: str, addresses: Iterable[IPAddress]) -> tuple[FixedIP, ...]:
        return tuple(
            FixedIP(subnet_id=subnet.id, ip_address=str(address))
            for address in addresses
            if (subnet := self._plane.network(network).subnet_of(address)) is not None
        )

    def put_network(self, network: plane.Network) -> None:
        described = self._spec.network(network.name)
        owner = project_id(ADMIN if described.external else MEMBER)
        self._change.put(
            Network(
                id=network.id,
                project_id=owner,
                name=network.name,
                external=described.external,
                port_security_enabled=described.port_security_enabled,
                mtu=network.mtu,
                network_type="flat" if described.external else "vxlan",
                **self._stamp,
            )
        )
        for subnet in network.subnets:
            gateway = str(subnet.gateway) if subnet.gateway else None
            self._change.put(
                Subnet(
                    id=subnet.id,
                    project_id=owner,
                    name=f"{network.name}-subnet",
                    network_id=network.id,
                    ip_version=subnet.cidr.version,
                    cidr=str(subnet.cidr),
                    gateway_ip=gateway,
                    allocation_pools=default_pools(str(subnet.cidr), gateway),
                    enable_dhcp=subnet.enable_dhcp,
                    dns_nameservers=subnet.dns_nameservers,
                    **self._stamp,
                )
            )

    def _put_service_port(
        self, port: plane.DhcpServer | plane.RouterPort, project: str, device: str, owner: str
    ) -> None:
        self._change.put(
            Port(
                id=port.port,
                project_id=project,
                network_id=port.network,
                mac_address=port.mac_address,
                fixed_ips=self._fixed_ips(port.network, (one.ip for one in port.addresses)),
                device_id=device,
                device_owner=owner,
                port_security_enabled=False,
                **self._stamp,
            )
        )

    def put_dhcp_server(self, server: plane.DhcpServer) -> None:
        self._put_service_port(
            server,
            self._owner(server.network),
            self._back_end.dhcp_device.format(server.network),
            self._back_end.dhcp_owner,
        )

    def put_security_group(self, id: str) -> None:
        name = self._plane.group_names[id]
        self._change.put(
            SecurityGroup(
                id=id,
                project_id=project_id(MEMBER),
                name=name,
                description="Default security group" if name == DEFAULT else "",
                **self._stamp,
            )
        )
        group = next(group for group in self._plane.security_groups if group.name == id)
        # Neutron gives the rules that it makes itself no description.
        rules_of_neutron = group.rules if name == DEFAULT else egress_to_anywhere()
        for number, rule in enumerate(group.rules):
            self._change.put(
                SecurityGroupRule(
                    id=identity("security_group_rule", f"{name}/{number}"),
                    project_id=project_id(MEMBER),
                    security_group_id=id,
                    direction=rule.direction,
                    ethertype=rule.ethertype,
                    protocol=rule.protocol,
                    port_range_min=rule.port_range_min,
                    port_range_max=rule.port_range_max,
                    remote_ip_prefix=rule.remote_ip_prefix,
                    remote_group_id=rule.remote_group,
                    description=None if rule in rules_of_neutron else "",
                    **stamp(self._change, 0),
                )
            )

    def put_port(self, port: plane.Port) -> None:
        holder = next((one for one in self._plane.instances if port.id in one.ports), None)
        self._change.put(
            Port(
                id=port.id,
                project_id=self._owner(port.network),
                name=port.name,
                network_id=port.network,
                mac_address=port.mac_address,
                fixed_ips=self._fixed_ips(port.network, port.fixed_ips),
                device_id=holder.id if holder else "",
                device_owner="compute:nova" if holder else "",
                admin_state_up=port.admin_state_up,
                port_security_enabled=port.port_security_enabled,
                security_groups=port.security_groups,
                allowed_address_pairs=tuple(
                    AddressPair(
                        ip_address=pair.ip_address,
                        mac_address=pair.mac_address or port.mac_address,
                    )
                    for pair in port.allowed_address_pairs
                ),
                **self._stamp,
            )
        )

    def put_router(self, router: plane.Router) -> None:
        for port in router.interfaces:
            self._put_service_port(
                port, project_id(MEMBER), router.id, self._back_end.interface_owner
            )
        for port in router.snat_ports:
            self._put_service_port(port, "", router.id, SNAT_OWNER)
        gateway = router.gateway
        if gateway is not None:
            self._put_service_port(gateway, "", router.id, GATEWAY_OWNER)
        self._change.put(
            Router(
                id=router.id,
                project_id=project_id(MEMBER),
                name=router.name,
                gateway_port_id=gateway.port if gateway else None,
                external_network_id=gateway.network if gateway else None,
                enable_snat=router.enable_snat,
                distributed=router.distributed,
                routes=tuple(
                    HostRoute(destination=destination, nexthop=hop)
                    for destination, hop in router.routes
                ),
                **self._stamp,
            )
        )
        for floating in router.floating_ips:
            self._put_floating_ip(router, floating)

    def _put_floating_ip(self, router: plane.Router, floating: plane.FloatingIP) -> None:
        assert router.gateway is not None
        id = identity("floatingip", str(floating.address))
        inside = [port.network for port in router.interfaces]
        port = next(
            port
            for port in self._plane.ports
            if floating.fixed_ip in port.fixed_ips and port.network in inside
        )
        network = router.gateway.network
        own: dict[str, Any] = {
            "id": identity("port", f"floatingip-{floating.address}"),
            "mac_address": mac_address_of(f"floatingip-{floating.address}"),
        }
        self._change.put(
            Port(
                project_id="",
                network_id=network,
                fixed_ips=self._fixed_ips(network, [floating.address]),
                device_id=id,
                device_owner=FLOATING_IP_OWNER,
                port_security_enabled=False,
                **own,
                **self._stamp,
            )
        )
        self._change.put(
            FloatingIP(
                id=id,
                project_id=project_id(MEMBER),
                floating_network_id=network,
                floating_ip_address=str(floating.address),
                floating_port_id=own["id"],
                port_id=port.id,
                fixed_ip_address=str(floating.fixed_ip),
                router_id=router.id,
                status="ACTIVE",
                **self._stamp,
            )
        )

    def put_server(self, instance: plane.Instance) -> None:
        networks = [self._plane.port(id).network for id in instance.ports]
        project = self._owner(networks[0]) if networks else project_id(MEMBER)
        self._change.put(
            Server(
                id=instance.id,
                project_id=project,
                user_id=user_id(ADMIN if project == project_id(ADMIN) else MEMBER),
                name=instance.name,
                hostname=instance.name,
                flavor_id=_FLAVOR,
                image_id=_IMAGE,
                ports=instance.ports,
                files=dict(instance.files),
                services=tuple(
                    Service(
                        name=one.name,
                        argv=one.argv,
                        autostart=one.autostart,
                        restart=one.restart,
                        aliases=one.aliases,
                    )
                    for one in instance.services
                ),
                power_wanted=instance.running,
                created_at=self._change.now,
                updated_at=self._change.now,
                launched_at=self._change.now,
            )
        )
