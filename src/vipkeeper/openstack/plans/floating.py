"""The floating IP that leads to the virtual IP: ours, one that does already, or a chosen one."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.openstack import marks
from vipkeeper.openstack.back_end import BackEnd
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.choosing import meant
from vipkeeper.openstack.plans.ownership import belongs, is_made, own_tags
from vipkeeper.openstack.plans.plan import Remark, blocker, note
from vipkeeper.openstack.plans.reservation import Reservation
from vipkeeper.openstack.plans.steps import ChangeFloatingIp, CreateFloatingIp, Delete, Step
from vipkeeper.openstack.resources import FloatingIp, Network
from vipkeeper.openstack.words import listed

NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Floating:
    """What is to be done, in this order: first whatever may be in the way is let go.

    Attributes:
        address: None where there is none yet, or none is wanted.
    """

    steps: tuple[Step, ...] = ()
    remarks: tuple[Remark, ...] = ()
    address: str | None = None
    network_id: str | None = None


def arranged(spec: VipSpec, reservation: Reservation, found: Found, back_end: BackEnd) -> Floating:
    ours = [one for one in found.floating_ips if belongs(spec.name, one)]
    vip_port = reservation.kept.get(4)
    led = [
        one
        for one in found.floating_ips
        if one not in ours and vip_port and one.port_id == vip_port.id
    ]
    behind = _left_behind(reservation, ours, found)
    if spec.floating_ip is None:
        steps = tuple(step for one in ours for step in let_go(spec.name, one))
        return Floating(steps, (*behind, *(_not_asked_for(one) for one in led)))
    asked = spec.floating_ip.address
    network = _network(spec, (*ours, *led), found)
    if isinstance(network, Remark):
        return Floating(remarks=(*behind, network))
    fitting = [
        one
        for one in ours
        if one.network_id == network.id and (asked is None or one.address == str(asked))
    ]
    # Of two of ours: one that cannot be deleted, then the one that is in use.
    target = vip_port.id if vip_port else None
    fitting.sort(key=lambda one: (is_made(spec.name, one), one.port_id != target, one.id))
    surplus = [one for one in ours if one not in fitting[:1]]
    released = tuple(step for one in surplus for step in let_go(spec.name, one))
    foreign = next((one for one in led if one.network_id == network.id), None)
    if fitting:
        kept = fitting[0]
        steps, remarks = _of_ours(spec, kept, target, foreign)
        if not back_end.routed and (target is None or kept.port_id != target):
            remarks = (*remarks, _no_router(spec))
        return Floating((*released, *steps), (*behind, *remarks), kept.address, network.id)
    if foreign:
        return Floating(
            released, (*behind, *_of_foreign(spec, foreign)), foreign.address, network.id
        )
    steps, remarks, address = _new(spec, network, found)
    if not back_end.routed:
        remarks = (*remarks, _no_router(spec))
    return Floating((*released, *steps), (*behind, *remarks), address, network.id)


def let_go(name: str, one: FloatingIp) -> tuple[Step, ...]:
    """A floating IP that is no longer wanted: deleted if it was made by us, else left as it was."""
    if is_made(name, one):
        return (Delete("floating IP", one.id, one.address, "no longer wanted"),)
    led_by_us = marks.member_tag(name, marks.LED) in one.tags
    change = ChangeFloatingIp(
        one.id,
        one.address,
        lead_to=NOWHERE if led_by_us and one.port_id else None,
        remove_tags=own_tags(name, one.tags),
    )
    return (change,)


def _network(spec: VipSpec, known: tuple[FloatingIp, ...], found: Found) -> Network | Remark:
    """Where the floating IP is from: as declared, where there is one already, or the only one."""
    assert spec.floating_ip is not None
    named = spec.floating_ip.network
    candidates = [one for one in found.external_networks if one.external]
    if named:
        candidates = list(meant(candidates, named))
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        return blocker(
            "external-network-missing",
            f"there is no external network {named}" if named else "there is no external network",
            "openstack network list --external",
        )
    asked = spec.floating_ip.address
    of_address = (
        one.network_id for one in found.floating_ips if asked and one.address == str(asked)
    )
    used = {*(one.network_id for one in known), *of_address}
    of_used = [one for one in candidates if one.id in used]
    if len(of_used) == 1:
        return of_used[0]
    return blocker(
        "external-network-ambiguous",
        f"there are {len(candidates)} external networks: "
        + listed(f"{one.name} ({one.id})" for one in candidates),
        "say floating_ip: network: with the name or the ID of the one that is meant",
    )


def _of_ours(
    spec: VipSpec, kept: FloatingIp, target: str | None, foreign: FloatingIp | None
) -> tuple[tuple[Step, ...], tuple[Remark, ...]]:
    tag, led = marks.tag(spec.name), marks.member_tag(spec.name, marks.LED)
    tags = [tag]
    leads = target is not None and kept.port_id == target
    if not is_made(spec.name, kept):
        tags.append(marks.ADOPTED)
        if not leads:
            tags.append(led)
    add = tuple(one for one in tags if one not in kept.tags)
    steps: tuple[Step, ...] = ()
    if add or not leads:
        steps = (ChangeFloatingIp(kept.id, kept.address, None if leads else 4, add_tags=add),)
    if leads or foreign is None:
        return steps, ()
    return steps, (_in_the_way(foreign, kept.address),)


def _left_behind(
    reservation: Reservation, ours: list[FloatingIp], found: Found
) -> tuple[Remark, ...]:
    """Those of somebody else's that lead to a VIP port that is to be deleted."""
    deleted = {port.id for port in reservation.surplus}
    return tuple(
        blocker(
            "floating-ip-left-behind",
            f"the floating IP {one.address} leads to the VIP port that is to be deleted, and is "
            "not of our making",
            "say where it is to lead: openstack floating ip unset --port "
            f"{one.address} (or set --port PORT)",
        )
        for one in found.floating_ips
        if one not in ours and one.port_id in deleted
    )


