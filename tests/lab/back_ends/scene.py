"""A pair with a VIP, and who calls it: from outside, from beside, and through the router.

vipkeeperd runs on test01, keepalived on test02; both have quick adverts, so that a failover is
under a second. What a back end does to the VIP is tried on one such cloud after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import openstack

from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, egress_to_anywhere
from vipkeeper.lab.spec import CloudSpec, Instance, Network, Port, Router, Service

BOUND_S = 40.0  # for what comes within two seconds on a quiet machine
VIP, FLOATING = "192.168.100.201", "172.24.4.128"
OWN = {"test01": "192.168.100.11", "test02": "192.168.100.12"}
VIRTUAL_MAC = "00:00:5e:00:01:33"
NODES = ("test01", "test02")
OUTSIDE, BESIDE, BEYOND = "client", "client03", "far"
"""Who calls: by the floating IP; in the VIP's own network; from another network of the router."""

VRRP = SecurityGroupRule("ingress", protocol="112")
_VIP_PAIR = (AddressPair(VIP),)


@contextmanager
def scene(back_end: BackEnd, *, lines: str = "", pair: str = VIP) -> Iterator[Lab]:
    """The cloud, test01 answering for the VIP as far as the back end lets it.

    Args:
        lines: for both nodes' vrrp_instance; ``{own}`` and ``{peer}`` are addresses.
        pair: of both nodes' ports, as it is written.
    """
    spec = cloud(lines, (AddressPair(pair),))
    with running(spec, what=f"{back_end}", back_end=back_end, bare=True) as lab:
        serve(lab, *NODES)
        yield lab


def serve(lab: Lab, *nodes: str) -> None:
    for node in nodes:
        lab.run(node, ["systemctl", "start", "lighttpd"], check=True, timeout=BOUND_S)


def settle(lab: Lab) -> None:
    """Begin as the scene does: the pairs and groups of both, test01 is MASTER, test02 BACKUP."""
    for node in NODES:
        lab.update_port(
            node,
            allowed_address_pairs=_VIP_PAIR,
            security_groups=("web", "vrrp"),
            port_security_enabled=True,
        )
    for machine in lab.status()["instances"]:
        if machine["state"] == "stopped":
            lab.start(machine["name"])
            serve(lab, machine["name"])
    start(lab, *NODES)
    wait_for_holders(lab, "test01")


def start(lab: Lab, *nodes: str) -> None:
    for node in nodes:
        lab.run(node, ["systemctl", "start", "vrrp"], check=True, timeout=BOUND_S)


def stop(lab: Lab, *nodes: str) -> None:
    """The backup first, so that it does not take over in between."""
    for node in sorted(nodes, reverse=True):
        lab.run(node, ["systemctl", "stop", "vrrp"], check=True, timeout=BOUND_S)


def wait_for_state(lab: Lab, node: str, *, holds: bool) -> None:
    wait_until(
        lambda: (node in lab.holders(VIP)) == holds,
        seconds=BOUND_S,
        what=lambda: f"{node} {'to hold' if holds else 'not to hold'} the VIP; {lab.holders(VIP)}",
    )


def wait_for_holders(lab: Lab, *nodes: str) -> None:
    wait_until(
        lambda: lab.holders(VIP) == list(nodes),
        seconds=BOUND_S,
        what=lambda: f"{nodes} to hold the VIP; it is held by {lab.holders(VIP)}",
    )


def called(lab: Lab, caller: str, address: str = VIP) -> str:
    """Who answers one call; curl's exit code if nobody does: 28 for silence, 7 for no route."""
    call = ["curl", "-s", "-m", "1", f"http://{address}/"]
    ended = lab.run(caller, call, timeout=BOUND_S)
    return ended.stdout.strip() or str(ended.returncode)


def wait_for_answer(lab: Lab, caller: str, answer: str, address: str = VIP) -> None:
    said: list[str] = []

    def answers() -> bool:
        said.append(called(lab, caller, address))
        return said[-1] == answer

    wait_until(answers, seconds=BOUND_S, what=lambda: f"{answer} at {address}; {said[-5:]}")


def never_answered(lab: Lab, caller: str, address: str = VIP, calls: int = 2) -> None:
    """So many calls, a second each, and nobody is there."""
    answers = [called(lab, caller, address) for _ in range(calls)]
    assert set(answers) <= {"28", "7"}, answers


