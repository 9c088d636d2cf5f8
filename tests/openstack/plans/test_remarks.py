"""What is said before anything is done: each remark once, where it belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

import pytest

from tests.openstack.clouds import (
    EXTENSIONS,
    EXTERNAL_NET,
    FLOATING,
    INT_NET,
    INT_SUBNET,
    INT_SUBNET_6,
    TEST01,
    TEST02,
    USER_VIP,
    VIP,
    bound_port,
    by_hand,
    declared,
    floating_ip,
    group,
    port,
    server,
    walkthrough,
    with_pairs,
)
from vipkeeper.openstack import marks
from vipkeeper.openstack.plans.plan import Plan, Severity
from vipkeeper.openstack.plans.planning import plan
from vipkeeper.openstack.resources import AddressPair, Quota

OVN = ("network:distributed", "network:router_interface")
DVR = ("network:dhcp", "network:router_centralized_snat", "network:router_interface_distributed")
OFF: dict[str, Any] = {"port_security_enabled": False, "security_groups": ()}
OF_BOTH = {
    "subnets": (INT_SUBNET, INT_SUBNET_6),
    "ports": (
        replace(TEST01, fixed_ips=port("a", "192.168.100.131", "fd00:100::131").fixed_ips),
        replace(TEST02, fixed_ips=port("a", "192.168.100.67", "fd00:100::67").fixed_ips),
    ),
}
IP_PAIRS = tuple(AddressPair(f"10.0.0.{number}", TEST01.mac_address) for number in range(10))
VIP_OF_WEB = replace(USER_VIP, name="web-vip", tags=("vipkeeper-vip", "vipkeeper:web"))
MADE_ELSEWHERE = replace(VIP_OF_WEB, network_id="net-other", description=marks.description("web"))
VIRTUAL_MAC = {"vrrp": {"virtual_mac": True}}


@dataclass(frozen=True)
class Case:
    """Attributes: ``found``: of Found, over the walkthrough's; ``spec``: over the declared one."""

    code: str
    severity: str
    found: dict[str, Any]
    spec: dict[str, Any]
    words: str = ""


