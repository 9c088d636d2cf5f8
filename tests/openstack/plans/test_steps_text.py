"""Steps in words, and as commands: those that the real client understands."""

from __future__ import annotations

import shlex
from importlib.metadata import entry_points
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from tests.openstack.appliers import applying
from tests.openstack.clouds import FLOATING, VIP, declared, floating_ip, group, walkthrough
from tests.openstack.pretend import PretendCloud
from vipkeeper.openstack.plans.planning import plan
from vipkeeper.openstack.plans.removal import removal
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
from vipkeeper.openstack.plans.steps_text import command, describe
from vipkeeper.openstack.resources import AddressPair, Rule

OURS = "vipkeeper vip=web"
VRRP = Rule("ingress", "IPv4", "112", remote_group_id=MADE, description=OURS)
HTTPS = Rule("ingress", "IPv6", "tcp", 8000, 8010, "fd00::/8", description=OURS)
MAC = "fa:16:3e:00:00:01"

STEPS = (
    (
        CreateGroup("web-vip", OURS, ("vipkeeper:web",)),
        "create the security group web-vip",
        "openstack security group create --description 'vipkeeper vip=web' --tag vipkeeper:web "
        "web-vip",
    ),
    (
        CreateRule(MADE, "web-vip", VRRP),
        "add the rule ingress VRRP from its members to the security group web-vip",
        "openstack security group rule create --ingress --ethertype IPv4 --protocol 112 "
        "--remote-group web-vip --description 'vipkeeper vip=web' web-vip",
    ),
    (
        CreateRule("group-1", "mine", HTTPS),
        "add the rule ingress tcp (IPv6) 8000-8010 from fd00::/8 to the security group mine",
        "openstack security group rule create --ingress --ethertype IPv6 --protocol tcp "
        "--dst-port 8000:8010 --remote-ip fd00::/8 --description 'vipkeeper vip=web' group-1",
    ),
    (
        CreateRule("group-1", "mine", Rule("egress", "IPv4")),
        "add the rule egress any to the security group mine",
        "openstack security group rule create --egress --ethertype IPv4 group-1",
    ),
    (
        CreateServerGroup("web-vip", "anti-affinity"),
        "create the server group web-vip (anti-affinity)",
        "openstack server group create --policy anti-affinity web-vip",
    ),
    (
        CreatePort(4, "web-vip", "net", "sub", ip_address(VIP), (MADE,), OURS, ("vipkeeper-vip",)),
        f"create the VIP port web-vip with {VIP}",
        f"openstack port create --network net --fixed-ip subnet=sub,ip-address={VIP} "
        "--security-group SECURITY_GROUP --description 'vipkeeper vip=web' --tag vipkeeper-vip "
        "web-vip",
    ),
    (
        CreatePort(6, "web-vip6", "net", "sub", None, (), OURS, ()),
        "create the VIP port web-vip6 with an IPv6 address of the cloud's choice",
        "openstack port create --network net --fixed-ip subnet=sub --no-security-group "
        "--description 'vipkeeper vip=web' web-vip6",
    ),
    (
        ChangePort(
            "port-1",
            "port of test01",
            add_pairs=(AddressPair(VIP, MAC),),
            add_groups=("group-1",),
            add_tags=("vipkeeper:web",),
        ),
        f"add the pair {VIP} and the security group to the port of test01",
        f"openstack port set --allowed-address ip-address={VIP},mac-address={MAC} "
        "--security-group group-1 --tag vipkeeper:web port-1",
    ),
    (
        ChangePort("port-1", "port of test01", add_pairs=(VipPair(4), VipPair(6, MAC))),
        "add the pair of the IPv4 address and the pair of the IPv6 address with the MAC "
        f"{MAC} to the port of test01",
        "openstack port set --allowed-address ip-address=VIP_ADDRESS "
        f"--allowed-address ip-address=VIP_ADDRESS6,mac-address={MAC} port-1",
    ),
    (
        ChangePort(
            "port-1",
            "port of test01",
            add_pairs=(AddressPair(VIP, "00:00:5e:00:01:34"),),
            remove_pairs=(AddressPair(VIP, "00:00:5e:00:01:33"),),
        ),
        f"add the pair {VIP} with the MAC 00:00:5e:00:01:34 to the port of test01, "
        f"take the pair {VIP} with the MAC 00:00:5e:00:01:33 from the port of test01",
        f"openstack port set --allowed-address ip-address={VIP},mac-address=00:00:5e:00:01:34 "
        "port-1 && openstack port unset --allowed-address "
        f"ip-address={VIP},mac-address=00:00:5e:00:01:33 port-1",
    ),
    (
        ChangePort("port-1", "port web-vip", description=OURS),
        "write down on the port web-vip what its nodes have to agree on",
        "openstack port set --description 'vipkeeper vip=web' port-1",
    ),
    (
        ChangePort("port-1", "port web-vip", add_tags=("vipkeeper-vip", "vipkeeper:web")),
        "mark the port web-vip (vipkeeper-vip, vipkeeper:web)",
        "openstack port set --tag vipkeeper-vip --tag vipkeeper:web port-1",
    ),
    (
        ChangePort("port-1", "port USER-vip", remove_tags=("vipkeeper:web",), description=""),
        "take our marks off the port USER-vip",
        "openstack port set --description '' port-1 && openstack port unset --tag vipkeeper:web "
        "port-1",
    ),
    (
        CreateFloatingIp("net-ext", "public", None, OURS, ("vipkeeper:web",)),
        "create a floating IP of public that leads to the virtual IP",
        "openstack floating ip create --port VIP_PORT --description 'vipkeeper vip=web' "
        "--tag vipkeeper:web net-ext",
    ),
    (
        CreateFloatingIp("net-ext", "public", ip_address(FLOATING), OURS, ()),
        f"create the floating IP {FLOATING} of public that leads to the virtual IP",
        f"openstack floating ip create --port VIP_PORT --floating-ip-address {FLOATING} "
        "--description 'vipkeeper vip=web' net-ext",
    ),
    (
        ChangeFloatingIp("fip", FLOATING, 4, add_tags=("vipkeeper:web",)),
        f"let the floating IP {FLOATING} lead to the virtual IP",
        "openstack floating ip set --port VIP_PORT --tag vipkeeper:web fip",
    ),
    (
        ChangeFloatingIp("fip", FLOATING, "nowhere", remove_tags=("vipkeeper:web",)),
        f"let the floating IP {FLOATING} lead nowhere",
        "openstack floating ip unset --port --tag vipkeeper:web fip",
    ),
    (
        ChangeFloatingIp("fip", FLOATING, add_tags=("vipkeeper:web",)),
        f"mark the floating IP {FLOATING} (vipkeeper:web)",
        "openstack floating ip set --tag vipkeeper:web fip",
    ),
    (
        ChangeFloatingIp("fip", FLOATING, remove_tags=("vipkeeper:web",)),
        f"take our marks off the floating IP {FLOATING}",
        "openstack floating ip unset --tag vipkeeper:web fip",
    ),
    (
        ChangeGroup("group-1", "mine", add_tags=("vipkeeper:web",)),
        "mark the security group mine (vipkeeper:web)",
        "openstack security group set --tag vipkeeper:web group-1",
    ),
    (
        ChangeGroup("group-1", "mine", remove_tags=("vipkeeper:web",)),
        "take our marks off the security group mine",
        "openstack security group unset --tag vipkeeper:web group-1",
    ),
    (
        Delete("floating IP", "fip", FLOATING, "no longer wanted"),
        f"delete the floating IP {FLOATING}: no longer wanted",
        "openstack floating ip delete fip",
    ),
    (
        Delete("rule", "rule-1", "ingress tcp 80 of mine"),
        "delete the rule ingress tcp 80 of mine",
        "openstack security group rule delete rule-1",
    ),
    (
        Delete("server group", "sg", "web-vip"),
        "delete the server group web-vip",
        "openstack server group delete sg",
    ),
)


