"""Two keepalived nodes and a VIP on a Neutron network, set up rightly and in nineteen other ways.

Each variant has the outcome that was observed on a real Neutron (Zed, linuxbridge agent) with
keepalived 2.2.7: VRRPv2, VRID 51, priorities 150 and 100, advert_int 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, egress_to_anywhere
from vipkeeper.lab.spec import CloudSpec, Instance, Network, Port, Router, Service, mac_address_of

VIP, FLOATING = "192.168.100.201", "172.24.4.128"
ADDRESSES = {"test01": "192.168.100.11", "test02": "192.168.100.12", "client03": "192.168.100.13"}
NODES: tuple[Literal["test01", "test02"], ...] = ("test01", "test02")
VIRTUAL_MAC = "00:00:5e:00:01:33"
MASTER, BACKUP = "MASTER", "BACKUP"

Answer = Literal["test01", "test02", "time-out", "no route"]
"""To four calls: that node each time; nothing (curl 28); or ICMP errors (curl 7) among it."""
Data = Literal["none", "dropped", "arriving"]
Failover = Literal["goodbye", "silence", "never"]
"""test02 answers before, or only after, the time that it waits for a silent MASTER."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The columns of the table; counts are what was seen at all.

    Attributes:
        fip: who answers at the floating IP, from outside.
        vip: who answers at the VIP, from a third instance.
        adverts: from whom to whom they come through; the router hears multicast.
        arp: whose MAC address the router sees in ARP with the VIP as its sender.
        data: how far SYN-ACKs with the VIP as their source get on the way outside.
    """

    fip: Answer = "test01"
    vip: Answer = "test01"
    states: tuple[str, str] = (MASTER, BACKUP)
    adverts: frozenset[str] = frozenset({"test01 to test02", "test01 to router"})
    arp: frozenset[str] = frozenset({"test01"})
    data: Data = "arriving"
    failover: Failover = "goodbye"


@dataclass(frozen=True, slots=True)
class Node:
    pairs: tuple[AddressPair, ...] = (AddressPair(VIP),)
    groups: tuple[str, ...] = ("web", "vrrp")
    port_security_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Variant:
    """What is set up how, and what comes of it.

    Attributes:
        keepalived: lines for the vrrp_instance; ``{own}`` and ``{peer}`` are addresses.
        static_arp: client03 is told test01's MAC address for the VIP.
        silent: test01 is cut off in the end, and not stopped.
        arp_by_chance: whose MAC address the router may see or not. Two MASTERs with one
            virtual MAC address take it from each other at the bridge with each advert; the
            one that a call happens to reach asks for the router under its own.
    """

    name: str
    test01: Node
    test02: Node
    outcome: Outcome
    keepalived: str = ""
    static_arp: bool = False
    silent: bool = False
    arp_by_chance: frozenset[str] = frozenset()


WORKS = Outcome()
LATENT = replace(WORKS, failover="never")
NO_PAIRS = Outcome("no route", "no route", arp=frozenset(), data="none", failover="never")
REFUSED = Outcome("time-out", "time-out", data="none", failover="never")
SPLIT = replace(
    WORKS,
    fip="test02",
    vip="test02",
    states=(MASTER, MASTER),
    adverts=frozenset({"test01 to router", "test02 to router"}),
    arp=frozenset(NODES),
)
BARE = Node(())
OPEN = Node((), (), port_security_enabled=False)
_VIRTUAL = AddressPair(VIP, VIRTUAL_MAC)


def _both(name: str, node: Node, outcome: Outcome, keepalived: str = "") -> Variant:
    return Variant(name, node, node, outcome, keepalived)


def _pair_with_macs_of_both(name: str, outcome: Outcome) -> Variant:
    own = [Node((AddressPair(VIP, mac_address_of(node)),)) for node in NODES]
    return Variant(name, own[0], own[1], outcome)


def _all_three(node: str) -> Node:
    return Node((_VIRTUAL, AddressPair(ADDRESSES[node], VIRTUAL_MAC), AddressPair(VIP)))


VARIANTS = (
    _both("01_baseline", Node(), WORKS),
    replace(
        _both("01k_baseline_kill", Node(), replace(WORKS, failover="silence")), silent=True
    ),
    _both("02_no_pairs", BARE, NO_PAIRS),
    replace(
        _both("02b_no_pairs_static_arp", BARE, replace(NO_PAIRS, vip="time-out")), static_arp=True
    ),
    _both("03_no_112_rule", Node(groups=("web",)), SPLIT),
    _both(
        "04_no_pairs_no_112",
        Node((), ("web",)),
        replace(NO_PAIRS, states=SPLIT.states, adverts=SPLIT.adverts),
    ),
    _both("05_default_group", Node(groups=("default", "web")), WORKS),
    _both("05b_default_group_only", Node(groups=("default",)), REFUSED),
    _both("06_psec_off_both", OPEN, WORKS),
    Variant("07_psec_off_one", OPEN, BARE, LATENT),
    Variant("08_pair_on_one", Node(), BARE, LATENT),
    _pair_with_macs_of_both("09_mac_own", WORKS),
    _both(
        "10_mac_vip_port",
        Node((AddressPair(VIP, mac_address_of("USER-vip")),)),
        replace(REFUSED, data="dropped"),
    ),
    _both("12_pair_cidr", Node((AddressPair("192.168.100.0/24"),)), WORKS),
    _both("14_no_tcp80", Node(groups=("ssh", "vrrp")), REFUSED),
    _both(
        "15_vmac_ip_pair",
        Node(),
        replace(NO_PAIRS, states=SPLIT.states, adverts=frozenset()),
        "use_vmac",
    ),
    replace(
        _both(
            "16_vmac_vip_mac",
            Node((_VIRTUAL,)),
            replace(
                REFUSED,
                states=SPLIT.states,
                adverts=frozenset(),
                arp=frozenset({"virtual"}),
                data="dropped",
            ),
            "use_vmac",
        ),
        arp_by_chance=frozenset(NODES),
    ),
    Variant(
        "17b_vmac_all_three",
        _all_three("test01"),
        _all_three("test02"),
        replace(WORKS, arp=frozenset({"test01", "virtual"})),
        "use_vmac",
    ),
    _both(
        "19b_vmac_xmit_base_two",
        Node((_VIRTUAL, AddressPair(VIP))),
        replace(WORKS, arp=frozenset({"test01", "virtual"})),
        "use_vmac\n    vmac_xmit_base",
    ),
    _both(
        "20_unicast_112",
        Node(),
        replace(WORKS, adverts=frozenset({"test01 to test02"})),
        "unicast_src_ip {own}\n    unicast_peer {{\n        {peer}\n    }}",
    ),
)  # fmt: skip


def cloud(variant: Variant) -> CloudSpec:
    inside, outside = "int_net", "public"
    nodes = {"test01": variant.test01, "test02": variant.test02, "client03": Node((), ("web",))}
    return CloudSpec(
        networks=(
            Network(inside, IPv4Network("192.168.100.0/24"), IPv4Address("192.168.100.1"), 1450),
            Network(outside, IPv4Network("172.24.4.0/24"), external=True),
        ),
        routers=(Router("router", outside, IPv4Address("172.24.4.129"), (inside,)),),
        security_groups=(
            _group("web", ("icmp", None), ("tcp", 22), ("tcp", 80)),
            _group("ssh", ("icmp", None), ("tcp", 22)),
            _group("vrrp", ("112", None)),
        ),
        ports=(
            *(_port(name, inside, ADDRESSES[name], node) for name, node in nodes.items()),
            _port("USER-vip", inside, VIP, Node((), ("default",))),
            _port("client", outside, "172.24.4.10", OPEN),
        ),
        floating_ips=((IPv4Address(FLOATING), "USER-vip"),),
        instances=(
            *(_web_server(name, variant.keepalived) for name in NODES),
            Instance("client03", ("client03",)),
            Instance("client", ("client",)),
        ),
    )


def _group(name: str, *admitted: tuple[str, int | None]) -> SecurityGroup:
    rules = (
        SecurityGroupRule("ingress", protocol=protocol, port_range_min=port, port_range_max=port)
        for protocol, port in admitted
    )
    return SecurityGroup(name, (*egress_to_anywhere(), *rules))


def _port(name: str, network: str, address: str, node: Node) -> Port:
    return Port(
        name,
        network,
        IPv4Address(address),
        allowed_address_pairs=node.pairs,
        port_security_enabled=node.port_security_enabled,
        security_groups=node.groups,
    )


def _web_server(name: str, keepalived: str) -> Instance:
    (peer,) = (ADDRESSES[node] for node in NODES if node != name)
    lines = keepalived.format(own=ADDRESSES[name], peer=peer)
    return Instance(
        name,
        (name,),
        files={
            "/etc/keepalived/keepalived.conf": _KEEPALIVED.format(
                priority={"test01": 150, "test02": 100}[name], lines=lines
            ),
            "/etc/lighttpd/lighttpd.conf": _LIGHTTPD,
            "/var/www/html/index.html": f"{name}\n",
        },
        services=(
            Service("lighttpd", ("/usr/sbin/lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf")),
        ),
        vrrp="keepalived",
    )


_KEEPALIVED = """\
vrrp_instance VI_1 {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    {lines}
    authentication {{
        auth_type PASS
        auth_pass secret
    }}
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
