"""What a plan says for the walkthrough's cloud, step by step."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import Any

from tests.openstack.appliers import applying
from tests.openstack.clouds import (
    EXTERNAL_NET,
    FLOATING,
    INT_NET,
    INT_SUBNET,
    INT_SUBNET_6,
    TEST01,
    TEST02,
    VIP,
    by_hand,
    changed_port,
    declared,
    egress,
    floating_ip,
    group,
    ingress,
    port,
    server,
    walkthrough,
    with_pairs,
)
from tests.openstack.pretend import PretendCloud
from tests.openstack.seen import by_spec
from vipkeeper.openstack.back_end import Kind
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.deployment import Node
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.planning import deployment, plan
from vipkeeper.openstack.plans.steps import (
    MADE,
    ChangeFloatingIp,
    ChangeGroup,
    ChangePort,
    CreateFloatingIp,
    CreateGroup,
    CreatePort,
    CreateRule,
    CreateServerGroup,
    Delete,
    Step,
    VipPair,
)
from vipkeeper.openstack.resources import AddressPair, Port, Rule

OURS = "vipkeeper vip=web"
RECORD = (
    "vipkeeper vip=web family=4 vrrp=3 vrid=196 interval=1 mode=unicast preempt=yes mac=own "
    "auth=none"
)


def member_step(one: Port, name: str, priority: int, *pairs: VipPair | AddressPair) -> ChangePort:
    return ChangePort(
        one.id,
        f"port of {name}",
        add_pairs=pairs or (AddressPair(VIP, one.mac_address),),
        add_groups=(MADE,),
        add_tags=(
            "vipkeeper:web",
            f"vipkeeper:web:priority={priority}",
            "vipkeeper:web:if=eth0",
            "vipkeeper:web:pair4",
        ),
    )


def applied(spec: VipSpec, found: Found) -> PretendCloud:
    """The cloud once the spec has been applied."""
    cloud = PretendCloud(found)
    for _ in applying(cloud, spec):
        pass
    return cloud


def steps_after(spec: VipSpec, changed: VipSpec) -> tuple[Step, ...]:
    """What a changed spec takes, once the first one has been applied."""
    cloud = applied(spec, walkthrough())
    return plan(changed, cloud.look(changed)).steps


def test_everything_is_made_in_the_walkthrough_s_cloud() -> None:
    made = plan(declared(), walkthrough())
    assert made.remarks == ()
    assert not made.exists
    assert made.back_end.kind is Kind.AGENTS
    assert made.steps == (
        CreateGroup("web-vip", OURS, ("vipkeeper:web",)),
        CreateRule(
            MADE,
            "web-vip",
            Rule("ingress", "IPv4", "112", remote_group_id=MADE, description=OURS),
        ),
        CreateRule(MADE, "web-vip", Rule("ingress", "IPv4", "tcp", 80, 80, description=OURS)),
        CreatePort(
            4,
            "web-vip",
            INT_NET.id,
            INT_SUBNET.id,
            ip_address(VIP),
            (MADE,),
            RECORD,
            ("vipkeeper-vip", "vipkeeper:web"),
        ),
        member_step(TEST01, "test01", 100),
        member_step(TEST02, "test02", 50),
        CreateFloatingIp(EXTERNAL_NET.id, "ext-private-net1", None, OURS, ("vipkeeper:web",)),
    )


def test_the_deployment_is_known_before_it_is_there() -> None:
    stands = deployment(declared(), walkthrough())
    assert stands is not None
    (address,) = stands.addresses
    assert (address.interface, address.port_id) == (ip_interface(f"{VIP}/24"), None)
    assert stands.nodes == (
        Node(
            "test01",
            TEST01.id,
            TEST01.device_id,
            TEST01.mac_address,
            (ip_address("192.168.100.131"),),
            100,
            "eth0",
        ),
        Node(
            "test02",
            TEST02.id,
            TEST02.device_id,
            TEST02.mac_address,
            (ip_address("192.168.100.67"),),
            50,
            "eth0",
        ),
    )
    assert (stands.vrid, stands.floating_ip, stands.group_name) == (196, None, "web-vip")


def test_once_applied_there_is_nothing_to_do() -> None:
    spec = declared()
    cloud = applied(spec, walkthrough())
    again = plan(spec, cloud.look(spec))
    assert (again.steps, again.remarks, again.is_done, again.exists) == ((), (), True, True)
    assert again.deployment is not None
    assert again.deployment.floating_ip == "99.88.128.100"
    assert again.deployment.group_id is not None


def test_the_preferred_node_comes_first_wherever_it_is_declared() -> None:
    spec = declared(members=({"server": "test01", "priority": 50}, {"server": "test02"}))
    stands = deployment(spec, walkthrough())
    assert stands is not None
    assert [node.name for node in stands.nodes] == ["test02", "test01"]


def test_an_address_of_the_cloud_s_choice_is_not_known_beforehand() -> None:
    spec = declared(addresses=())
    made = plan(spec, walkthrough())
    assert member_step(TEST01, "test01", 100, VipPair(4)) in made.steps
    (created,) = (one for one in made.steps if isinstance(one, CreatePort))
    assert created.address is None
    assert made.deployment is not None
    assert made.deployment.addresses[0].interface is None


def test_both_families_have_a_port_each() -> None:
    found = walkthrough(
        subnets=(INT_SUBNET, INT_SUBNET_6),
        ports=(
            replace(TEST01, fixed_ips=port("a", "192.168.100.131", "fd00:100::131").fixed_ips),
            replace(TEST02, fixed_ips=port("a", "192.168.100.67", "fd00:100::67").fixed_ips),
        ),
    )
    spec = declared(families=(4, 6))
    made = plan(spec, found)
    created = [one for one in made.steps if isinstance(one, CreatePort)]
    assert [one.name for one in created] == ["web-vip", "web-vip6"]
    assert "family=6" in created[1].description
    rules = [one.rule for one in made.steps if isinstance(one, CreateRule)]
    assert [(one.ethertype, one.protocol, one.remote_ip_prefix) for one in rules] == [
        ("IPv4", "112", None),
        ("IPv6", "112", None),
        ("IPv6", "112", "fe80::/64"),
        ("IPv4", "tcp", None),
        ("IPv6", "tcp", None),
    ]
    changed = [one for one in made.steps if isinstance(one, ChangePort)]
    assert changed[0].add_pairs == (
        AddressPair(VIP, TEST01.mac_address),
        VipPair(6),
        AddressPair("fe80::c4", TEST01.mac_address),
    )
    assert changed[0].add_tags[-3:] == (
        "vipkeeper:web:pair4",
        "vipkeeper:web:pair6",
        "vipkeeper:web:link6=196",
    )


def test_a_virtual_mac_needs_a_pair_besides_the_one_with_the_port_s_own() -> None:
    spec = declared(vrrp={"virtual_mac": True, "vrid": 51})
    changed = [one for one in plan(spec, walkthrough()).steps if isinstance(one, ChangePort)]
    assert changed[0].add_pairs == (
        AddressPair(VIP, TEST01.mac_address),
        AddressPair(VIP, "00:00:5e:00:01:33"),
    )
    assert changed[0].add_tags[-2:] == ("vipkeeper:web:pair4", "vipkeeper:web:vmac4")


def test_another_vrid_takes_the_old_virtual_mac_s_pair_away() -> None:
    steps = steps_after(
        declared(vrrp={"virtual_mac": True, "vrid": 51}),
        declared(vrrp={"virtual_mac": True, "vrid": 52}),
    )
    assert steps[1:] == tuple(
        ChangePort(
            one.id,
            f"port of {one.name}",
            add_pairs=(AddressPair(VIP, "00:00:5e:00:01:34"),),
            remove_pairs=(AddressPair(VIP, "00:00:5e:00:01:33"),),
        )
        for one in (TEST01, TEST02)
    )
    assert isinstance(steps[0], ChangePort)
    assert "vrid=52" in (steps[0].description or "")


def test_what_somebody_else_put_on_a_port_stays() -> None:
    theirs = AddressPair("10.9.9.9", TEST01.mac_address)
    busy = replace(TEST01, allowed_address_pairs=(theirs,), tags=("theirs",))
    found = walkthrough(ports=(busy, TEST02))
    cloud = applied(declared(), found)
    after = next(one for one in cloud.everything.ports if one.id == busy.id)
    assert after.allowed_address_pairs == (theirs, AddressPair(VIP, busy.mac_address))
    assert after.security_groups[0] == "group-web"
    assert after.tags[0] == "theirs"


def test_a_pair_that_is_there_is_neither_added_nor_claimed() -> None:
    found = walkthrough(ports=(with_pairs(TEST01, VIP), TEST02))
    (first, _) = (one for one in plan(declared(), found).steps if isinstance(one, ChangePort))
    assert first.add_pairs == ()
    assert "vipkeeper:web:pair4" not in first.add_tags


def test_a_member_that_is_none_any_more_loses_what_was_ours() -> None:
    third = replace(
        port("test03", "192.168.100.68"), device_id="server-test03", device_owner="compute:nova"
    )
    spec = declared(members=({"server": "test01"}, {"port": third.id}))
    cloud = applied(spec, walkthrough(ports=(TEST01, TEST02, third)))
    changed = plan(declared(), cloud.look(declared()))
    (gone,) = (
        one for one in changed.steps if isinstance(one, ChangePort) and one.port_id == third.id
    )
    assert gone.remove_pairs == (AddressPair(VIP, third.mac_address),)
    assert len(gone.remove_groups) == 1
    assert gone.remove_tags == (
        "vipkeeper:web:priority=90",
        "vipkeeper:web:if=eth0",
        "vipkeeper:web:pair4",
        "vipkeeper:web",
    )
    assert (gone.add_pairs, gone.add_groups, gone.add_tags) == ((), (), ())


def test_another_priority_is_another_tag() -> None:
    changed = declared(members=({"server": "test01"}, {"server": "test02", "priority": 60}))
    assert steps_after(declared(), changed) == (
        ChangePort(
            TEST02.id,
            "port of test02",
            add_tags=("vipkeeper:web:priority=60",),
            remove_tags=("vipkeeper:web:priority=50",),
        ),
    )


def test_another_address_is_another_port_and_the_floating_ip_moves_first() -> None:
    steps = steps_after(declared(), declared(addresses=("192.168.100.197",)))
    kinds = [type(one).__name__ for one in steps]
    assert kinds == ["CreatePort", "ChangePort", "ChangePort", "ChangeFloatingIp", "Delete"]
    assert steps[1] == ChangePort(
        TEST01.id,
        "port of test01",
        add_pairs=(AddressPair("192.168.100.197", TEST01.mac_address),),
        remove_pairs=(AddressPair(VIP, TEST01.mac_address),),
    )
    assert isinstance(steps[3], ChangeFloatingIp)
    assert steps[3].lead_to == 4


def test_of_two_vip_ports_of_ours_the_older_stays() -> None:
    spec = declared(addresses=())
    cloud = applied(spec, walkthrough())
    first = next(one for one in cloud.everything.ports if one.name == "web-vip")
    second = replace(
        first,
        id="port-second",
        created_at="2026-03-02T11:00:00Z",
        fixed_ips=port("any", "192.168.100.240").fixed_ips,
    )
    cloud.everything = replace(cloud.everything, ports=(second, *cloud.everything.ports))
    assert plan(spec, cloud.look(spec)).steps == (
        Delete("port", "port-second", "web-vip", "made twice, or no longer wanted"),
    )


def test_a_vip_port_that_was_cut_off_before_its_tags_is_known_by_its_description() -> None:
    spec = declared()
    cloud = applied(spec, walkthrough())
    bare = changed_port(cloud.everything, "web-vip", lambda one: replace(one, tags=()))
    (step,) = plan(spec, by_spec(bare, spec)).steps
    assert isinstance(step, ChangePort)
    assert step.add_tags == ("vipkeeper-vip", "vipkeeper:web")


def test_a_given_group_is_used_and_marked() -> None:
    mine = group("mine", ingress("vrrp", remote_group_id="group-mine"), ingress("tcp", 80))
    spec = declared(security_group="mine")
    steps = plan(spec, walkthrough(groups=(mine,))).steps
    assert not any(isinstance(one, CreateGroup | CreateRule) for one in steps)
    assert steps[0] == ChangeGroup("group-mine", "mine", add_tags=("vipkeeper:web",))
    (first, _) = (one for one in steps if isinstance(one, ChangePort))
    assert first.add_groups == ("group-mine",)
    assert first.add_tags[-1] == "vipkeeper:web:group=group-mi"


def test_a_server_that_has_a_group_already_keeps_it_without_a_mark() -> None:
    mine = group("mine")
    found = walkthrough(
        ports=(replace(TEST01, security_groups=("group-mine",)), TEST02), groups=(mine,)
    )
    steps = plan(declared(security_group="mine"), found).steps
    (first, _) = (one for one in steps if isinstance(one, ChangePort))
    assert first.add_groups == ()
    assert not any("group" in tag for tag in first.add_tags)


def test_a_server_group_is_made_for_servers_that_are_still_to_be_made() -> None:
    bare = port("node3", "192.168.100.33", number=900)
    spec = declared(
        members=({"server": "test01"}, {"port": "node3"}), anti_affinity=True, addresses=()
    )
    found = walkthrough(ports=(TEST01, TEST02, bare))
    assert CreateServerGroup("web-vip", "anti-affinity") in plan(spec, found).steps
    cloud = applied(spec, found)
    vip = next(one for one in cloud.everything.ports if one.name == "web-vip")
    (made,) = cloud.everything.server_groups
    assert f"vipkeeper-server-group={made.id}" in vip.tags
    stands = deployment(spec, cloud.look(spec))
    assert stands is not None
    assert stands.server_group_id == made.id
    without = spec.model_copy(update={"anti_affinity": False})
    assert plan(without, cloud.look(without)).steps == (
        Delete("server group", made.id, "web-vip", "no longer wanted"),
        ChangePort(vip.id, "port web-vip", remove_tags=(f"vipkeeper-server-group={made.id}",)),
    )


def test_a_chosen_floating_ip_that_is_free_is_used_and_not_owned() -> None:
    found = walkthrough(floating_ips=(floating_ip(FLOATING),))
    steps = plan(declared(floating_ip={"address": FLOATING}), found).steps
    assert steps[-1] == ChangeFloatingIp(
        f"floating-{FLOATING}",
        FLOATING,
        4,
        add_tags=("vipkeeper:web", "vipkeeper-adopted", "vipkeeper:web:led"),
    )


def test_a_floating_ip_that_is_no_longer_wanted_is_deleted_if_it_is_ours() -> None:
    (step,) = steps_after(declared(), declared(floating_ip=None))
    assert isinstance(step, Delete)
    assert (step.kind, step.label) == ("floating IP", "99.88.128.100")


def test_a_floating_ip_that_was_only_used_is_let_go() -> None:
    spec = declared(floating_ip={"address": FLOATING})
    cloud = applied(spec, walkthrough(floating_ips=(floating_ip(FLOATING),)))
    without = declared(floating_ip=None)
    assert plan(without, cloud.look(without)).steps == (
        ChangeFloatingIp(
            f"floating-{FLOATING}",
            FLOATING,
            "nowhere",
            remove_tags=("vipkeeper:web:led", "vipkeeper-adopted", "vipkeeper:web"),
        ),
    )


def test_where_nothing_is_filtered_there_is_nothing_to_put_there() -> None:
    off: dict[str, Any] = {"port_security_enabled": False, "security_groups": ()}
    found = walkthrough(
        networks=(replace(INT_NET, port_security_enabled=False),),
        ports=(replace(TEST01, **off), replace(TEST02, **off)),
    )
    made = plan(declared(), found)
    assert [one.code for one in made.remarks] == ["port-security-off"] * 2
    assert [type(one).__name__ for one in made.steps] == [
        "CreatePort",
        "ChangePort",
        "ChangePort",
        "CreateFloatingIp",
    ]
    created, first = made.steps[:2]
    assert isinstance(created, CreatePort)
    assert created.groups == ()
    assert isinstance(first, ChangePort)
    assert (first.add_pairs, first.add_groups) == ((), ())


def test_the_default_egress_rules_are_put_back() -> None:
    spec = declared()
    cloud = applied(spec, walkthrough())
    stripped = replace(
        cloud.everything,
        groups=tuple(
            replace(one, rules=tuple(rule for rule in one.rules if rule.direction == "ingress"))
            for one in cloud.everything.groups
        ),
    )
    (step,) = plan(spec, by_spec(stripped, spec)).steps
    assert isinstance(step, CreateRule)
    assert step.rule == replace(egress()[0], description=OURS)


def test_rules_of_ours_that_are_no_longer_wanted_go_and_others_stay() -> None:
    spec = declared()
    cloud = applied(spec, walkthrough())
    groups = tuple(
        replace(one, rules=(*one.rules, ingress("tcp", 22, id="theirs")))
        for one in cloud.everything.groups
    )
    changed = declared(service_ports=({"first": 443},))
    steps = plan(changed, by_spec(replace(cloud.everything, groups=groups), changed)).steps
    assert [type(one).__name__ for one in steps] == ["CreateRule", "Delete"]
    assert isinstance(steps[1], Delete)
    assert steps[1].label == "ingress tcp 80 of web-vip"


def test_the_walkthrough_s_own_virtual_ip_is_to_be_adopted() -> None:
    made = plan(declared(), by_hand())
    (blocker,) = made.blockers
    assert blocker.code == "address-held-by-port"
    assert blocker.remedy == "vipkeeper vip adopt port-USER-vip --name web"


def test_a_server_s_name_may_be_an_id() -> None:
    spec = declared(members=({"server": "server-test01"}, {"port": "port-test02"}))
    stands = deployment(spec, walkthrough(servers=(server("test01"), server("test02"))))
    assert stands is not None
    assert [node.name for node in stands.nodes] == ["test01", "test02"]


def test_behind_a_distributed_router_the_preferred_member_is_changed_last() -> None:
    """LP#1774459: the router's other networks are sent to the port that was written last."""
    owners = ("network:dhcp", "network:router_interface_distributed")
    steps = plan(declared(), walkthrough(owners=owners)).steps
    changed = [one.port_id for one in steps if isinstance(one, ChangePort)]
    assert changed == ["port-test02", "port-test01"]
