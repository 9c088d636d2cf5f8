"""What has to be known before anything is done: what the cloud's network will not do, or not alone.

All of it is seen by a plain tenant (openstack.md 1.7). Each remark has a stable code; the table of
all is in docs/vip-remarks.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from vipkeeper.openstack.back_end import BackEnd, Kind
from vipkeeper.openstack.declaration.spec import AuthenticationType, Mode, VipSpec
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.choosing import Chosen, ChosenMember
from vipkeeper.openstack.plans.plan import Remark, blocker, note, warning
from vipkeeper.openstack.plans.steps import (
    CreateFloatingIp,
    CreateGroup,
    CreatePort,
    CreateRule,
    Step,
)

RULES_OF_A_NEW_GROUP = 2
"""Neutron lets everything out by a rule for each family, which count."""


def of_cloud(found: Found) -> list[Remark]:
    """Extensions that are missing; nothing is said if none is known."""
    if not found.extensions:
        return []
    said = []
    if "allowed-address-pairs" not in found.extensions:
        said.append(
            blocker(
                "no-address-pairs",
                "this cloud has no allowed address pairs: no port can speak for a second address",
                "ask the operator for Neutron's extension allowed-address-pairs",
            )
        )
    if "standard-attr-tag" not in found.extensions:
        said.append(
            blocker(
                "no-tags",
                "this cloud has no tags: what belongs to a virtual IP could not be known again",
                "ask the operator for Neutron's extension standard-attr-tag",
            )
        )
    if "revision-if-match" not in found.extensions:
        said.append(
            warning(
                "no-if-match",
                "this cloud does not check revisions: whoever changes the same port at the same "
                "moment may lose a change, or we ours",
                "let nothing else change the members' ports meanwhile",
            )
        )
    return said


def of_network(spec: VipSpec, meant: Chosen, found: Found, back_end: BackEnd) -> list[Remark]:
    network = meant.network
    said = []
    foreign = found.project_id is not None and network.project_id != found.project_id
    if foreign and "admin" not in found.roles:
        # Policies create_port:fixed_ips, update_port:allowed_address_pairs: admin or network owner.
        said.append(
            blocker(
                "network-of-another-project",
                f"the network {network.name or network.id} belongs to another project: Neutron "
                "lets only its owner or an admin choose addresses and set pairs (403)",
                "use a network of this project, or let an admin apply it",
            )
        )
    if back_end.kind is Kind.UNKNOWN:
        said.append(
            note(
                "back-end-unknown",
                "the network has neither DHCP nor a router: its back end cannot be told, so that "
                "what it will not do is not said here",
            )
        )
    if back_end.distributed:
        said.append(_distributed(spec))
    return said


def of_members(meant: Chosen, *, on_ovn: bool) -> list[Remark]:
    said = []
    for member in meant.members:
        if not member.port.port_security_enabled:
            said.append(_unfiltered(member, on_ovn=on_ovn))
        if member.port.vnic_type not in ("", "normal"):
            said.append(
                warning(
                    "port-bypasses-the-host",
                    f"the port of {member.name} is of type {member.port.vnic_type}: pairs and "
                    "groups have no effect there, and what the card or the switch drops is not "
                    "seen",
                    "use ports of type normal",
                )
            )
        said += [
            warning(
                "member-in-another-subnet",
                f"{member.name} has no address in {subnet.cidr}, the subnet of the virtual IP",
                f"openstack port set --fixed-ip subnet={subnet.id} {member.port.id}",
            )
            for subnet in meant.subnets.values()
            if not any(fixed.subnet_id == subnet.id for fixed in member.port.fixed_ips)
        ]
    return said


def of_vrrp(spec: VipSpec, back_end: BackEnd) -> list[Remark]:
    vrrp = spec.vrrp
    said: list[Remark] = []
    if vrrp.virtual_mac:
        said += _of_virtual_mac(spec, back_end)
    if vrrp.authentication and vrrp.authentication.type is AuthenticationType.AH:
        said.append(
            warning(
                "ah-needs-keepalived",
                "authentication ah: vipkeeperd does not speak it, keepalived does",
                "run keepalived on the members, or use type: pass",
            )
        )
    elif vrrp.authentication:
        said.append(
            note(
                "password-readable",
                "the password of VRRPv2 goes over the network in clear text in each advert: it "
                "keeps mistakes apart, not attackers",
            )
        )
    if vrrp.mode is Mode.MULTICAST:
        said.append(
            note(
                "multicast",
                "adverts go to every port of the network: a virtual router that was not made by "
                "vipkeeper and has the same VRID would disturb it",
                "mode: unicast, which is the default",
            )
        )
    if 6 in spec.families:
        # Only the EUI-64 address of the port's MAC passes port security (openstack.md 1.6).
        said.append(
            note(
                "link-local-eui64",
                "IPv6 adverts come from the nodes' link-local addresses, and only those made of "
                "the MAC (EUI-64) pass port security",
                "on each node: sysctl net.ipv6.conf.IFACE.addr_gen_mode=0, or with NetworkManager "
                "ipv6.addr-gen-mode eui64",
            )
        )
    return said


def of_quotas(steps: Sequence[Step], found: Found) -> list[Remark]:
    """What would be too much; nothing is deleted before all is made, so nothing is taken off."""
    groups = _count(steps, CreateGroup)
    needed = {
        "port": _count(steps, CreatePort),
        "floatingip": _count(steps, CreateFloatingIp),
        "security_group": groups,
        "security_group_rule": _count(steps, CreateRule) + RULES_OF_A_NEW_GROUP * groups,
    }
    said = []
    for name, count in needed.items():
        quota = found.quotas.get(name)
        if not count or quota is None or quota.limit < 0:
            continue
        left = max(0, quota.limit - quota.used)
        if count > left:
            said.append(
                blocker(
                    "quota",
                    f"{count} of {name} would be made, and the project's quota has {left} left "
                    f"of {quota.limit}",
                    "delete what is not needed, or ask the operator for more: "
                    "openstack quota show --usage",
                )
            )
    return said


def _count(steps: Sequence[Step], kind: type) -> int:
    return sum(isinstance(step, kind) for step in steps)


def _distributed(spec: VipSpec) -> Remark:
    # docs/back-ends.md: qrouter's permanent entry is that of the last writer of a port with the
    # pair; the floating IP of an unbound port is centralised, and moves.
    outside = " The floating IP does move." if spec.floating_ip else ""
    return warning(
        "distributed-router",
        "the network's router is distributed (DVR): its other networks are sent to the member "
        "whose pairs were changed last, whoever has the virtual IP, and see no failover "
        f"(LP#1774459).{outside}",
        "let an admin make the router centralised, if other networks use the virtual IP: "
        "openstack router set --disable --centralized ROUTER",
    )


def _unfiltered(member: ChosenMember, *, on_ovn: bool) -> Remark:
    remedy = f"openstack port set --enable-port-security --security-group GROUP {member.port.id}"
    if on_ovn:
        return blocker(
            "port-security-off-on-ovn",
            f"the port of {member.name} has port security switched off: OVN makes no virtual port "
            "without a pair, so that the floating IP is dead and the router does not follow",
            remedy,
        )
    return warning(
        "port-security-off",
        f"the port of {member.name} has port security switched off: nothing is filtered there, "
        "and neither a pair nor a group can be put there",
        remedy,
    )


def _of_virtual_mac(spec: VipSpec, back_end: BackEnd) -> list[Remark]:
    said = []
    own = "virtual_mac: false, which is the default"
    if back_end.kind is Kind.OVN and not back_end.rejects_multicast_pairs:
        said.append(
            blocker(
                "virtual-mac-on-ovn",
                "OVN drops what is sent by a virtual MAC here: it takes Neutron 28 and OVN 26.03",
                own,
            )
        )
    elif back_end.kind is Kind.OVN:
        said.append(
            warning(
                "virtual-mac-on-newer-ovn",
                "whether this OVN lets a virtual MAC pass cannot be seen: it has to be 26.03 or "
                "newer, and keepalived's announcements pass only since Neutron's 8ef0c874c5 "
                "(August 2026)",
                own,
            )
        )
    else:
        said.append(
            note(
                "virtual-mac-moves",
                "with Open vSwitch and tunnels older than Neutron 28 a MAC that moves to another "
                "host may be sent to the old one for a while (LP#2123911)",
                own,
            )
        )
    if 6 in spec.families:
        said.append(
            note(
                "virtual-mac-ipv6",
                "the link-local address of the virtual MAC passes only because of its pair; "
                "adverts have to leave by the port's own MAC (vmac_xmit_base)",
            )
        )
    return said
