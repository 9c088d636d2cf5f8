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
    by_hand,
    declared,
    floating_ip,
    group,
    ingress,
    port,
    walkthrough,
)
from tests.openstack.pretend import PretendCloud, Requests
from tests.openstack.seen import by_name
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.planning import plan
from vipkeeper.openstack.plans.removal import removal
from vipkeeper.openstack.resources import AddressPair, Port, ServerGroup

VIP_6 = "fd00:100::196"
CHOSEN = "99.88.128.171"
FEW = settings(max_examples=40, deadline=None)

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
    ("fe80::c4", OWN),
)
OTHER_PAIRS = tuple(one for one in PAIRS if one not in ((VIP, OWN), (VIP_6, OWN)))
"""None that is the very one that we would put there: a tag says of a family, not of an address,
that its pair is ours, so that after a change of addresses one cannot be told from the other."""
FEW_PAIRS = tuple(one for one in OTHER_PAIRS if one[0] != "192.168.100.150")
"""None that may be mistaken for ours once its VIP port is gone."""
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
    assert plan(spec, cloud.look(spec)).steps == ()
    vips = [one for one in cloud.everything.ports if "vipkeeper-vip" in one.tags]
    assert sorted(one.fixed_ips[0].address.version for one in vips) == list(spec.families)
    made = [one for one in cloud.everything.groups if one.description.startswith("vipkeeper")]
    assert len(made) == (spec.security_group is None)
    led = [one for one in cloud.everything.floating_ips if one.port_id in {one.id for one in vips}]
    assert len(led) == (spec.floating_ip is not None)


def unharmed(before: Found, cloud: PretendCloud, *, but: str = "") -> None:
    """What others had is there as it was, whatever else is there now."""
    after = cloud.everything
    for old in before.ports:
        if old.name == but:
            continue
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


def damaged(everything: Found, data: st.DataObject) -> Found:
    """Somebody takes something of ours away by hand, or writes over it."""
    ours = [one for one in everything.ports if "vipkeeper:web" in one.tags]
    one = data.draw(st.sampled_from(ours))
    match data.draw(st.sampled_from(("pairs", "groups", "a tag", "rules", "floating", "group"))):
        case "pairs":
            changed = replace(one, allowed_address_pairs=())
        case "groups":
            changed = replace(one, security_groups=())
        case "a tag":
            # But for the one by which it is found: it would be nobody's without.
            kept = [tag for tag in one.tags if tag in ("vipkeeper:web", "vipkeeper-vip")]
            changed = replace(one, tags=tuple(kept))
        case "rules":
            without = (replace(group, rules=()) for group in everything.groups)
            return replace(everything, groups=tuple(without))
        case "floating":
            return replace(everything, floating_ips=())
        case _:
            left = [group for group in everything.groups if group.name != "web-vip"]
            gone = {group.id for group in everything.groups if group not in left}
            in_left = (
                replace(at, security_groups=tuple(set(at.security_groups) - gone))
                for at in everything.ports
            )
            return replace(everything, groups=tuple(left), ports=tuple(in_left))
    others = (changed if at.id == one.id else at for at in everything.ports)
    return replace(everything, ports=tuple(others))


@FEW
@given(worlds(), specs(), st.data())
def test_what_is_damaged_by_hand_is_mended(
    world: Found, spec: VipSpec, data: st.DataObject
) -> None:
    cloud = PretendCloud(world)
    assert carried_on(applying(cloud, spec))
    cloud.everything = damaged(cloud.everything, data)
    if not (spec.floating_ip and spec.floating_ip.address and not world.floating_ips):
        assert carried_on(applying(cloud, spec))
        in_place(cloud, spec)
    assert carried_on(removing(cloud, "web"))
    assert plan(spec, cloud.look(spec)).exists is False


@FEW
@given(worlds(FEW_PAIRS), specs())
def test_the_address_is_kept_when_the_vip_port_is_deleted_by_hand(
    world: Found, spec: VipSpec
) -> None:
    cloud = PretendCloud(world)
    assert carried_on(applying(cloud, spec))
    before = plan(spec, cloud.look(spec)).deployment
    left = (one for one in cloud.everything.ports if "vipkeeper-vip" not in one.tags)
    floating = (replace(one, port_id=None) for one in cloud.everything.floating_ips)
    cloud.everything = replace(cloud.everything, ports=tuple(left), floating_ips=tuple(floating))
    assert carried_on(applying(cloud, spec))
    after = plan(spec, cloud.look(spec)).deployment
    assert before is not None
    assert after is not None
    assert [one.interface for one in after.addresses] == [one.interface for one in before.addresses]
    assert carried_on(removing(cloud, "web"))
    as_before(world, cloud)


@FEW
@given(st.data())
def test_what_was_adopted_stays_as_it_was(data: st.DataObject) -> None:
    world = by_hand()
    cloud = PretendCloud(adopted(world))
    spec = declared(security_group=data.draw(st.sampled_from((None, "vrrp"))))
    for _ in range(data.draw(st.integers(0, 2))):
        carried_on(applying(cloud, spec), data.draw(st.integers(0, 30)))
        unharmed(world, cloud, but="USER-vip")
    assert carried_on(applying(cloud, spec))
    in_place(cloud, spec)
    for _ in range(data.draw(st.integers(0, 3))):
        carried_on(removing(cloud, "web"), data.draw(st.integers(0, 30)))
        unharmed(world, cloud, but="USER-vip")
    assert carried_on(removing(cloud, "web"))
    as_before(world, cloud)


@FEW
@given(st.data())
def test_what_was_adopted_goes_if_asked(data: st.DataObject) -> None:
    world = by_hand()
    cloud = PretendCloud(adopted(world))
    assert carried_on(applying(cloud, declared()))
    for _ in range(data.draw(st.integers(0, 3))):
        carried_on(removing(cloud, "web", adopted=True), data.draw(st.integers(0, 30)))
    assert carried_on(removing(cloud, "web", adopted=True))
    after = cloud.everything
    assert [one.name for one in after.ports] == ["test01", "test02"]
    assert [one.allowed_address_pairs for one in after.ports] == [(), ()]
    assert [one.security_groups for one in after.ports] == [
        one.security_groups for one in world.ports[:2]
    ]
    assert after.groups == world.groups
    assert [one.address for one in after.floating_ips] == ["99.88.128.203", "99.88.128.33"]


def adopted(found: Found) -> Found:
    """What the walkthrough's author made by hand, with the marks of an adopted virtual IP."""
    tags = ("vipkeeper-vip", "vipkeeper:web", "vipkeeper-adopted")
    record = (
        "vipkeeper vip=web family=4 vrrp=2 vrid=51 interval=1 mode=multicast "
        "preempt=yes mac=own auth=pass"
    )
    *members, vip = found.ports
    of_vip = found.floating_ips[-1]
    return replace(
        found,
        ports=(*members, replace(vip, tags=tags, description=record)),
        floating_ips=(*found.floating_ips[:-1], replace(of_vip, tags=tags[1:])),
    )
