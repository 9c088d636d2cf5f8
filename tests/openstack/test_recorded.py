"""The spec of a virtual IP as its marks tell it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import assume, given, settings
from pydantic import SecretStr

from tests.openstack.appliers import applying
from tests.openstack.clouds import (
    EXTERNAL_NET,
    INT_NET,
    INT_SUBNET,
    INT_SUBNET_6,
    VIP,
    bound_port,
    changed_port,
    declared,
    floating_ip,
    group,
    port,
    server,
    walkthrough,
)
from tests.openstack.pretend import PretendCloud
from tests.openstack.seen import by_name
from tests.openstack.specs import specs
from vipkeeper.errors import ConfigError
from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration import spec_file, spec_text
from vipkeeper.openstack.declaration.spec import Member, ServicePort, VipSpec, Vrrp
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.recorded import in_order, recorded, service_port, without_defaults
from vipkeeper.openstack.resources import Port, Quota, Rule


def applied(spec: VipSpec, everything: Found) -> Found:
    """What is found by the name alone, after the spec has been applied."""
    cloud = PretendCloud(everything)
    for _ in applying(cloud, spec):
        pass
    return by_name(cloud.everything, spec.name)


def test_the_walkthrough() -> None:
    assert recorded("web", applied(declared(), walkthrough())) == VipSpec.model_validate(
        {
            "name": "web",
            "network": "int_net",
            "address": VIP,
            "members": ["test01", {"server": "test02", "priority": 50}],
            "floating_ip": {"network": EXTERNAL_NET.id},
            "vrrp": {"vrid": 196},
            "service_ports": [80],
        }
    )


def test_the_networks_name_is_told_where_it_was_found() -> None:
    found = replace(applied(declared(), walkthrough()), external_networks=(EXTERNAL_NET,))
    spec = recorded("web", found)
    assert spec is not None
    assert spec.floating_ip == declared().floating_ip


def test_another_name_has_nothing() -> None:
    assert recorded("other", applied(declared(), walkthrough())) is None
    assert recorded("web", walkthrough()) is None


def test_a_password_is_nowhere_and_so_no_spec_can_be_read_back() -> None:
    spec = declared(vrrp={"authentication": {"password": "secret"}})
    found = recorded("web", applied(spec, walkthrough()))
    assert found is not None
    assert found.vrrp.authentication is not None
    assert found.vrrp.authentication.password == SecretStr("")
    assert found.vrrp.protocol_version == 2
    with pytest.raises(ConfigError, match=r"authentication\.password: is empty"):
        spec_file.parse(spec_text.text(found), "f")


def test_members_of_a_server_with_two_ports_or_of_none_are_told_by_their_ports() -> None:
    second = bound_port("test01", "192.168.100.9", name="second", id="port-second")
    lone = port("lone", "192.168.100.10")
    everything = walkthrough()
    everything = replace(everything, ports=(*everything.ports, second, lone))
    spec = declared(members=({"port": "second"}, {"port": "lone"}, {"server": "test02"}))
    cloud = PretendCloud(everything)
    for _ in applying(cloud, spec):
        pass
    found = replace(by_name(cloud.everything, "web"), ports=cloud.everything.ports)
    again = recorded("web", found)
    assert again is not None
    assert again.members == spec.members


@pytest.mark.parametrize(
    ("change", "labels"),
    [
        (lambda one: replace(one, tags=()), None),
        (lambda one: replace(one, tags=("vipkeeper:web",)), ["test02", "test01"]),
        (
            lambda one: replace(one, tags=("vipkeeper:web", "vipkeeper:web:priority=x")),
            ["test02", "test01"],
        ),
        (
            lambda one: replace(one, tags=("vipkeeper:web", "vipkeeper:web:priority=50")),
            ["test01", "test02"],
        ),
    ],
)
def test_marks_that_somebody_has_changed(change: Any, labels: list[str] | None) -> None:
    found = changed_port(applied(declared(), walkthrough()), "test01", change)
    spec = recorded("web", found)
    assert (spec and [one.label for one in spec.members]) == labels


@pytest.mark.parametrize(
    "description",
    ["", "my port", "vipkeeper vip=web", "vipkeeper vip=web family=4 vrrp=9 vrid=900"],
)
def test_a_vip_port_that_says_nothing_any_more(description: str) -> None:
    found = changed_port(
        applied(declared(), walkthrough()),
        "web-vip",
        lambda one: replace(one, description=description),
    )
    assert recorded("web", found) is None


def test_a_record_that_cannot_be() -> None:
    def changed(one: Port) -> Port:
        return replace(one, description=one.description.replace("vrid=196", "vrid=900"))

    found = changed_port(applied(declared(), walkthrough()), "web-vip", changed)
    assert recorded("web", found) is None


def test_the_address_of_a_port_that_is_gone_is_known_by_the_members() -> None:
    everything = walkthrough(
        subnets=(INT_SUBNET, INT_SUBNET_6),
        ports=(
            bound_port("test01", "192.168.100.131", "fd00:100::131"),
            bound_port("test02", "192.168.100.67", "fd00:100::67"),
        ),
    )
    spec = declared(families=(4, 6), addresses=(VIP, "fd00:100::196"))
    found = applied(spec, everything)
    found = replace(found, ports=tuple(one for one in found.ports if one.name != "web-vip6"))
    again = recorded("web", found)
    assert again is not None
    assert again.addresses == spec.addresses


@pytest.mark.parametrize(
    ("rule", "port"),
    [
        (Rule("ingress", "IPv4", "tcp", 80, 80), ServicePort(first=80, last=80)),
        (Rule("ingress", "IPv4", "6", 80, None), ServicePort(first=80, last=80)),
        (Rule("ingress", "IPv4", "tcp"), ServicePort(first=1, last=65535)),
        (
            Rule("ingress", "IPv4", "udp", 53, 54, "10.0.0.0/8"),
            ServicePort(protocol="udp", first=53, last=54, source=ip_network("10.0.0.0/8")),
        ),
        (Rule("ingress", "IPv4", "icmp", None, None, "0.0.0.0/0"), ServicePort(protocol="icmp")),
        (Rule("ingress", "IPv6", "ipv6-icmp"), ServicePort(protocol="icmp")),
        (Rule("ingress", "IPv4", "icmp", 8, 0), None),
        (Rule("ingress", "IPv4", "112"), None),
        (Rule("ingress", "IPv4"), None),
        (Rule("egress", "IPv4", "tcp", 80, 80), None),
        (Rule("ingress", "IPv4", "tcp", 80, 80, remote_group_id="g"), None),
    ],
)
def test_what_a_rule_lets_clients_ask_for(rule: Rule, port: ServicePort | None) -> None:
    assert service_port(rule) == port


@settings(deadline=None)
@given(spec=specs())
def test_any_spec_that_was_applied_is_told_by_its_marks(spec: VipSpec) -> None:
    assume(spec.network != (spec.floating_ip and spec.floating_ip.network))
    found = recorded(spec.name, applied(spec, cloud_for(spec)))
    assert found is not None
    assert found == as_recorded(spec, found)


def cloud_for(spec: VipSpec) -> Found:
    """A cloud in which a spec can be applied: all that it names is there."""
    network = replace(INT_NET, name=spec.network)
    subnets = (
        replace(INT_SUBNET, cidr=ip_network("10.0.0.0/8"), gateway_ip=None),
        replace(INT_SUBNET_6, cidr=ip_network("fd00::/64"), gateway_ip=None),
    )
    ports, servers = [], []
    for number, member in enumerate(spec.members, 1):
        addresses = (f"10.255.255.{number}", f"fd00::ffff:ffff:ffff:{number}")
        assume(not {str(one) for one in spec.addresses} & set(addresses))
        if member.server:
            servers.append(replace(server(f"s{number}"), name=member.server))
            ports.append(bound_port(f"s{number}", *addresses, name="", number=number))
        else:
            name = member.port or ""
            ports.append(port(name, *addresses, id=f"port-p{number}", number=number))
    wanted = spec.floating_ip
    outside = replace(EXTERNAL_NET, name=(wanted and wanted.network) or "outside")
    there = (floating_ip(str(wanted.address)),) if wanted and wanted.address else ()
    groups = (group(spec.security_group, id="group-shared"),) if spec.security_group else ()
    return walkthrough(
        networks=(network,),
        external_networks=(outside,),
        subnets=subnets,
        ports=tuple(ports),
        servers=tuple(servers),
        groups=groups,
        floating_ips=there,
        quotas={"port": Quota(-1, 0)},
    )


def as_recorded(spec: VipSpec, found: VipSpec) -> VipSpec:
    """What a spec looks like when it is told by its marks.

    Args:
        found: where what the spec left to the cloud is taken from.
    """
    members = zip(spec.members, spec.priorities(), strict=True)
    explicit = [one.model_copy(update={"priority": priority}) for one, priority in members]
    addresses = [spec.address(family) or found.address(family) for family in spec.families]
    vrrp = spec.vrrp
    authentication = vrrp.authentication and vrrp.authentication.model_copy(
        update={"password": SecretStr("")}
    )
    default = Vrrp(authentication=vrrp.authentication).protocol_version
    of_floating_ip = spec.floating_ip and spec.floating_ip.model_copy(
        update={"network": EXTERNAL_NET.id}
    )
    return spec.model_copy(
        update={
            "addresses": tuple(addresses),
            "members": without_defaults(explicit),
            "floating_ip": of_floating_ip,
            "vrrp": vrrp.model_copy(
                update={
                    "version": None if vrrp.protocol_version == default else vrrp.version,
                    "vrid": vrrp.vrid or found.vrrp.vrid,
                    "authentication": authentication,
                }
            ),
            "service_ports": in_order(
                one for one in spec.service_ports if not covered(one, spec.service_ports)
            ),
            # where there is a member without a server, which is to be made apart
            "anti_affinity": spec.anti_affinity and any(one.port for one in spec.members),
        }
    )


def covered(port: ServicePort, others: tuple[ServicePort, ...]) -> bool:
    """Whether another one lets in whatever this one does, so that this one needs no rule."""
    return any(
        one != port
        and one.protocol == port.protocol
        and (one.first or 0) <= (port.first or 0)
        and (port.last or 0) <= (one.last or 0)
        and (
            one.source is None
            or (
                port.source is not None
                and one.source.version == port.source.version
                and port.source.network_address in one.source
                and one.source.prefixlen <= port.source.prefixlen
            )
        )
        for one in others
    )


def test_priorities_that_follow_from_the_place_are_left_out() -> None:
    members = [Member(server=name, priority=value) for name, value in (("a", 50), ("b", 100))]
    assert without_defaults(members) == (Member(server="b"), Member(server="a", priority=50))
    assert marks.member_tag("web", "priority=100") == "vipkeeper:web:priority=100"
