"""What is answered: each resource as Neutron shows it to who asks.

``binding:*`` but the type of the NIC, and ``provider:*``, are shown to an admin only. The keys
come in the order of the recorded answers. A floating IP has no key ``name``: openstacksdk would
take it for the address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network.back_ends import BackEnd
from vipkeeper.lab.api.network.records import (
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from vipkeeper.lab.api.network.subnets import subnets_of
from vipkeeper.lab.api.records import Record, Resource, moment
from vipkeeper.lab.api.state import State

HOST = "lab"
"""Where every instance of the lab runs."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Shows resources of one state to one who asks.

    Args:
        running: ids of the servers that run: their ports are ACTIVE.
        claims: ids of OVN's virtual ports that are claimed, each with its parent's.
    """

    state: State
    context: Context
    back_end: BackEnd
    running: Collection[str] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    _cache: dict[str, Any] = field(default_factory=dict)

    def show(self, record: Record) -> dict[str, Any]:
        shows: Mapping[type[Record], Any] = {
            Network: self.network,
            Subnet: self.subnet,
            Port: self.port,
            Router: self.router,
            FloatingIP: self.floating_ip,
            SecurityGroup: self.security_group,
            SecurityGroupRule: self.rule,
        }
        shown: dict[str, Any] = shows[type(record)](record)
        return shown

    def as_made(self, record: Record) -> dict[str, Any]:
        """As the answer to the request that made it says, before any agent can have acted.

        A network says there whether it is the default one, external or not.
        """
        view = self.show(record)
        if isinstance(record, FloatingIP):
            view["status"] = "DOWN"
        if isinstance(record, Network):
            view["is_default"] = record.is_default
        return view

    def network(self, network: Network) -> dict[str, Any]:
        view = {
            "id": network.id,
            "name": network.name,
            "tenant_id": network.project_id,
            "admin_state_up": network.admin_state_up,
            "mtu": network.mtu,
            "status": "ACTIVE",
            "subnets": self._subnets_by_network().get(network.id, []),
            "shared": network.shared,
            "availability_zone_hints": [],
            "availability_zones": ["nova"] if self._subnets_by_network().get(network.id) else [],
            "ipv4_address_scope": None,
            "ipv6_address_scope": None,
            "router:external": network.external,
            "description": network.description,
            "port_security_enabled": network.port_security_enabled,
            **_standard(network),
        }
        if network.external:
            view["is_default"] = network.is_default
        if self.context.is_admin:
            view["provider:network_type"] = network.network_type
            view["provider:physical_network"] = network.physical_network
            view["provider:segmentation_id"] = network.segmentation_id
        return view

    def subnet(self, subnet: Subnet) -> dict[str, Any]:
        return {
            "id": subnet.id,
            "name": subnet.name,
            "tenant_id": subnet.project_id,
            "network_id": subnet.network_id,
            "ip_version": subnet.ip_version,
            "subnetpool_id": None,
            "enable_dhcp": subnet.enable_dhcp,
            "ipv6_ra_mode": subnet.ipv6_ra_mode,
            "ipv6_address_mode": subnet.ipv6_address_mode,
            "gateway_ip": subnet.gateway_ip,
            "cidr": subnet.cidr,
            "allocation_pools": [pool.model_dump() for pool in subnet.allocation_pools],
            "host_routes": [route.model_dump() for route in subnet.host_routes],
            "dns_nameservers": list(subnet.dns_nameservers),
            "description": subnet.description,
            "service_types": [],
            **_standard(subnet),
        }

    def port(self, port: Port) -> dict[str, Any]:
        view = {
            "id": port.id,
            "name": port.name,
            "network_id": port.network_id,
            "tenant_id": port.project_id,
            "mac_address": port.mac_address,
            "admin_state_up": port.admin_state_up,
            "status": self._port_status(port),
            "device_id": port.device_id,
            "device_owner": port.device_owner,
            "fixed_ips": [
                {"subnet_id": fixed.subnet_id, "ip_address": fixed.ip_address}
                for fixed in port.fixed_ips
            ],
            "allowed_address_pairs": [
                {"mac_address": pair.mac_address, "ip_address": pair.ip_address}
                for pair in port.allowed_address_pairs
            ],
            "extra_dhcp_opts": list(port.extra_dhcp_opts),
            "security_groups": list(port.security_groups),
            "description": port.description,
            "binding:vnic_type": port.vnic_type,
        }
        if self.context.is_admin:
            view.update(self._binding(port))
        return {
            **view,
            "port_security_enabled": port.port_security_enabled,
            **_standard(port),
        }

    def _binding(self, port: Port) -> dict[str, Any]:
        # The host of the parent that has claimed it, until Neutron 29 moved that to vif_details:
        # neutron/plugins/ml2/drivers/ovn/mech_driver/ovsdb/ovsdb_monitor.py,
        # PortBindingUpdateVirtualPortsEvent.
        if port.id in self.claims:
            return {
                "binding:profile": dict(port.profile),
                "binding:host_id": HOST,
                "binding:vif_type": "unbound",
                "binding:vif_details": {},
            }
        return {
            "binding:profile": dict(port.profile),
            "binding:host_id": port.host_id or (HOST if port.is_bound else ""),
            "binding:vif_type": self.back_end.vif_type if port.is_bound else "unbound",
            "binding:vif_details": dict(self.back_end.vif_details) if port.is_bound else {},
        }

    def _port_status(self, port: Port) -> str:
        if port.device_owner == "network:floatingip":
            return "N/A"
        if not port.admin_state_up:
            return "DOWN"
        if port.device_owner.startswith("compute:"):
            return "ACTIVE" if port.device_id in self.running else "DOWN"
        return "ACTIVE" if port.device_owner.startswith("network:") else "DOWN"

    def router(self, router: Router) -> dict[str, Any]:
        gateway = self.state.find(Port, router.gateway_port_id)
        view = {
            "id": router.id,
            "name": router.name,
            "tenant_id": router.project_id,
            "admin_state_up": router.admin_state_up,
            "status": "ACTIVE",
            "external_gateway_info": None
            if gateway is None
            else {
                "network_id": gateway.network_id,
                "external_fixed_ips": [
                    {"subnet_id": fixed.subnet_id, "ip_address": fixed.ip_address}
                    for fixed in gateway.fixed_ips
                ],
                "enable_snat": router.enable_snat,
            },
            "description": router.description,
            "availability_zones": ["nova"],
            "availability_zone_hints": [],
            "routes": [route.model_dump() for route in router.routes],
            "flavor_id": None,
            **_standard(router),
        }
        if self.context.is_admin:
            view["distributed"] = router.distributed
            view["ha"] = router.ha
        return view

    def floating_ip(self, floating: FloatingIP) -> dict[str, Any]:
        port = self.state.find(Port, floating.port_id)
        return {
            "id": floating.id,
            "tenant_id": floating.project_id,
            "floating_ip_address": floating.floating_ip_address,
            "floating_network_id": floating.floating_network_id,
            "router_id": floating.router_id,
            "port_id": floating.port_id,
            "fixed_ip_address": floating.fixed_ip_address,
            "status": floating.status,
            "description": floating.description,
            "port_details": None
            if port is None
            else {
                "name": port.name,
                "network_id": port.network_id,
                "mac_address": port.mac_address,
                "admin_state_up": port.admin_state_up,
                "status": self._port_status(port),
                "device_id": port.device_id,
                "device_owner": port.device_owner,
            },
            **_standard(floating),
        }

    def security_group(self, group: SecurityGroup) -> dict[str, Any]:
        return {
            "id": group.id,
            "name": group.name,
            "stateful": group.stateful,
            "tenant_id": group.project_id,
            "description": group.description,
            "shared": False,
            "security_group_rules": [
                self._rule_in_group(rule) for rule in self._rules_by_group().get(group.id, [])
            ],
            **_standard(group),
        }

    def _rule_in_group(self, rule: SecurityGroupRule) -> dict[str, Any]:
        """As a group shows it: with its tags, and a number of the database that leaks out there."""
        number = UUID(rule.id).int % 2**31
        return {**self.rule(rule), "standard_attr_id": number, "tags": list(rule.tags)}

    def rule(self, rule: SecurityGroupRule) -> dict[str, Any]:
        prefix = rule.remote_ip_prefix
        view = {
            "id": rule.id,
            "tenant_id": rule.project_id,
            "security_group_id": rule.security_group_id,
            "ethertype": rule.ethertype,
            "direction": rule.direction,
            "protocol": rule.protocol,
            "port_range_min": rule.port_range_min,
            "port_range_max": rule.port_range_max,
            "remote_ip_prefix": prefix,
            "remote_address_group_id": None,
            "normalized_cidr": None if prefix is None else str(ip_network(prefix, strict=False)),
            "remote_group_id": rule.remote_group_id,
            "description": rule.description,
            **_standard(rule),
        }
        del view["tags"]
        return view

    def _subnets_by_network(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] | None = self._cache.get("subnets")
        if found is None:
            found = {}
            for network in self.state.all(Network):
                found[network.id] = [one.id for one in subnets_of(self.state, network.id)]
            self._cache["subnets"] = found
        return found

    def _rules_by_group(self) -> dict[str, list[SecurityGroupRule]]:
        found: dict[str, list[SecurityGroupRule]] | None = self._cache.get("rules")
        if found is None:
            found = {}
            for rule in self.state.all(SecurityGroupRule):
                found.setdefault(rule.security_group_id, []).append(rule)
            self._cache["rules"] = found
        return found


def _standard(resource: Resource) -> dict[str, Any]:
    return {
        "tags": list(resource.tags),
        "created_at": moment(resource.created_at),
        "updated_at": moment(resource.updated_at),
        "revision_number": resource.revision_number,
        "project_id": resource.project_id,
    }
