"""What a virtual IP's declaration means."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import pytest
from pydantic import SecretStr

from vipkeeper.openstack.declaration import spec_file
from vipkeeper.openstack.declaration.spec import (
    Authentication,
    AuthenticationType,
    FloatingIp,
    Member,
    Mode,
    ServicePort,
    VipSpec,
    Vrrp,
)

SMALL: dict[str, Any] = {"name": "web", "network": "int_net", "members": ["a", "b"]}


def spec(**keys: Any) -> VipSpec:
    return spec_file.checked({**SMALL, **keys}, "f")


class TestWhatIsWritten:
    def test_little_is_needed(self) -> None:
        assert spec() == VipSpec(
            name="web",
            network="int_net",
            families=(4,),
            addresses=(),
            members=(Member(server="a"), Member(server="b")),
            floating_ip=None,
            vrrp=Vrrp(),
            service_ports=(),
            security_group=None,
            anti_affinity=False,
        )

    @pytest.mark.parametrize(
        ("written", "families", "addresses"),
        [
            ({}, (4,), ()),
            ({"ip": 6}, (6,), ()),
            ({"ip": "dual"}, (4, 6), ()),
            ({"address": "10.0.0.1"}, (4,), ("10.0.0.1",)),
            ({"address": "fd00::1"}, (6,), ("fd00::1",)),
            ({"address": ["fd00::1", "10.0.0.1"]}, (4, 6), ("10.0.0.1", "fd00::1")),
            ({"address": "fd00::1", "ip": "dual"}, (4, 6), ("fd00::1",)),
            ({"address": None, "ip": None}, (4,), ()),
        ],
    )
    def test_families_and_addresses(
        self, written: dict[str, Any], families: tuple[int, ...], addresses: tuple[str, ...]
    ) -> None:
        found = spec(**written)
        assert (found.families, found.addresses) == (
            families,
            tuple(ip_address(one) for one in addresses),
        )

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("test01", Member(server="test01")),
            ({"server": "t", "priority": 50, "interface": "ens3"}, None),
            ({"port": "p"}, Member(port="p")),
        ],
    )
    def test_a_member(self, written: Any, meant: Member | None) -> None:
        meant = meant or Member(server="t", priority=50, interface="ens3")
        assert spec(members=[written, "b"]).members == (meant, Member(server="b"))

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("ext", FloatingIp(network="ext")),
            ({"network": "ext"}, FloatingIp(network="ext")),
            ("99.88.128.171", FloatingIp(address=IPv4Address("99.88.128.171"))),
            ({"address": "99.88.128.171"}, FloatingIp(address=IPv4Address("99.88.128.171"))),
            (True, FloatingIp()),
            ({}, FloatingIp()),
            (False, None),
            ("none", None),
            (None, None),
        ],
    )
    def test_a_floating_ip(self, written: Any, meant: FloatingIp | None) -> None:
        assert spec(floating_ip=written).floating_ip == meant

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            (80, ServicePort(first=80, last=80)),
            ("80", ServicePort(first=80, last=80)),
            ("443/tcp", ServicePort(first=443, last=443)),
            ("53/UDP", ServicePort(protocol="udp", first=53, last=53)),
            ("8000-8010", ServicePort(first=8000, last=8010)),
            ("8000 - 8010/sctp", ServicePort(protocol="sctp", first=8000, last=8010)),
            ("icmp", ServicePort(protocol="icmp")),
            ({"port": 22}, ServicePort(first=22, last=22)),
            ({"port": 53, "protocol": "udp"}, ServicePort(protocol="udp", first=53, last=53)),
            (
                {"port": "53/udp", "from": "10.0.0.0/8"},
                ServicePort(protocol="udp", first=53, last=53, source=ip_network("10.0.0.0/8")),
            ),
            (
                {"port": "icmp", "from": "10.0.0.9"},
                ServicePort(protocol="icmp", source=ip_network("10.0.0.9/32")),
            ),
            ({"protocol": "icmp"}, ServicePort(protocol="icmp")),
        ],
    )
    def test_a_service_port(self, written: Any, meant: ServicePort) -> None:
        assert spec(service_ports=[written]).service_ports == (meant,)

    def test_vrrp(self) -> None:
        assert spec(
            vrrp={
                "version": 2,
                "vrid": 51,
                "interval": 2,
                "authentication": {"type": "ah", "password": "secret"},
                "mode": "multicast",
                "preempt": False,
                "virtual_mac": True,
            }
        ).vrrp == Vrrp(
            version=2,
            vrid=51,
            interval=2.0,
            authentication=Authentication(type=AuthenticationType.AH, password=SecretStr("secret")),
            mode=Mode.MULTICAST,
            preempt=False,
            virtual_mac=True,
        )

    @pytest.mark.parametrize(
        ("written", "version"),
        [({}, 3), ({"authentication": {"password": "s"}}, 2), ({"version": 2}, 2)],
    )
    def test_the_version_follows_from_authentication(
        self, written: dict[str, Any], version: int
    ) -> None:
        assert spec(vrrp=written).vrrp.protocol_version == version

    def test_priorities_go_down_by_ten_unless_they_are_given(self) -> None:
        members = ["a", {"server": "b", "priority": 50}, "c"]
        assert spec(members=members).priorities() == (100, 50, 80)

    def test_many_members_have_priorities_too(self) -> None:
        found = spec(members=[f"m{number}" for number in range(99)]).priorities()
        assert len(set(found)) == 99
        assert (found[0], found[-1]) == (100, 2)

    def test_code_calls_the_parts_by_their_names(self) -> None:
        assert VipSpec(
            name="web",
            network="n",
            members=(Member(server="a"), Member(server="b")),
            addresses=(ip_address("fd00::1"),),
        ) == (
            spec_file.checked(
                {"name": "web", "network": "n", "members": ["a", "b"], "address": "fd00::1"}, "f"
            )
        )

    def test_a_password_is_not_shown(self) -> None:
        found = spec(vrrp={"authentication": {"password": "secret"}})
        assert "secret" not in repr(found)