CASES = (
    Case("network-missing", "blocker", {"networks": ()}, {}, "there is no network int_net"),
    Case(
        "network-ambiguous",
        "blocker",
        {"networks": (INT_NET, replace(INT_NET, id="net-other"))},
        {},
        "net-int_net and net-other",
    ),
    Case("server-missing", "blocker", {"servers": (server("test02"),)}, {}, "server test01"),
    Case(
        "server-ambiguous",
        "blocker",
        {"servers": (server("test01"), replace(server("test01"), id="x"), server("test02"))},
        {},
        "server-test01 and x",
    ),
    Case("port-missing", "blocker", {}, {"members": ({"port": "a"}, {"server": "test02"})}),
    Case(
        "port-ambiguous",
        "blocker",
        {"ports": (replace(TEST01, name="twin"), replace(TEST02, name="twin"))},
        {"members": ({"port": "twin"}, {"server": "test02"})},
    ),
    Case("security-group-missing", "blocker", {}, {"security_group": "mine"}),
    Case(
        "security-group-ambiguous",
        "blocker",
        {"groups": (group("mine"), replace(group("mine"), id="group-2"))},
        {"security_group": "mine"},
    ),
    Case(
        "member-is-vip-port",
        "blocker",
        {"ports": (TEST01, TEST02, VIP_OF_WEB)},
        {"members": ({"port": "web-vip"}, {"server": "test02"})},
    ),
    Case(
        "member-is-no-server",
        "blocker",
        {
            "ports": (
                TEST01,
                TEST02,
                bound_port("r", "192.168.100.1", device_owner="network:router_interface"),
            )
        },
        {"members": ({"port": "r"}, {"server": "test02"})},
    ),
    Case("member-without-port", "blocker", {"ports": (TEST02,)}, {}, "test01 has no port"),
    Case(
        "member-with-several-ports",
        "blocker",
        {"ports": (TEST01, replace(TEST01, id="port-2"), TEST02)},
        {},
        "has 2 ports in the network int_net: port-2 and port-test01",
    ),
    Case(
        "member-twice",
        "blocker",
        {},
        {"members": ({"server": "test01"}, {"port": "port-test01"})},
        "test01 and port-test01 are one member",
    ),
    Case(
        "member-without-address",
        "blocker",
        {"subnets": (INT_SUBNET, INT_SUBNET_6)},
        {"families": (4, 6)},
        "test01 has no IPv6 address",
    ),
    Case("subnet-missing", "blocker", OF_BOTH | {"subnets": (INT_SUBNET_6,)}, {}),
    Case(
        "subnet-ambiguous",
        "blocker",
        {
            "subnets": (
                replace(INT_SUBNET, id="a", cidr=ip_network("10.1.0.0/24")),
                replace(INT_SUBNET, id="b", cidr=ip_network("10.2.0.0/24")),
            )
        },
        {"addresses": ()},
    ),
    Case("address-outside-subnet", "blocker", {}, {"addresses": ("10.0.0.1",)}),
    Case("address-is-gateway", "blocker", {}, {"addresses": ("192.168.100.1",)}),
    Case("address-is-reserved", "blocker", {}, {"addresses": ("192.168.100.255",)}),
    Case(
        "address-held-by-port",
        "blocker",
        {"ports": (TEST01, TEST02, USER_VIP)},
        {},
        "held by port USER-vip",
    ),
    Case(
        "address-of-another-vip",
        "blocker",
        {"ports": (TEST01, TEST02, replace(USER_VIP, tags=("vipkeeper-vip", "vipkeeper:db")))},
        {},
        "belongs to the virtual IP db",
    ),
    Case(
        "address-in-use",
        "blocker",
        {"ports": (TEST01, TEST02, bound_port("d", VIP, device_owner="network:dhcp"))},
        {},
    ),
    Case(
        "vip-port-bound",
        "blocker",
        {"ports": (TEST01, TEST02, replace(USER_VIP, device_id="server-test01"))},
        {},
        "held by port USER-vip of server test01",
    ),
    Case(
        "vip-port-bound",
        "blocker",
        {"ports": (TEST01, TEST02, replace(VIP_OF_WEB, device_id="server-test01"))},
        {},
        "the VIP port web-vip is bound to test01",
    ),
    Case(
        "vip-in-another-network",
        "blocker",
        {"ports": (TEST01, TEST02, replace(VIP_OF_WEB, network_id="net-other"))},
        {},
        "adopted there",
    ),
    Case(
        "vip-moves",
        "warning",
        {"ports": (TEST01, TEST02, MADE_ELSEWHERE)},
        {},
        f"leaves the network net-other with its address {VIP}",
    ),
    Case(
        "floating-ip-left-behind",
        "blocker",
        {
            "ports": (TEST01, TEST02, MADE_ELSEWHERE),
            "floating_ips": (floating_ip(FLOATING, MADE_ELSEWHERE),),
        },
        {},
        FLOATING,
    ),
    Case(
        "adopted-port-unwanted",
        "blocker",
        {
            "ports": (
                TEST01,
                TEST02,
                replace(VIP_OF_WEB, tags=(*VIP_OF_WEB.tags, "vipkeeper-adopted")),
            )
        },
        {"addresses": ("192.168.100.7",)},
        VIP,
    ),
    Case("external-network-missing", "blocker", {"external_networks": ()}, {}),
    Case(
        "external-network-ambiguous",
        "blocker",
        {"external_networks": (EXTERNAL_NET, replace(EXTERNAL_NET, id="net-2", name="other"))},
        {"floating_ip": {}},
        "ext-private-net1 (net-ext-private-net1) and other (net-2)",
    ),
    Case("no-router", "blocker", {"owners": ("network:dhcp",)}, {}),
    Case("floating-ip-needs-admin", "blocker", {}, {"floating_ip": {"address": FLOATING}}),
    Case(
        "floating-ip-of-another-project",
        "blocker",
        {"floating_ips": (floating_ip(FLOATING, project_id="project-other"),)},
        {"floating_ip": {"address": FLOATING}},
    ),
    Case(
        "floating-ip-in-use",
        "blocker",
        {"floating_ips": (floating_ip(FLOATING, TEST01),)},
        {"floating_ip": {"address": FLOATING}},
        "leads to port port-test01 (192.168.100.131)",
    ),
    Case(
        "floating-ip-in-the-way",
        "blocker",
        {
            "ports": (TEST01, TEST02, VIP_OF_WEB),
            "floating_ips": (floating_ip("99.88.128.5", VIP_OF_WEB),),
        },
        {"floating_ip": {"address": FLOATING}},
    ),
    Case(
        "floating-ip-not-ours",
        "note",
        {
            "ports": (TEST01, TEST02, VIP_OF_WEB),
            "floating_ips": (floating_ip(FLOATING, VIP_OF_WEB),),
        },
        {},
    ),
    Case(
        "floating-ip-not-declared",
        "note",
        {
            "ports": (TEST01, TEST02, VIP_OF_WEB),
            "floating_ips": (floating_ip(FLOATING, VIP_OF_WEB),),
        },
        {"floating_ip": None},
    ),
    Case("no-address-pairs", "blocker", {"extensions": EXTENSIONS - {"allowed-address-pairs"}}, {}),
    Case("no-tags", "blocker", {"extensions": EXTENSIONS - {"standard-attr-tag"}}, {}),
    Case("no-if-match", "warning", {"extensions": EXTENSIONS - {"revision-if-match"}}, {}),
    Case(
        "network-of-another-project",
        "blocker",
        {"networks": (replace(INT_NET, project_id="project-other", shared=True),)},
        {},
    ),
    Case("back-end-unknown", "note", {"owners": ()}, {"floating_ip": None}),
    Case("distributed-router", "warning", {"owners": DVR}, {}, "The floating IP does move"),
    Case(
        "port-security-off",
        "warning",
        {"ports": (replace(TEST01, **OFF), TEST02)},
        {},
        "the port of test01",
    ),
    Case(
        "port-security-off-on-ovn",
        "blocker",
        {"ports": (replace(TEST01, **OFF), TEST02), "owners": OVN},
        {},
    ),
    Case(
        "port-bypasses-the-host",
        "warning",
        {"ports": (replace(TEST01, vnic_type="direct"), TEST02)},
        {},
    ),
    Case(
        "member-in-another-subnet",
        "warning",
        {
            "subnets": (
                replace(INT_SUBNET, id="a", cidr=ip_network("192.168.100.192/26")),
                replace(INT_SUBNET, cidr=ip_network("192.168.100.128/26")),
                replace(INT_SUBNET, id="b", cidr=ip_network("192.168.100.64/26")),
            ),
            "ports": (replace(TEST01, fixed_ips=USER_VIP.fixed_ips), TEST02),
        },
        {"addresses": ("192.168.100.200",)},
    ),
    Case("virtual-mac-on-ovn", "blocker", {"owners": OVN}, VIRTUAL_MAC),
    Case(
        "virtual-mac-on-newer-ovn",
        "warning",
        {"owners": OVN, "extensions": EXTENSIONS | {"aap-reject-multicast"}},
        VIRTUAL_MAC,
    ),
    Case("virtual-mac-moves", "note", {}, VIRTUAL_MAC),
    Case("virtual-mac-ipv6", "note", OF_BOTH, VIRTUAL_MAC | {"families": (4, 6)}),
    Case(
        "ah-needs-keepalived",
        "warning",
        {},
        {"vrrp": {"authentication": {"type": "ah", "password": "secret"}}},
    ),
    Case("password-readable", "note", {}, {"vrrp": {"authentication": {"password": "secret"}}}),
    Case("multicast", "note", {}, {"vrrp": {"mode": "multicast"}}),
    Case("link-local-eui64", "note", OF_BOTH, {"families": (4, 6)}),
    Case(
        "quota",
        "blocker",
        {"quotas": {"security_group_rule": Quota(100, 97)}},
        {},
        "4 of security_group_rule would be made, and the project's quota has 3 left of 100",
    ),
    Case(
        "many-pairs",
        "warning",
        {"ports": (replace(TEST01, allowed_address_pairs=IP_PAIRS), TEST02)},
        {},
        "would have 11 allowed address pairs",
    ),
    Case(
        "wide-pair",
        "warning",
        {"ports": (with_pairs(TEST01, "192.168.100.0/24"), TEST02)},
        {},
        "from 256 addresses",
    ),
    Case(
        "pair-with-other-mac",
        "warning",
        {
            "ports": (
                replace(TEST01, allowed_address_pairs=(AddressPair(VIP, "fa:16:3e:aa:bb:cc"),)),
                TEST02,
            )
        },
        {},
    ),
    Case(
        "pair-with-prefix",
        "note",
        {"ports": (with_pairs(TEST01, f"{VIP}/32"), TEST02)},
        {},
        "OVN would make no virtual port of it",
    ),
    Case(
        "members-on-one-host",
        "note",
        {"servers": (server("test01", host="h"), server("test02", host="h"))},
        {},
        "test01 and test02",
    ),
    Case(
        "members-on-one-host",
        "warning",
        {"servers": (server("test01", host="h"), server("test02", host="h"))},
        {"anti_affinity": True},
    ),
    Case("not-in-server-group", "note", {}, {"anti_affinity": True}, "test01 and test02"),
)


