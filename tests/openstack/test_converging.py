"""Whatever there is, and wherever it is cut off: a plan comes to its end, and hurts nothing.

The strongest check is the simplest: after a removal everything is as it was before us.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.openstack.appliers import applying, removing
from tests.openstack.clouds import (
    DEFAULT,
    INT_SUBNET,
    INT_SUBNET_6,
    TEST01,
    TEST02,
    VIP,
    WEB,
    declared,
    floating_ip,
    group,
    ingress,
    port,
    walkthrough,
)
from tests.openstack.pretend import PretendCloud, Requests
from tests.openstack.seen import by_name, by_spec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.planning import plan
from vipkeeper.openstack.removal import removal
from vipkeeper.openstack.resources import AddressPair, Port, ServerGroup
from vipkeeper.openstack.spec import VipSpec

VIP_6 = "fd00:100::196"
CHOSEN = "99.88.128.171"
FEW = settings(max_examples=100, deadline=None)

OWN = "of the port itself"
PAIRS = (
    (VIP, OWN),
    (f"{VIP}/32", OWN),
    ("192.168.100.0/24", OWN),
    ("0.0.0.0/0", OWN),
    (VIP, "fa:16:3e:aa:bb:cc"),
    ("192.168.100.150", OWN),
    ("10.9.9.9", OWN),
    (VIP_6, OWN),
)
OTHER_PAIRS = tuple(one for one in PAIRS if one not in ((VIP, OWN), (VIP_6, OWN)))
"""None that is the very one that we would put there: a tag says of a family, not of an address,
that its pair is ours, so that after a change of addresses one cannot be told from the other."""
RULES = (
    ingress("112"),
    ingress("vrrp", remote_group_id="group-mine"),
    ingress("tcp", 80),
    ingress("tcp", 1, port_range_max=65535, remote_ip_prefix="10.0.0.0/8"),
    ingress(None, ethertype="IPv6"),
)


@st.composite
def ports(draw: st.DrawFn, one: Port, number: int, likely: tuple[tuple[str, str], ...]) -> Port:
    """A member's port with things of somebody else's on it."""
    six = f"fd00:100::{number}"
    of_both = port("any", str(one.fixed_ips[0].address), six)
    typed = draw(st.lists(st.sampled_from(likely), unique=True, max_size=4))
    pairs = tuple(
        AddressPair(address, one.mac_address if said == OWN else said) for address, said in typed
    )
    groups = draw(
        st.lists(st.sampled_from(("group-web", "group-default", "group-mine")), unique=True)
    )
    return replace(
        one,
        fixed_ips=of_both.fixed_ips,
        allowed_address_pairs=pairs,
        security_groups=tuple(groups),
        tags=draw(st.sampled_from(((), ("theirs",), ("vipkeeper:web-2", "vipkeeper:web-2:pair4")))),
    )


@st.composite
def worlds(draw: st.DrawFn, pairs: tuple[tuple[str, str], ...] = PAIRS) -> Found:
    """Nothing of ours, and all sorts of other things."""
    unbound = port("node3-port", "192.168.100.33", "fd00:100::33", number=900)
    others = [port("db-vip", "192.168.100.150", description="somebody's")]
    rules = draw(st.lists(st.sampled_from(RULES), unique=True))
    mine = group("mine", *rules)
    theirs = group("web-vip", ingress("tcp", 22), description="by hand, and has our name")
    groups = draw(st.sampled_from(((), (theirs,))))
    free = draw(st.sampled_from(((), (floating_ip(CHOSEN),))))
    return walkthrough(
        subnets=(INT_SUBNET, INT_SUBNET_6),
        ports=(draw(ports(TEST01, 131, pairs)), draw(ports(TEST02, 67, pairs)), unbound, *others),
        groups=(DEFAULT, WEB, mine, *groups),
        floating_ips=free,
        roles=frozenset(("member", "admin")),
        server_groups=draw(
            st.sampled_from(((), (ServerGroup("sg", "web-vip", "anti-affinity", ("a",)),)))
        ),
    )


@st.composite
def specs(draw: st.DrawFn) -> VipSpec:
    families = draw(st.sampled_from(((4,), (6,), (4, 6))))
    known = {4: VIP, 6: VIP_6}
    addresses = tuple(known[one] for one in families if draw(st.booleans()))
    floating: Any = None
    if 4 in families:
        floating = draw(
            st.sampled_from((None, {"network": "ext-private-net1"}, {"address": CHOSEN}))
        )
    second = draw(st.sampled_from(({"server": "test02"}, {"port": "node3-port"})))
    members: list[Any] = [{"server": "test01"}, second]
    if draw(st.booleans()):
        members.reverse()
    source = "10.0.0.0/8" if 4 in families else "fd00::/16"
    services = st.sampled_from(
        ({"first": 80, "last": 80}, {"protocol": "icmp"}, {"first": 22, "source": source})
    )
    return declared(
        families=families,
        addresses=addresses,
        floating_ip=floating,
        members=tuple(members),
        service_ports=tuple(draw(st.lists(services, max_size=2, unique_by=str))),
        security_group=draw(st.sampled_from((None, None, "mine"))),
        anti_affinity=draw(st.booleans()),
        vrrp={
            "virtual_mac": draw(st.booleans()),
            "vrid": draw(st.sampled_from((None, 51, 52))),
            "interval": draw(st.sampled_from((1, 0.5))),
        },
    )


def carried_on(requests: Requests, at_most: int | None = None) -> bool:
    """Go on for so many requests; whether it has come to its end."""
    left = at_most
    for _ in requests:
        if left is not None:
            left -= 1
            if left < 0:
                return False
    return True


def taken_in_turns(data: st.DataObject, *who: Iterator[str]) -> None:
    """Until all are done; who is next is drawn."""
    running = list(who)
    while running:
        at = data.draw(st.integers(0, len(running) - 1)) if len(running) > 1 else 0
        for _ in range(data.draw(st.integers(1, 9))):
            if next(running[at], None) is None:
                del running[at]
                break


def in_place(cloud: PretendCloud, spec: VipSpec) -> None:
    """Nothing is left to do, and what a virtual IP needs is there exactly once."""
    assert plan(spec, by_spec(cloud.everything, spec)).steps == ()
    vips = [one for one in cloud.everything.ports if "vipkeeper-vip" in one.tags]
    assert sorted(one.fixed_ips[0].address.version for one in vips) == list(spec.families)
    made = [one for one in cloud.everything.groups if one.description.startswith("vipkeeper")]
    assert len(made) == (spec.security_group is None)
    led = [one for one in cloud.everything.floating_ips if one.port_id in {one.id for one in vips}]
    assert len(led) == (spec.floating_ip is not None)


def unharmed(before: Found, cloud: PretendCloud) -> None:
    """What others had is there as it was, whatever else is there now."""
    after = cloud.everything
    for old in before.ports:
        new = next(one for one in after.ports if one.id == old.id)
        assert set(old.allowed_address_pairs) <= set(new.allowed_address_pairs)
        assert set(old.security_groups) <= set(new.security_groups)
        assert set(old.tags) <= set(new.tags)
        assert old.description == new.description
    for known in before.groups:
        now = next(one for one in after.groups if one.id == known.id)
        assert set(known.rules) <= set(now.rules)
    assert {one.id for one in before.floating_ips} <= {one.id for one in after.floating_ips}
    assert {one.id for one in before.server_groups} <= {one.id for one in after.server_groups}


def as_before(before: Found, cloud: PretendCloud) -> None:
    """Everything: ports, groups, floating IPs, server groups."""
    after = cloud.everything
    assert after.groups == before.groups
    assert after.floating_ips == before.floating_ips
    assert after.server_groups == before.server_groups
    assert after.ports == before.ports
    assert removal("web", by_name(after, "web")).steps == ()


@FEW
@given(worlds(), specs(), st.data())
def test_it_comes_to_its_end_and_goes_without_a_trace(
    world: Found, spec: VipSpec, data: st.DataObject
) -> None:
    cloud = PretendCloud(world)
    cut = st.integers(0, 40)
    for _ in range(data.draw(st.integers(0, 3))):
        carried_on(applying(cloud, spec), data.draw(cut))
        unharmed(world, cloud)
    assert carried_on(applying(cloud, spec))
    in_place(cloud, spec)
    unharmed(world, cloud)
    for _ in range(data.draw(st.integers(0, 3))):
        carried_on(removing(cloud, "web"), data.draw(cut))
        unharmed(world, cloud)
    assert carried_on(removing(cloud, "web"))
    as_before(world, cloud)


@FEW
@given(worlds(OTHER_PAIRS), st.lists(specs(), min_size=2, max_size=4), st.data())
def test_a_spec_may_change_in_the_middle(
    world: Found, changing: list[VipSpec], data: st.DataObject
) -> None:
    cloud = PretendCloud(world)
    for spec in changing:
        carried_on(applying(cloud, spec), data.draw(st.integers(0, 60)))
        unharmed(world, cloud)
    assert carried_on(applying(cloud, changing[-1]))
    in_place(cloud, changing[-1])
    unharmed(world, cloud)
    assert carried_on(removing(cloud, "web"))
    as_before(world, cloud)


@FEW
@given(worlds(), specs(), st.data())
def test_two_may_apply_it_at_once(world: Found, spec: VipSpec, data: st.DataObject) -> None:
    cloud = PretendCloud(world)
    taken_in_turns(data, applying(cloud, spec), applying(cloud, spec))
    unharmed(world, cloud)
    assert carried_on(applying(cloud, spec))
    in_place(cloud, spec)
    unharmed(world, cloud)
    taken_in_turns(data, removing(cloud, "web"), removing(cloud, "web"))
    assert carried_on(removing(cloud, "web"))
    as_before(world, cloud)
