"""The virtual router: its parameters, and the times that follow from them (RFC 9568 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.vrrp.advertisement import (
    AUTHENTICATION_NONE,
    AUTHENTICATION_SIMPLE,
    GROUPS,
    MULTICAST_TTL,
    PRIORITY_OWNER,
    Advertisement,
    ChecksumForm,
)
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.version import SECOND_NS, Family, Version

DEFAULT_DOWN_INTERVAL_ADVERTS = 3


def virtual_mac(family: Family, vrid: int) -> bytes:
    """00-00-5E-00-01-{VRID} for IPv4, 00-00-5E-00-02-{VRID} for IPv6 (RFC 9568 7.3)."""
    return bytes((0x00, 0x00, 0x5E, 0x00, 1 if family is Family.IPV4 else 2, vrid))


@dataclass(frozen=True, slots=True)
class Peer:
    """Another router of the same virtual router, where adverts are sent to each (unicast).

    Attributes:
        min_ttl, max_ttl: what the TTL of its adverts must be; multicast adverts must have 255.
    """

    address: Address
    min_ttl: int = 0
    max_ttl: int = MULTICAST_TTL


@dataclass(frozen=True, slots=True)
class VirtualRouter:
    """One VRRP instance as this node takes part in it.

    Attributes:
        name: what the configuration calls it.
        interface: name of the interface that it runs on.
        priority: the effective priority, 1..255; 255 is the owner's.
        advertisement_interval_ns: Advertisement_Interval, a multiple of the version's unit.
        addresses: the addresses that are advertised, in their configured order.
        primary_address: source of our adverts, and what breaks a tie; None while the interface
            has none.
        preempt: Preempt_Mode.
        preempt_delay_ns: how long a lower router is let be before it is preempted (RFC 8347
            preempt/hold-time); counted from the first advert that is heard from it.
        password: simple-password authentication (RFC 2338 5.3.6) with at most eight bytes, None
            for no authentication.
        down_interval_adverts: how many adverts may be missed (RFC 9568: 3; a setting of
            keepalived's).
        answer_losing_adverts: an Active router answers a losing advert at once (RFC 9568 6.4.3,
            and keepalived in both versions); False is RFC 3768's silence.
        advertise_before_yielding: one more advert to the router that we yield to, so that it
            announces itself again (keepalived's higher_prio_send_advert).
        discard_address_list_mismatch: RFC 3768 7.1's way with an advert that lists other
            addresses; by default it is counted and acted on, as keepalived 2.3.3 and later do.
        owner_starts_active: an owner takes its addresses at once (RFC 9568 6.4.1); keepalived
            wants ``state MASTER`` for it, and has an owner wait like any Backup without.
        owner_ignores_adverts: RFC 3768 7.1's way: an owner discards every advert.
        group: where multicast adverts go and come from.
        peers: adverts go to each of these instead of to the group, and only such are heard.
        peers_only: of these, only what a listed peer sends (keepalived's check_unicast_src).
        ttl: TTL or Hop Limit of what we send; other than 255 only between peers.
        transmit_interface: from where multicast adverts leave, with that interface's MAC address;
            None for ``interface``.
        shares_mac: the addresses are at a MAC address that moves with them (RFC 9568 7.3): two
            hosts that send from it turn the switches back and forth.
        checksum_form: what the checksum of our adverts covers; None for the default of version
            and family.
    """

    name: str
    interface: str
    vrid: int
    version: Version
    family: Family
    priority: int
    advertisement_interval_ns: int
    addresses: tuple[Address, ...]
    primary_address: Address | None = None
    preempt: bool = True
    preempt_delay_ns: int = 0
    password: bytes | None = None
    down_interval_adverts: int = DEFAULT_DOWN_INTERVAL_ADVERTS
    answer_losing_adverts: bool = True
    advertise_before_yielding: bool = False
    discard_address_list_mismatch: bool = False
    owner_starts_active: bool = True
    owner_ignores_adverts: bool = False
    group: Address | None = None
    peers: tuple[Peer, ...] = ()
    peers_only: bool = False
    ttl: int = MULTICAST_TTL
    checksum_form: ChecksumForm | None = None
    transmit_interface: str | None = None
    shares_mac: bool = False

    @property
    def is_owner(self) -> bool:
        return self.priority == PRIORITY_OWNER

    @property
    def multicast_group(self) -> Address:
        """224.0.0.18 or ff02::12 (RFC 9568 5.1.1.2, 5.1.2.2), unless it was given another."""
        return self.group or GROUPS[self.family]

    @property
    def destinations(self) -> tuple[Address, ...]:
        """Where each of our adverts goes."""
        if self.peers:
            return tuple(peer.address for peer in self.peers)
        return (self.multicast_group,)

    def skew_time_ns(self, active_adver_interval_ns: int) -> int:
        """Skew_Time: the better the priority, the shorter (RFC 9568 6.1, RFC 3768 6.1)."""
        scale = active_adver_interval_ns if self.version.skew_scales_with_interval else SECOND_NS
        return (256 - self.priority) * scale // 256

    def active_down_interval_ns(self, active_adver_interval_ns: int) -> int:
        """Active_Down_Interval: how long silence lasts before this router takes over."""
        return self.down_interval_adverts * active_adver_interval_ns + self.skew_time_ns(
            active_adver_interval_ns
        )

    @property
    def lease_ns(self) -> int:
        """How long after an advert of ours no other router takes over: the shortest that one waits.

        It is an owner that was made to wait (its Skew_Time is the shortest), with our own
        down_interval_adverts. Where a single missing advert is too many there is no telling a
        late advert from a missing one, and nothing to be promised: two are taken for it.
        """
        adverts = max(self.down_interval_adverts, 2)
        interval = self.advertisement_interval_ns
        scale = interval if self.version.skew_scales_with_interval else SECOND_NS
        return adverts * interval + (256 - PRIORITY_OWNER) * scale // 256

    def advertisement(self, priority: int | None = None) -> Advertisement:
        """What this router says of itself now; ``priority`` 0 to resign."""
        return Advertisement(
            version=self.version,
            vrid=self.vrid,
            priority=self.priority if priority is None else priority,
            interval=self.advertisement_interval_ns // self.version.interval_unit_ns,
            addresses=self.addresses,
            authentication_type=self.authentication_type,
            authentication_data=self.authentication_data,
        )

    @property
    def authentication_type(self) -> int:
        """Auth Type: that of the password, where the version has authentication at all."""
        if self.password is None or not self.version.has_authentication_data:
            return AUTHENTICATION_NONE
        return AUTHENTICATION_SIMPLE

    @property
    def authentication_data(self) -> bytes:
        """The password as configured (the packet pads it); empty without authentication."""
        if self.password is None or not self.version.has_authentication_data:
            return b""
        return self.password