def announce(lab: Lab, node: str, address: str = VIP) -> None:
    """A gratuitous ARP request for the address, as arping(8) sends it with -S."""
    command = ["arping", "-c", "1", "-w", "0.1", "-U", "-S", address, "-i", "eth0", address]
    lab.run(node, command, timeout=BOUND_S)


def dropped(lab: Lab, port: str, reason: str) -> int:
    """How many packets of a port were dropped for that reason so far."""
    counts = (one for one in lab.drops() if (one["port"], one["reason"]) == (port, reason))
    return sum(one["packets"] for one in counts)


def rules(*more: SecurityGroupRule) -> tuple[SecurityGroupRule, ...]:
    return (*egress_to_anywhere(), *more)


def connect(lab: Lab, user: str) -> Any:
    """An openstacksdk connection as ``lab``, who owns it all, or as ``admin``."""
    credentials = lab.credentials()
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth={
            "auth_url": f"{credentials['url']}/identity/v3",
            "username": user,
            "password": credentials["passwords"][user],
            "project_name": user,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        region_name="RegionOne",
    )


def cloud(lines: str = "", pairs: tuple[AddressPair, ...] = _VIP_PAIR) -> CloudSpec:
    inside, far, outside = "int_net", "far_net", "public"
    web = tuple(
        SecurityGroupRule("ingress", protocol=protocol, port_range_min=port, port_range_max=port)
        for protocol, port in (("icmp", None), ("tcp", 80))
    )
    return CloudSpec(
        networks=(
            Network(inside, IPv4Network("192.168.100.0/24"), IPv4Address("192.168.100.1"), 1450),
            Network(far, IPv4Network("10.20.0.0/24"), IPv4Address("10.20.0.1"), 1450),
            Network(outside, IPv4Network("172.24.4.0/24"), external=True),
        ),
        routers=(Router("router", outside, IPv4Address("172.24.4.129"), (inside, far)),),
        security_groups=(
            SecurityGroup("web", rules(*web)),
            SecurityGroup("vrrp", rules(VRRP)),
            SecurityGroup("from-vrrp", rules(SecurityGroupRule("ingress", remote_group="vrrp"))),
        ),
        ports=(
            *(
                Port(
                    node,
                    inside,
                    IPv4Address(OWN[node]),
                    allowed_address_pairs=pairs,
                    security_groups=("web", "vrrp"),
                )
                for node in NODES
            ),
            Port("client03", inside, IPv4Address("192.168.100.13"), security_groups=("from-vrrp",)),
            Port("USER-vip", inside, IPv4Address(VIP)),
            Port("far", far, IPv4Address("10.20.0.10"), security_groups=("web",)),
            Port(
                "client",
                outside,
                IPv4Address("172.24.4.10"),
                port_security_enabled=False,
                security_groups=(),
            ),
        ),
        floating_ips=((IPv4Address(FLOATING), "USER-vip"),),
        instances=(
            _web_server("test01", 150, lines),
            _web_server("test02", 100, lines),
            *(Instance(name, (name,)) for name in ("client03", "far", "client")),
        ),
    )


def _web_server(name: str, priority: int, lines: str) -> Instance:
    (peer,) = (OWN[node] for node in NODES if node != name)
    return Instance(
        name,
        (name,),
        files={
            "/etc/keepalived/keepalived.conf": _KEEPALIVED.format(
                priority=priority, lines=lines.format(own=OWN[name], peer=peer)
            ),
            "/etc/lighttpd/lighttpd.conf": _LIGHTTPD,
            "/var/www/html/index.html": f"{name}\n",
        },
        services=(
            Service("lighttpd", ("/usr/sbin/lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf")),
        ),
        vrrp="vipkeeperd" if name == "test01" else "keepalived",
    )


_KEEPALIVED = """\
vrrp_instance VI_1 {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    version 3
    advert_int 0.4
    garp_master_delay 1
    {lines}
    virtual_ipaddress {{
        192.168.100.201/24
    }}
}}
"""
_LIGHTTPD = """\
server.document-root = "/var/www/html"
server.port          = 80
index-file.names     = ( "index.html" )
mimetype.assign      = ( ".html" => "text/html" )
"""
