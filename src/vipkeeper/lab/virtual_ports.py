"""OVN's virtual ports: which port a VIP makes one, and who may claim it when.

A VIP's own port becomes a logical switch port of type "virtual" with the instances' ports as
its parents, and whoever of them announces the VIP is where OVN then sends what is for it. Until
that a distributed floating IP of it is dead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from vipkeeper.lab.ovn_chains import entries, spoken
from vipkeeper.lab.ports import Port

_ARP, _IPV6 = 0x0806, 0x86DD
_REQUEST, _REPLY = 1, 2
_ICMPV6, _SOLICITATION, _ADVERTISEMENT = 58, 135, 136


@dataclass(frozen=True, slots=True)
class UnboundPort:
    """A port that is plugged in nowhere.

    Attributes:
        bridge: that of its network.
        fixed_ips: in the order of the API.
    """

    name: str
    bridge: str
    fixed_ips: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VirtualPort:
    """What Neutron writes into the options virtual-ip and virtual-parents."""

    address: str
    parents: tuple[str, ...]


def virtual_ports(unbound: Sequence[UnboundPort], ports: Sequence[Port]) -> dict[str, VirtualPort]:
    """The virtual ports by name.

    An unbound port is one if another port of its network has a pair with its fixed IP. The
    pair is compared as text: neither "/32" nor a prefix that holds the address will do. One
    fixed IP is all that counts, the first that has parents: with an IPv4 and an IPv6 VIP on
    one port the second never moves. Ports without port security are no parents, so that with
    them the VIP's port is an ordinary one. Source: neutron/plugins/ml2/drivers/ovn/mech_driver/
    ovsdb/ovn_client.py, ``get_port_type_virtual_and_parents``, and neutron/common/ovn/utils.py,
    ``get_virtual_port_parents``; doc/source/ovn/virtual_ips.rst.
    """
    found = {}
    for port in unbound:
        for address in port.fixed_ips:
            parents = tuple(
                other.name
                for other in ports
                if other.bridge == port.bridge
                and other.filtered
                and any(pair.ip_address == address for pair in other.allowed_address_pairs)
            )
            if parents:
                found[port.name] = VirtualPort(address, parents)
                break
    return found


SECOND_NS = 1_000_000_000
BACK_OFF_NS = 1 * SECOND_NS
"""ovn/controller/pinctrl.c, VPORT_BACKOFF_INTERVAL."""
LONGEST_BACK_OFF_NS = 10 * SECOND_NS
"""pinctrl.c, VPORT_MAX_POSTPONE."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who has a virtual port, and from when on another may claim it.

    Since OVN 25.09 (commit 9a30e0479, "Limit the number of claim for virtual ports to 1/s with
    backoff period of 10 seconds") each further claim makes the next one wait a second longer,
    up to ten. One that comes too early is postponed. Two things are decided here, for that
    text does not: whoever announces last is who gets it then, be it who has it already; and
    when the wait is over and ten seconds more have passed without a claim, it begins with one
    second again.

    Attributes:
        parent: who has it; None before the first announcement.
        next_claim_ns: monotonic time, before which nobody else gets it.
        postponed: who gets it then.
    """

    parent: str | None = None
    next_claim_ns: int = 0
    back_off_ns: int = 0
    postponed: str | None = None

    def observe(self, parent: str, now_ns: int) -> Claims:
        """After an announcement from one of the parents; claimed if :attr:`parent` changed.

        From who has it already an announcement is no claim: northd makes no flow for parents
        of the chassis that the port is on.
        """
        if parent == self.parent:
            return replace(self, postponed=None) if self.postponed else self
        if now_ns < self.next_claim_ns:
            return replace(self, postponed=parent)
        back_off = min(self.back_off_ns + BACK_OFF_NS, LONGEST_BACK_OFF_NS)
        if now_ns >= self.next_claim_ns + LONGEST_BACK_OFF_NS:
            back_off = BACK_OFF_NS
        return Claims(parent, next_claim_ns=now_ns + back_off, back_off_ns=back_off)

    def catch_up(self, now_ns: int) -> Claims:
        """What was postponed is claimed, once its time has come."""
        if self.postponed is None or now_ns < self.next_claim_ns:
            return self
        return replace(self, postponed=None).observe(self.postponed, now_ns)

    def restrict(self, parents: Sequence[str]) -> Claims:
        """After the parents have changed: who is none any more does not have the port either."""
        known = (None, *parents)
        if self.parent in known and self.postponed in known:
            return self
        return replace(
            self,
            parent=self.parent if self.parent in known else None,
            postponed=self.postponed if self.postponed in known else None,
        )


def passes_port_security(frame: bytes, port: Port, address: IPv4Address | IPv6Address) -> bool:
    """Whether an announcement of an address gets as far as ``bind_vport`` at all.

    Port security comes first: the tables ls_in_check_port_sec and ls_in_apply_port_sec, as
    :mod:`~vipkeeper.lab.ovn_chains` has them.
    """
    mac = frame[6:12].hex(":")
    interfaces = entries(port).get(mac)
    if interfaces is None:
        return False
    if address.version == 4 and frame[22:28] != frame[6:12]:
        return False
    if address.version == 6 and frame[54] == _SOLICITATION:
        return True  # comes from an address of its own, and asks
    networks = spoken(interfaces, address.version)
    return not interfaces or any(address in network for network in networks)


def announced(frame: bytes, addresses: Mapping[IPv4Address | IPv6Address, str]) -> str | None:
    """Whose address, if any, a frame from a parent announces as the flow ``bind_vport`` has it.

    ARP requests of an address for itself and ARP replies from it; IPv6: an advertisement of
    it, and also a solicitation for it (ovn-northd(8), "ARP/ND responder", the flows of
    virtual ports).

    Args:
        frame: from the destination MAC address on.
        addresses: of the virtual ports, with what is to be returned for each.
    """
    kind = int.from_bytes(frame[12:14])
    if kind == _ARP and len(frame) >= 42:
        operation = int.from_bytes(frame[20:22])
        sender, target = frame[28:32], frame[38:42]
        if operation == _REPLY or (operation == _REQUEST and sender == target):
            return addresses.get(ip_address(sender))
    is_icmpv6 = kind == _IPV6 and len(frame) >= 78 and frame[20] == _ICMPV6
    if is_icmpv6 and frame[54] in (_SOLICITATION, _ADVERTISEMENT):
        return addresses.get(ip_address(frame[62:78]))
    return None
