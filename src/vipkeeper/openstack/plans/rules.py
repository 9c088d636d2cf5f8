"""Which rules a virtual IP's security group has to have, and which of ours it need not have.

A wanted rule counts as there if a rule of the group admits at least as much. Of the others only
those of our making are ever taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import AuthenticationType, Family, ServicePort, VipSpec
from vipkeeper.openstack.resources import Rule, SecurityGroup

ETHERTYPES: dict[Family, str] = {4: "IPv4", 6: "IPv6"}
VRRP, AH = "112", "51"
"""By number: not every cloud knows the names (openshift/installer#3435)."""
LINK_LOCAL = "fe80::/64"
"""Where IPv6 adverts come from (RFC 9568 5.1.2.1): no group has such addresses as members."""

_NUMBERS = {
    "ah": "51",
    "icmp": "1",
    "icmpv6": "58",
    "ipv6-icmp": "58",
    "sctp": "132",
    "tcp": "6",
    "udp": "17",
    "vrrp": "112",
}
_ANY = (None, "any", "-1")


def wanted(spec: VipSpec, group: str, *, egress: bool) -> tuple[Rule, ...]:
    """What a group has to have, each with our description, none of which covers another.

    Args:
        group: its ID, or MADE: the remote group of VRRP's rules.
        egress: whether adverts have to be let out as well: the group was made by us, but not just
            now, since Neutron gives a new one rules for that.
    """
    protocols = [VRRP]
    authentication = spec.vrrp.authentication
    if authentication and authentication.type is AuthenticationType.AH:
        protocols.append(AH)
    rules: list[Rule] = []
    for family in spec.families:
        ethertype = ETHERTYPES[family]
        for protocol in protocols:
            rules.append(Rule("ingress", ethertype, protocol, remote_group_id=group))
            if family == 6:
                rules.append(Rule("ingress", ethertype, protocol, remote_ip_prefix=LINK_LOCAL))
    for service in spec.service_ports:
        rules += [_service(service, family) for family in _families(spec, service)]
    if egress:
        rules += [Rule("egress", ETHERTYPES[family]) for family in spec.families]
    described = (replace(rule, description=marks.description(spec.name)) for rule in rules)
    return _without_covered(list(described))


def missing(rules: Sequence[Rule], group: SecurityGroup, name: str) -> tuple[Rule, ...]:
    """Those of the wanted rules that are not there."""
    there = [rule for rule in group.rules if rule not in obsolete(rules, group, name)]
    return tuple(rule for rule in rules if not any(admits(one, rule) for one in there))


def obsolete(rules: Iterable[Rule], group: SecurityGroup, name: str) -> tuple[Rule, ...]:
    """The group's rules of our making that are none of the wanted ones."""
    known = tuple(rules)
    return tuple(
        rule
        for rule in group.rules
        if marks.is_made_for(name, rule.description)
        and not any(admits(rule, one) and admits(one, rule) for one in known)
    )


def admits(rule: Rule, other: Rule) -> bool:
    """Whether whatever the other rule lets pass passes by this one."""
    return (
        rule.direction == other.direction
        and rule.ethertype.lower() == other.ethertype.lower()
        and _protocol(rule) in (None, _protocol(other))
        and _covers_ports(rule, other)
        and _covers_remote(rule, other)
    )


def _families(spec: VipSpec, service: ServicePort) -> tuple[Family, ...]:
    if service.source is None:
        return spec.families
    return tuple(one for one in spec.families if one == service.source.version)


def _service(service: ServicePort, family: Family) -> Rule:
    protocol: str = service.protocol
    if protocol == "icmp" and family == 6:
        protocol = "ipv6-icmp"
    prefix = service.source if service.source and service.source.prefixlen else None
    return Rule(
        "ingress",
        ETHERTYPES[family],
        protocol,
        service.first,
        service.first if service.last is None else service.last,
        str(prefix) if prefix else None,
    )


def _without_covered(rules: list[Rule]) -> tuple[Rule, ...]:
    """Each rule that no other covers; of two that say the same the first."""
    kept: list[Rule] = []
    for at, rule in enumerate(rules):
        before = any(admits(other, rule) for other in rules[:at])
        after = any(admits(other, rule) and not admits(rule, other) for other in rules[at + 1 :])
        if not before and not after:
            kept.append(rule)
    return tuple(kept)


def _protocol(rule: Rule) -> str | None:
    """Its number as text; None is any."""
    if rule.protocol in _ANY:
        return None
    assert rule.protocol is not None
    name = rule.protocol.lower()
    if name in ("icmp", "1") and rule.ethertype.lower() == "ipv6":
        return "58"  # Neutron takes it so (LP#1582500)
    return _NUMBERS.get(name, name)


def _covers_ports(rule: Rule, other: Rule) -> bool:
    """For ICMP the two are type and code: a rule for one type is not for all."""
    if rule.port_range_min is None and rule.port_range_max is None:
        return True
    if _protocol(rule) in ("1", "58"):
        return (rule.port_range_min, rule.port_range_max) == (
            other.port_range_min,
            other.port_range_max,
        )
    if None in (other.port_range_min, other.port_range_max):
        return False
    assert other.port_range_min is not None
    assert other.port_range_max is not None
    low = rule.port_range_min if rule.port_range_min is not None else 0
    high = rule.port_range_max if rule.port_range_max is not None else 65535
    return low <= other.port_range_min and other.port_range_max <= high


def _covers_remote(rule: Rule, other: Rule) -> bool:
    if rule.remote_address_group_id:
        return rule.remote_address_group_id == other.remote_address_group_id
    if rule.remote_group_id:
        return rule.remote_group_id == other.remote_group_id
    network = _prefix(rule)
    if network is None:
        return True
    if other.remote_group_id or other.remote_address_group_id:
        return False
    inner = _prefix(other)
    return inner is not None and _holds(network, inner)


def _prefix(rule: Rule) -> IPv4Network | IPv6Network | None:
    """Where it is for; None is anywhere."""
    if not rule.remote_ip_prefix:
        return None
    network = ip_network(rule.remote_ip_prefix, strict=False)
    return network if network.prefixlen else None


def _holds(outer: IPv4Network | IPv6Network, inner: IPv4Network | IPv6Network) -> bool:
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )
