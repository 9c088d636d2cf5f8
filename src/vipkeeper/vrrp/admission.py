"""The receive checks that need the configuration (RFC 9568 7.1, RFC 3768 7.1).

A packet passes :func:`vipkeeper.vrrp.advertisement.decode`, then is given to the virtual router
whose VRID it carries, and must pass :func:`admit` before the state machine sees it. What is
wrong is worded as keepalived words it in its log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from vipkeeper.vrrp.advertisement import (
    AUTHENTICATION_DATA_SIZE,
    AUTHENTICATION_SIMPLE,
    MULTICAST_TTL,
    PRIORITY_OWNER,
    PRIORITY_RESIGNING,
    Advertisement,
    Discard,
    DiscardReason,
)
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.router import VirtualRouter


@dataclass(frozen=True, slots=True)
class Admitted:
    """The advert is acted on.

    Attributes:
        remarks: checks that failed but are only counted and logged, as RFC 9568 7.1 has it for
            the interval and the list of addresses.
    """

    remarks: tuple[Discard, ...] = ()


def attribute(discard: Discard, *, ours: bool) -> Discard:
    """What :func:`~vipkeeper.vrrp.advertisement.decode` found wrong, for the counter it moves.

    A packet that is shorter than a header but carries our VRID is one of our wrong length; what
    reaches no virtual router is counted for its VRID (RFC 8347: ``packet-length-error``,
    ``vrid-error``).

    Args:
        ours: a virtual router of this VRID is where the packet came in.
    """
    if discard.reason is DiscardReason.INCOMPLETE_PACKET:
        return replace(discard, reason=DiscardReason.PACKET_LENGTH) if ours else discard
    if ours or discard.reason in (DiscardReason.VERSION, DiscardReason.CHECKSUM):
        return discard
    return replace(discard, reason=DiscardReason.VRID)


def admit(
    router: VirtualRouter, advertisement: Advertisement, datagram: Datagram, *, advertising: bool
) -> Admitted | Discard:
    """Whether this router acts on an advert.

    Our own adverts may come back to us (multicast loops, bridges) and are told by our address
    and our priority. The address alone does not tell: two routers may share one link-local
    address, and would both be Active for good if each took the other's adverts for its own.

    Args:
        advertising: we send adverts ourselves, so that one may be our own.
    """

    def discard(reason: DiscardReason, detail: str) -> Discard:
        return Discard(reason, detail, advertisement.vrid)

    if misdirected := _check_path(router, datagram):
        return discard(*misdirected)
    if advertisement.version is not router.version:
        return discard(
            DiscardReason.VERSION,
            f"wrong version. Received {advertisement.version.number} "
            f"and expect {router.version.number}",
        )
    if advertising and _is_our_own(router, advertisement, datagram.source):
        return discard(DiscardReason.OWN_PACKET, f"from our own address {datagram.source}")
    if authentication_failure := _check_authentication(router, advertisement):
        return authentication_failure
    remarks = tuple(discard(*remark) for remark in _remarks(router, advertisement))
    for remark in remarks:
        if _is_decisive(router, advertisement, remark.reason):
            return remark
    return Admitted(remarks)


def _remarks(
    router: VirtualRouter, advertisement: Advertisement
) -> Iterator[tuple[DiscardReason, str]]:
    """What is odd about an advert that is one of our virtual router's."""
    if advertisement.interval_ns != router.advertisement_interval_ns:
        unit = "cs" if router.version.learns_interval else "sec"
        ours = router.advertisement_interval_ns // router.version.interval_unit_ns
        yield (
            DiscardReason.INTERVAL,
            "advertisement interval mismatch "
            f"mine={ours} {unit} rcv'd={advertisement.interval} {unit}",
        )
    if router.is_owner and advertisement.priority == PRIORITY_OWNER:
        yield DiscardReason.OWNER_CONFLICT, "another router says that it is the owner, too"
    if router.is_owner and router.owner_ignores_adverts:
        yield DiscardReason.OWNER, "we are the owner"
    if advertisement.addresses != router.addresses and (
        set(advertisement.addresses) != set(router.addresses)
    ):
        yield (
            DiscardReason.ADDRESS_LIST,
            f"addresses {_listed(advertisement.addresses)}, ours {_listed(router.addresses)}",
        )
    first = advertisement.addresses[0]
    if isinstance(first, IPv6Address) and not first.is_link_local:
        yield (
            DiscardReason.FIRST_NOT_LINK_LOCAL,
            f"the first address {first} is not a link-local one",
        )


def _is_decisive(
    router: VirtualRouter, advertisement: Advertisement, reason: DiscardReason
) -> bool:
    """Whether an advert is not acted on for it: RFC 3768 7.1 is strict, RFC 9568 7.1 is not."""
    match reason:
        case DiscardReason.INTERVAL:
            return not router.version.learns_interval
        case DiscardReason.OWNER | DiscardReason.OWNER_CONFLICT:
            return router.owner_ignores_adverts
        case DiscardReason.ADDRESS_LIST:
            return router.discard_address_list_mismatch and advertisement.priority != PRIORITY_OWNER
        case _:
            return False


def _check_path(router: VirtualRouter, datagram: Datagram) -> tuple[DiscardReason, str] | None:
    """Destination and TTL: of multicast as RFC 9568 7.1 has it, of unicast as keepalived has."""
    source, destination, ttl = datagram.source, datagram.destination, datagram.ttl
    if not router.peers:
        if destination != router.multicast_group:
            return DiscardReason.DESTINATION, f"it was sent to {destination}"
        if ttl != MULTICAST_TTL:
            expected = f"invalid TTL/HL. Received {ttl} and expect {MULTICAST_TTL}"
            return DiscardReason.IP_TTL, expected
        return None
    if destination.is_multicast:
        return DiscardReason.DESTINATION, f"it was sent to {destination}, and not to us alone"
    peer = next((peer for peer in router.peers if peer.address == source), None)
    if peer is None:
        if router.peers_only:
            return DiscardReason.UNKNOWN_PEER, f"unicast source address {source} not a unicast peer"
    elif not peer.min_ttl <= ttl <= peer.max_ttl:
        expected = f"{peer.min_ttl} to {peer.max_ttl}"
        return DiscardReason.IP_TTL, f"invalid TTL/HL. Received {ttl} and expect {expected}"
    return None


def _is_our_own(router: VirtualRouter, advertisement: Advertisement, source: Address) -> bool:
    ours = (router.priority, PRIORITY_RESIGNING)
    return source == router.primary_address and advertisement.priority in ours


def _check_authentication(router: VirtualRouter, advertisement: Advertisement) -> Discard | None:
    """RFC 3768 7.1: the method must be ours; RFC 2338 5.3.6.2: and the password too."""
    if advertisement.authentication_type != router.authentication_type:
        return Discard(
            DiscardReason.AUTHENTICATION_TYPE,
            f"received a {advertisement.authentication_type} auth, "
            f"expecting {router.authentication_type}!",
            advertisement.vrid,
        )
    if advertisement.authentication_type == AUTHENTICATION_SIMPLE:
        ours = (router.password or b"").ljust(AUTHENTICATION_DATA_SIZE, b"\0")
        if advertisement.authentication_data != ours:
            return Discard(
                DiscardReason.AUTHENTICATION_FAILURE,
                "received an invalid passwd!",
                advertisement.vrid,
            )
    return None


def _listed(addresses: tuple[Address, ...]) -> str:
    return ", ".join(map(str, addresses)) or "none"
