"""Announcing the addresses: the frames, and when they are sent.

A gratuitous ARP, in IPv6 an unsolicited Neighbor Advertisement, tells everybody on the link
which MAC address answers for a virtual IP from now on. keepalived repeats it in bursts, since
one frame may be lost and some neighbours ignore what changes too soon: ``repeat`` at once,
again after ``delay_ns``, and as a refresh from time to
time. :class:`Announcing` is that schedule as a value: :func:`begin` it, ask :func:`due` what
to send now, and :func:`deadline` when to ask again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from vipkeeper.vrrp.advertisement import internet_checksum, pseudo_header
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.version import SECOND_NS

BROADCAST_MAC = b"\xff" * 6
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD

ALL_NODES = IPv6Address("ff02::1")
IPPROTO_ICMPV6 = 58
NEIGHBOR_ADVERTISEMENT = 136
NA_ROUTER, NA_OVERRIDE = 0x80, 0x20
TARGET_LINK_LAYER_ADDRESS = 2


def frame(mac: bytes, address: Address, *, router: bool) -> bytes:
    """The Ethernet frame that announces ``address`` at ``mac``."""
    if isinstance(address, IPv6Address):
        return neighbor_advertisement(mac, address, router=router)
    return gratuitous_arp(mac, address)


def gratuitous_arp(mac: bytes, address: IPv4Address) -> bytes:
    """An Ethernet frame: ARP request, sender and target address both ``address``.

    The request form is what RFC 9568 6.4.2 (erratum 7949) and keepalived use; OVN binds its
    virtual ports by it too.
    """
    ethernet = BROADCAST_MAC + mac + struct.pack("!H", ETHERTYPE_ARP)
    hardware_ethernet, protocol_ipv4, request = 1, 0x0800, 1
    return (
        ethernet
        + struct.pack("!HHBBH", hardware_ethernet, protocol_ipv4, 6, 4, request)
        + mac
        + address.packed
        + BROADCAST_MAC  # ignored by receivers (RFC 5227 1.1); keepalived fills it so
        + address.packed
    )


def neighbor_advertisement(mac: bytes, address: IPv6Address, *, router: bool) -> bytes:
    """An Ethernet frame: unsolicited Neighbor Advertisement (RFC 4861 4.4, RFC 9568 6.4.2).

    Solicited flag clear, Override flag set, to all nodes, with the target's MAC.

    Args:
        router: the Router flag. RFC 9568 sets it; keepalived, and the kernel when it is asked,
            set it where the interface forwards, and hosts drop a default router that once says
            that it is none (RFC 4861 7.2.5).
    """
    flags = NA_OVERRIDE | (NA_ROUTER if router else 0)
    option = struct.pack("!BB", TARGET_LINK_LAYER_ADDRESS, 1) + mac

    def message(checksum: int) -> bytes:
        head = struct.pack("!BBHBxxx", NEIGHBOR_ADVERTISEMENT, 0, checksum, flags)
        return head + address.packed + option

    length = len(message(0))
    covered = pseudo_header(address, ALL_NODES, length, IPPROTO_ICMPV6) + message(0)
    return (
        multicast_mac(ALL_NODES)
        + mac
        + struct.pack("!H", ETHERTYPE_IPV6)
        + struct.pack("!IHBB", 6 << 28, length, IPPROTO_ICMPV6, 255)
        + address.packed
        + ALL_NODES.packed
        + message(internet_checksum(covered))
    )


def announced_address(frame: bytes) -> Address | None:
    """Whose owner the sender of a frame says to be; None if it says so of nothing.

    In ARP every packet with a sender address does (RFC 826); a probe has none (RFC 5227 1.1). In
    IPv6 it is a Neighbor Advertisement, of any kind.

    Args:
        frame: an Ethernet frame as it was received, without a VLAN tag.
    """
    (ethertype,) = struct.unpack_from("!H", frame, 12) if len(frame) >= 14 else (0,)
    if ethertype == ETHERTYPE_ARP and len(frame) >= 42:
        if struct.unpack_from("!HHBB", frame, 14) != (1, ETHERTYPE_IPV4, 6, 4):
            return None
        address = IPv4Address(frame[28:32])
        return None if address == IPv4Address(0) else address
    if ethertype == ETHERTYPE_IPV6 and len(frame) >= 78:
        next_header, hop_limit, kind = frame[20], frame[21], frame[54]
        # RFC 4861 7.1.2: a lower Hop Limit means that it comes from beyond the link.
        if (next_header, hop_limit, kind) == (IPPROTO_ICMPV6, 255, NEIGHBOR_ADVERTISEMENT):
            return IPv6Address(frame[62:78])
    return None


def ethernet(mac: bytes, packet: bytes, group: Address) -> bytes:
    """The frame of an IP packet to a multicast group (RFC 9568 7.2)."""
    ethertype = ETHERTYPE_IPV6 if group.version == 6 else ETHERTYPE_IPV4
    return multicast_mac(group) + mac + struct.pack("!H", ethertype) + packet


def multicast_mac(group: Address) -> bytes:
    """The Ethernet address of a group (RFC 1112 6.4, RFC 2464 7)."""
    if isinstance(group, IPv6Address):
        return b"\x33\x33" + group.packed[-4:]
    return b"\x01\x00\x5e" + (int(group) & 0x7FFFFF).to_bytes(3, "big")


@dataclass(frozen=True, slots=True)
class AnnouncementSettings:
    """How often the addresses are announced; keepalived's ``garp_*`` and its defaults.

    Attributes:
        repeat: announcements of each address in a burst.
        delay_ns: pause until the second burst, 0 for no second one.
        refresh_ns: pause between refreshes while Active, 0 for none.
        refresh_repeat: announcements of each address in a refresh.
        lower_prio_repeat, lower_prio_delay_ns: the same as the first two, for the burst that
            answers a losing advert.
        interval_ns: pause between two frames, 0 for none.
        once_more_ns: pause until each address is announced once more, 0 for not. To the old
            Active router's host our gratuitous ARP is a request for an address that it still
            has, and it may answer from the virtual MAC that both share: the switch then sends
            everything there, until the next frame from ours.
    """

    repeat: int = 5
    delay_ns: int = 5 * SECOND_NS
    refresh_ns: int = 0
    refresh_repeat: int = 1
    lower_prio_repeat: int = 5
    lower_prio_delay_ns: int = 5 * SECOND_NS
    interval_ns: int = 0
    once_more_ns: int = 0


@dataclass(frozen=True, slots=True)
class Announcing:
    """What is still to be announced, and when.

    Attributes:
        addresses: what is announced.
        pending: how many frames of the current burst are left.
        next_frame: when the first of them may go.
        second_burst: when the second burst begins, with how many repeats; None if it is over.
        refresh: when the next refresh begins, None if there is none.
        once_more: when each is announced once more, None if that is over.
    """

    addresses: tuple[Address, ...]
    pending: int
    next_frame: int
    second_burst: tuple[int, int] | None
    refresh: int | None
    once_more: int | None = None


def begin(
    settings: AnnouncementSettings,
    addresses: tuple[Address, ...],
    now: int,
) -> Announcing:
    """The schedule of a router that became Active just now."""
    return Announcing(
        addresses=addresses,
        pending=settings.repeat * len(addresses),
        next_frame=now,
        second_burst=(now + settings.delay_ns, settings.repeat) if settings.delay_ns else None,
        refresh=now + settings.refresh_ns if settings.refresh_ns else None,
        once_more=now + settings.once_more_ns
        if settings.once_more_ns and settings.repeat
        else None,
    )


def answer_losing_advert(
    settings: AnnouncementSettings, announcing: Announcing, now: int
) -> Announcing:
    """The schedule after another router claimed the addresses and lost.

    A burst that is still under way is not begun anew: a flood of losing adverts would otherwise
    become a flood of announcements.
    """
    burst = settings.lower_prio_repeat * len(announcing.addresses)
    if announcing.pending or not burst:
        return announcing
    second = announcing.second_burst
    if second is None and settings.lower_prio_delay_ns:
        second = (now + settings.lower_prio_delay_ns, settings.lower_prio_repeat)
    return replace(
        announcing,
        pending=burst,
        next_frame=max(now, announcing.next_frame),
        second_burst=second,
    )


def due(
    settings: AnnouncementSettings, announcing: Announcing, now: int
) -> tuple[Announcing, tuple[Address, ...]]:
    """What to announce now, and the schedule after that."""
    if announcing.second_burst is not None and now >= announcing.second_burst[0]:
        announcing = replace(
            announcing,
            pending=announcing.pending + announcing.second_burst[1] * len(announcing.addresses),
            second_burst=None,
        )
    if announcing.refresh is not None and now >= announcing.refresh:
        announcing = replace(
            announcing,
            pending=announcing.pending + settings.refresh_repeat * len(announcing.addresses),
            refresh=now + settings.refresh_ns,
        )
    if announcing.once_more is not None and now >= announcing.once_more:
        announcing = replace(
            announcing,
            pending=announcing.pending + len(announcing.addresses),
            once_more=None,
        )
    if not announcing.pending or now < announcing.next_frame:
        return announcing, ()
    count = 1 if settings.interval_ns else announcing.pending
    size = len(announcing.addresses)
    first = -announcing.pending % size
    frames = tuple(announcing.addresses[(first + i) % size] for i in range(count))
    return (
        replace(
            announcing,
            pending=announcing.pending - count,
            next_frame=now + settings.interval_ns,
        ),
        frames,
    )


def deadline(announcing: Announcing) -> int | None:
    """When :func:`due` wants to be asked again (ns), None if never."""
    instants = [announcing.next_frame] if announcing.pending else []
    if announcing.second_burst is not None:
        instants.append(announcing.second_burst[0])
    if announcing.refresh is not None:
        instants.append(announcing.refresh)
    if announcing.once_more is not None:
        instants.append(announcing.once_more)
    return min(instants, default=None)