@pytest.mark.parametrize(("step", "words"), [(one[0], one[1]) for one in STEPS])
def test_it_is_one_short_line(step: Step, words: str) -> None:
    assert describe(step) == words


@pytest.mark.parametrize(("step", "typed"), [(one[0], one[2]) for one in STEPS])
def test_one_can_do_it_by_hand(step: Step, typed: str) -> None:
    assert command(step) == typed


def test_every_step_of_a_plan_and_of_a_removal_can_be_said_and_typed() -> None:
    spec = declared(security_group="mine", floating_ip={"address": FLOATING}, anti_affinity=True)
    found = walkthrough(groups=(group("mine"),), floating_ips=(floating_ip(FLOATING),))
    cloud = PretendCloud(found)
    steps = plan(spec, cloud.look(spec)).steps
    for _ in applying(cloud, spec):
        pass
    steps += removal("web", cloud.look_for("web")).steps
    for step in steps:
        assert "\n" not in describe(step)
        assert shlex.split(command(step) or "")[0] == "openstack"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own affair
@pytest.mark.parametrize("typed", [one[2] for one in STEPS])
def test_the_openstack_client_understands_it(typed: str) -> None:
    """Its own parsers take each command, whole."""
    for line in typed.split(" && "):
        program, *words = shlex.split(line)
        assert program == "openstack"
        noun = max((name for name in COMMANDS if words[: len(name)] == list(name)), key=len)
        parser = COMMANDS[noun].load()(NETWORK_APP, None).get_parser(" ".join(noun))
        parser.parse_args(words[len(noun) :])


COMMANDS = {
    tuple(point.name.split("_")): point
    for api in ("openstack.network.v2", "openstack.compute.v2")
    for point in entry_points(group=api)
}
NETWORK_APP = SimpleNamespace(
    client_manager=SimpleNamespace(is_network_endpoint_enabled=lambda: True),
    options=SimpleNamespace(),
)
"""What the client's commands ask of the program that they are in: whether there is a Neutron."""
