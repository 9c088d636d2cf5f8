"""Who the members of a virtual IP are that was made by hand, and what their groups let in."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from tests.openstack.adoptions import (
    adopted,
    changed,
    codes,
    of_walkthrough,
    spec_of,
)
from tests.openstack.clouds import (
    DEFAULT,
    VIP,
    VRRP,
    WEB,
    by_hand,
    group,
    ingress,
    pair,
    port,
)
from vipkeeper.openstack.plans.steps import (
    ChangeGroup,
)
from vipkeeper.openstack.resources import AddressPair


class TestWhoIsAMember:
    def test_whoever_has_a_pair_for_the_address(self) -> None:
        found = by_hand()
        other = port("other", "192.168.100.9")
        other = replace(other, allowed_address_pairs=(pair("192.168.100.99", other),))
        found = replace(found, ports=(*found.ports, other))
        assert [one.label for one in spec_of(adopted(found)).members] == ["test01", "test02"]

    def test_a_port_without_a_server_is_one_by_its_name(self) -> None:
        lone = port("lone", "192.168.100.9")
        lone = replace(lone, allowed_address_pairs=(pair(VIP, lone),))
        found = by_hand()
        found = replace(found, ports=(*found.ports, lone))
        assert [(one.server, one.port) for one in spec_of(adopted(found)).members] == [
            (None, "lone"),
            ("test01", None),
            ("test02", None),
        ]

    def test_a_router_with_a_pair_for_everything_is_none(self) -> None:
        router = port("router", "192.168.100.9")
        router = replace(router, allowed_address_pairs=(pair("0.0.0.0/0", router),))
        found = by_hand()
        result = adopted(replace(found, ports=(*found.ports, router)), of_walkthrough())
        assert [one.label for one in spec_of(result).members] == ["test01", "test02"]
        assert codes(result) == ["prefix-is-no-member", "ports-of-other-groups"]

    def test_prefixes_count_where_there_is_nothing_else(self) -> None:
        found = by_hand()
        for name in ("test01", "test02"):
            mac = next(one.mac_address for one in found.ports if one.name == name)
            pairs = (AddressPair("192.168.100.0/24", mac),)
            found = changed(found, name, allowed_address_pairs=pairs)
        result = adopted(found, of_walkthrough())
        assert [one.label for one in spec_of(result).members] == ["test01", "test02"]
        assert codes(result).count("member-by-prefix") == 2

    def test_a_pair_with_another_mac_makes_one_too(self) -> None:
        found = changed(
            by_hand(), "test02", allowed_address_pairs=(AddressPair(VIP, "fa:16:3e:00:00:01"),)
        )
        assert [one.label for one in spec_of(adopted(found)).members] == ["test01", "test02"]

    def test_two_servers_of_one_name_are_told_by_their_ids(self) -> None:
        found = by_hand()
        found = replace(found, servers=tuple(replace(one, name="test") for one in found.servers))
        assert [one.server for one in spec_of(adopted(found)).members] == [
            "server-test01",
            "server-test02",
        ]


class TestGroups:
    def test_the_default_group_will_do(self) -> None:
        found = by_hand()
        for name in ("test01", "test02"):
            found = changed(found, name, security_groups=("group-default", "group-web"))
        assert spec_of(adopted(found)).security_group == "default"

    def test_one_that_was_made_for_vrrp_goes_first(self) -> None:
        found = by_hand()
        groups = ("group-default", "group-web", "group-vrrp")
        for name in ("test01", "test02"):
            found = changed(found, name, security_groups=groups)
        assert spec_of(adopted(found)).security_group == "vrrp"

    def test_none_that_only_some_have_or_of_another_project(self) -> None:
        one = changed(by_hand(), "test02", security_groups=("group-web",))
        foreign = replace(VRRP, project_id="project-other")
        other = replace(by_hand(), groups=(DEFAULT, WEB, foreign))
        for found in (one, other):
            result = adopted(found, of_walkthrough())
            assert spec_of(result).security_group is None
            assert codes(result) == ["no-shared-group", "ports-of-other-groups"]
            assert not any(isinstance(step, ChangeGroup) for step in result.steps)

    def test_what_other_groups_of_all_members_let_in_is_told_and_not_declared(self) -> None:
        one = group(
            "one",
            ingress("tcp", 80),
            ingress("tcp", 443),
            ingress("tcp", port_range_min=8000, port_range_max=8010),
            ingress("udp", 53, remote_ip_prefix="10.0.0.0/8"),
            ingress("tcp", 9000, remote_group_id="group-one"),
            ingress("icmp"),
        )
        two = group(
            "two",
            ingress("6", 80, remote_ip_prefix="0.0.0.0/0"),
            ingress("tcp", 8005),
            ingress("17", 53),
            ingress("tcp", 9000, remote_group_id="group-one"),
            ingress("icmp", port_range_min=8, port_range_max=0),
        )
        found = replace(by_hand(), groups=(VRRP, one, two))
        found = changed(found, "test01", security_groups=("group-vrrp", "group-one"))
        found = changed(found, "test02", security_groups=("group-vrrp", "group-two"))
        result = adopted(found, of_walkthrough())
        assert spec_of(result).service_ports == ()
        (remark,) = result.remarks
        assert remark.sentence.endswith(": 80/tcp, 8005/tcp, 53/udp from 10.0.0.0/8")

    def test_service_ports_are_those_that_the_adopted_group_lets_in(self) -> None:
        shared = replace(
            VRRP,
            rules=(
                *VRRP.rules,
                ingress("tcp", 80),
                ingress("6", 80, remote_ip_prefix="0.0.0.0/0"),
                ingress("udp", 53, remote_ip_prefix="10.0.0.0/8"),
                ingress("tcp", 9000, remote_group_id=VRRP.id),
                ingress("icmp"),
                ingress("tcp", 443, ethertype="IPv6"),
            ),
        )
        result = adopted(replace(by_hand(), groups=(DEFAULT, WEB, shared)), of_walkthrough())
        spec = spec_of(result)
        assert [(one.protocol, one.first, one.source) for one in spec.service_ports] == [
            ("tcp", 80, None),
            ("udp", 53, ip_network("10.0.0.0/8")),
            ("icmp", None, None),
        ]
        (remark,) = result.remarks
        assert remark.sentence.endswith("service ports: 22/tcp, 7007/udp")

    def test_members_without_port_security_need_no_group(self) -> None:
        found = by_hand()
        for name in ("test01", "test02"):
            found = changed(found, name, port_security_enabled=False, security_groups=())
        result = adopted(found, of_walkthrough())
        assert (spec_of(result).security_group, spec_of(result).service_ports) == (None, ())
        assert codes(result) == []