def _of_foreign(spec: VipSpec, foreign: FloatingIp) -> tuple[Remark, ...]:
    assert spec.floating_ip is not None
    asked = spec.floating_ip.address
    if asked and foreign.address != str(asked):
        return (_in_the_way(foreign, str(asked)),)
    return (
        note(
            "floating-ip-not-ours",
            f"the floating IP {foreign.address} leads to the virtual IP already; it is used, and "
            "stays when the virtual IP is destroyed",
        ),
    )


def _new(
    spec: VipSpec, network: Network, found: Found
) -> tuple[tuple[Step, ...], tuple[Remark, ...], str | None]:
    assert spec.floating_ip is not None
    asked = spec.floating_ip.address
    tag = marks.tag(spec.name)
    create = CreateFloatingIp(network.id, network.name, asked, marks.description(spec.name), (tag,))
    if asked is None:
        return (create,), (), None
    there = next((one for one in found.floating_ips if one.address == str(asked)), None)
    if there is None:
        may_choose = found.project_id is None or "admin" in found.roles
        return (create,), () if may_choose else (_not_permitted(spec, network),), str(asked)
    if found.project_id not in (None, there.project_id):
        other = blocker(
            "floating-ip-of-another-project",
            f"the floating IP {asked} belongs to another project",
            "choose another address, or leave it to the cloud",
        )
        return (), (other,), str(asked)
    if there.port_id:
        taken = blocker(
            "floating-ip-in-use",
            f"the floating IP {asked} leads to port {there.port_id} ({there.fixed_ip_address})",
            f"if that may end: openstack floating ip unset --port {asked}",
        )
        return (), (taken,), str(asked)
    tags = (tag, marks.ADOPTED, marks.member_tag(spec.name, marks.LED))
    return (ChangeFloatingIp(there.id, there.address, 4, add_tags=tags),), (), there.address


def _not_permitted(spec: VipSpec, network: Network) -> Remark:
    assert spec.floating_ip is not None
    return blocker(
        "floating-ip-needs-admin",
        f"the floating IP {spec.floating_ip.address} does not exist in the project, and only an "
        "admin may choose the address of a new one",
        "let an admin make it: openstack floating ip create --floating-ip-address "
        f"{spec.floating_ip.address} --project PROJECT {network.name or network.id}",
    )


def _not_asked_for(one: FloatingIp) -> Remark:
    return note(
        "floating-ip-not-declared",
        f"the floating IP {one.address} leads to the virtual IP; the spec asks for none, and it is "
        "not of our making",
        f"openstack floating ip unset --port {one.address}",
    )


def _in_the_way(foreign: FloatingIp, wanted: str) -> Remark:
    # Neutron: 409 FloatingIPPortAlreadyAssociated.
    return blocker(
        "floating-ip-in-the-way",
        f"the floating IP {foreign.address} leads to the virtual IP already, so that {wanted} "
        "cannot",
        f"openstack floating ip unset --port {foreign.address}",
    )


def _no_router(spec: VipSpec) -> Remark:
    return blocker(
        "no-router",
        f"no router of the network {spec.network} can be seen: a floating IP cannot lead there",
        "openstack router add subnet ROUTER SUBNET, with an external gateway on ROUTER",
    )
