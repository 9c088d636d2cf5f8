"""What a person sees of plans: exact lines, made of values alone."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address, ip_interface

from rich.console import Console

from vipkeeper.cli import vip_screen
from vipkeeper.cli.lines import Line, show
from vipkeeper.errors import CloudError
from vipkeeper.openstack.back_end import BackEnd, Kind
from vipkeeper.openstack.declaration.spec import ServicePort, Vrrp
from vipkeeper.openstack.deployment import Deployment, Node, VirtualAddress
from vipkeeper.openstack.plans.plan import Plan, Remark, Severity, blocker, note, warning
from vipkeeper.openstack.plans.steps import (
    MADE,
    ChangePort,
    CreateFloatingIp,
    CreateGroup,
    CreatePort,
    Delete,
    VipPair,
)
from vipkeeper.openstack.plans.steps_text import command, describe

AGENTS = BackEnd(Kind.AGENTS, routed=True)
GROUP = CreateGroup("web-vip", "vipkeeper vip=web", ("vipkeeper:web",))
PORT = CreatePort(4, "web-vip", "n", "s", None, (MADE,), "", ())
PAIR = ChangePort("port-test01", "test01", add_pairs=(VipPair(4),))
FLOATING = CreateFloatingIp("x", "ext-private-net1", None, "", ())
SURPLUS = Delete("port", "p", "web-vip", "there are two")


def node(name: str, address: str, priority: int, *, filtered: bool = True) -> Node:
    return Node(
        name,
        port_id=f"port-{name}",
        server_id=f"server-{name}",
        mac_address="fa:16:3e:00:00:01",
        addresses=(ip_address(address),),
        priority=priority,
        interface="eth0",
        filtered=filtered,
    )


DEPLOYMENT = Deployment(
    name="web",
    network_id="n",
    network_name="int_net",
    addresses=(
        VirtualAddress(4, "s", "192.168.100.0/24", ip_interface("192.168.100.196/24"), "p"),
    ),
    nodes=(node("test01", "192.168.100.131", 100), node("web2", "192.168.100.67", 90)),
    vrrp=Vrrp(),
    vrid=196,
    service_ports=(
        ServicePort.model_validate("80"),
        ServicePort.model_validate({"port": 22, "from": "10.0.0.0/8"}),
    ),
    floating_ip="99.88.128.4",
    group_id="g",
    group_name="web-vip",
)


def plan(
    *steps: object, remarks: Iterable[Remark] = (), exists: bool = True, known: bool = True
) -> Plan:
    return Plan(
        "web",
        AGENTS,
        tuple(remarks),
        steps,  # type: ignore[arg-type]
        DEPLOYMENT if known else None,
        exists,
    )


def shown(lines: Iterable[Line], **console: object) -> list[str]:
    stream = io.StringIO()
    show(Console(file=stream, highlight=False, **console), lines)  # type: ignore[arg-type]
    return stream.getvalue().splitlines()


def test_a_plan_says_what_there_is_and_what_would_be_done() -> None:
    assert shown(vip_screen.plan(plan(PAIR))) == [
        "web",
        "  network      int_net (192.168.100.0/24)",
        "  address      192.168.100.196/24",
        "  members      test01  priority 100  192.168.100.131  eth0",
        "               web2    priority 90   192.168.100.67   eth0",
        "  floating IP  99.88.128.4",
        "  VRRP         version 3, VRID 196, every 1 s, unicast, preempting",
        "  services     80/tcp, 22/tcp from 10.0.0.0/8",
        "  group        web-vip",
        "  back end     agents (Open vSwitch or Linux bridge)",
        "",
        f"  ~ {describe(PAIR)}",
    ]


def test_what_is_still_to_be_made_has_no_address_yet() -> None:
    addresses = (
        replace(DEPLOYMENT.addresses[0], interface=None, port_id=None),
        VirtualAddress(6, "s6", "fd00:100::/64", ip_interface("fd00:100::9/64"), None),
    )
    nothing = replace(DEPLOYMENT, addresses=addresses, floating_ip=None, service_ports=())
    wanted = replace(plan(GROUP, PORT, FLOATING, exists=False), deployment=nothing)
    lines = shown(vip_screen.plan(wanted))
    assert lines[1:4] == [
        "  network      int_net (192.168.100.0/24, fd00:100::/64)",
        "  address      the cloud chooses one",
        "  IPv6 address fd00:100::9/64",
    ]
    assert "  floating IP  a new one of ext-private-net1" in lines
    assert "  services     none are opened" in lines
    assert lines[-3:] == [f"  + {describe(step)}" for step in (GROUP, PORT, FLOATING)]


def test_remarks_come_before_the_steps_what_blocks_first() -> None:
    remarks = (
        note("password-readable", "The password can be read."),
        warning("distributed-router", "The router is distributed.", "use another network"),
        blocker("no-network", "There is no network int_net.", "openstack network list"),
    )
    blocked = replace(plan(PAIR, remarks=remarks, known=False), back_end=BackEnd(Kind.UNKNOWN))
    assert shown(vip_screen.plan(blocked)) == [
        "web",
        "  back end     not recognised: the network has neither DHCP nor a router",
        "  ✘ There is no network int_net.",
        "    openstack network list",
        "  ! The router is distributed.",
        "    use another network",
        "  · The password can be read.",
    ]


def test_commands_stand_for_the_steps_that_have_one() -> None:
    lines = shown(vip_screen.plan(plan(GROUP, SURPLUS), commands=True))
    assert lines[-2:] == [
        f"  + {command(GROUP) or describe(GROUP)}",
        f"  - {command(SURPLUS) or describe(SURPLUS)}",
    ]


def test_the_last_line_says_how_to_go_on() -> None:
    apply = "vipkeeper vip apply web.yaml"

    def last(plan: Plan) -> list[str]:
        return shown([vip_screen.conclusion(plan, apply)])

    assert last(plan()) == ["Everything is as declared."]
    assert last(plan(PAIR)) == [f"1 change would be made. {apply}"]
    assert last(plan(PAIR, FLOATING)) == [f"2 changes would be made. {apply}"]
    assert last(plan(PAIR, remarks=[blocker("x", "No.")])) == [
        "Nothing is done before that is mended."
    ]


def test_in_a_fleet_each_has_a_line() -> None:
    blocked = plan(remarks=[blocker("x", "No.", "do"), note("y", "By the way.")], known=False)
    lines = [
        *vip_screen.in_fleet("web", plan()),
        *vip_screen.in_fleet("db", plan(PAIR)),
        *vip_screen.in_fleet("new", plan(GROUP, exists=False)),
        *vip_screen.in_fleet("bad", blocked),
        vip_screen.failure("ill", CloudError("list ports", "down", status=503, request_id="req-1")),
    ]
    assert shown(lines) == [
        "✔ web  192.168.100.196/24  as declared",
        "~ db  192.168.100.196/24  1 change",
        "~ new  192.168.100.196/24  to be made",
        "✘ bad  blocked",
        "  ✘ No.",
        "    do",
        "✘ ill  cannot list ports: HTTP 503: down (req-1)",
    ]


def test_the_summary_of_a_fleet_counts() -> None:
    states = ["as-declared"] * 190 + ["changes"] * 8 + ["blocked"] * 2
    assert shown([vip_screen.summary(states, [14] * 200)]) == [
        "200 virtual IPs: 190 as declared, 8 with changes, 2 blocked; 14 requests each"
    ]
    assert shown([vip_screen.summary(["failed", "changes"], [12, 14])]) == [
        "2 virtual IPs: 1 with changes, 1 could not be looked at; 12 to 14 requests each"
    ]
    assert shown([vip_screen.summary(["failed"], [])]) == ["1 virtual IP: 1 could not be looked at"]


def test_what_has_drifted_says_how_it_would_be_again() -> None:
    assert shown(vip_screen.drifted("web", plan())) == ["✔ web  as declared"]
    assert shown(vip_screen.drifted("web", plan(PAIR))) == [
        "✘ web  not as declared",
        f"  ~ {describe(PAIR)}",
    ]
    assert shown(vip_screen.drifted("web", plan(GROUP, exists=False))) == ["✘ web  never applied"]


def test_port_security_that_is_off_is_seen() -> None:
    open_node = node("test01", "192.168.100.131", 100, filtered=False)
    lines = shown(vip_screen.deployment(replace(DEPLOYMENT, nodes=(open_node,))))
    assert lines[2].endswith("192.168.100.131  eth0, port security off")


def test_a_blocker_is_red_on_a_terminal_and_wrapped_within_its_indent() -> None:
    remark = Remark("x", Severity.BLOCKER, "There is no network of that name in this project.")
    lines = shown(
        vip_screen.remarks([remark]), force_terminal=True, width=30, color_system="standard"
    )
    assert lines[0].startswith("  \x1b[1;31m✘\x1b[0m ")
    assert len(lines) == 2
    assert lines[1].startswith("    \x1b[1;31m")


def test_what_is_long_is_wrapped_below_itself_and_a_command_is_not() -> None:
    vrrp = Vrrp.model_validate({"authentication": {"password": "x"}, "preempt": False})
    long = replace(DEPLOYMENT, vrrp=vrrp)
    lines = shown(
        [*vip_screen.deployment(long), vip_screen.planned(GROUP, commands=True)],
        force_terminal=True,
        width=60,
        color_system=None,
    )
    at = next(number for number, line in enumerate(lines) if line.startswith("  VRRP "))
    assert lines[at + 1] == "               preempting, authentication pass"
    assert len(lines[-1]) > 60


def test_a_name_cannot_steer_the_terminal() -> None:
    """Others choose names, and Neutron takes any character."""
    remark = blocker("x", "no server \x1b[31mred \u202edlrow\x9b")
    lines = shown(vip_screen.remarks([remark]), force_terminal=True, width=60, color_system=None)
    assert lines == ["  ✘ no server \ufffd[31mred \ufffddlrow\ufffd"]