def planned(case: Case) -> Plan:
    return plan(declared(**case.spec), walkthrough(**case.found))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.severity}")
def test_it_is_said(case: Case) -> None:
    said = planned(case).remarks
    assert (case.code, case.severity) in [(one.code, one.severity) for one in said]
    one = next(one for one in said if one.code == case.code)
    assert case.words in one.sentence
    assert one.remedy or one.severity is Severity.NOTE


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.severity}")
def test_nothing_is_in_order_while_something_blocks(case: Case) -> None:
    made = planned(case)
    assert bool(made.blockers) == any(one.severity == "blocker" for one in made.remarks)
    assert not (made.blockers and made.is_done)
    order = [list(Severity).index(one.severity) for one in made.remarks]
    assert order == sorted(order)


@pytest.mark.parametrize("owners", [OVN, DVR, ("network:dhcp", "network:router_interface")])
def test_a_plain_virtual_ip_has_no_blocker_on_any_back_end(owners: tuple[str, ...]) -> None:
    assert plan(declared(), walkthrough(owners=owners)).blockers == ()


def test_an_admin_may_do_what_a_member_may_not() -> None:
    admin = walkthrough(
        roles=frozenset(("admin",)), networks=(replace(INT_NET, project_id="project-other"),)
    )
    assert plan(declared(floating_ip={"address": FLOATING}), admin).blockers == ()


def test_without_keystone_everybody_is_an_admin() -> None:
    asked = declared(floating_ip={"address": FLOATING})
    assert plan(asked, walkthrough(project_id=None)).blockers == ()


def test_all_that_is_not_clear_is_said_at_once() -> None:
    found = walkthrough(servers=(), ports=())
    made = plan(declared(addresses=("10.0.0.1",), security_group="mine"), found)
    assert [one.code for one in made.blockers] == [
        "server-missing",
        "server-missing",
        "address-outside-subnet",
        "security-group-missing",
    ]
    assert made.deployment is None
    assert made.steps == ()


def test_a_quota_that_is_no_limit_or_not_seen_blocks_nothing() -> None:
    assert plan(declared(), walkthrough(quotas={"port": Quota(-1, 1000)})).blockers == ()
    assert plan(declared(), by_hand()).blockers[0].code == "address-held-by-port"
