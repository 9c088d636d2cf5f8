"""The receive checks that need the configuration (RFC 9568 7.1, RFC 3768 7.1).

A packet passes :func:`vipkeeper.vrrp.advertisement.decode`, then is given to the virtual router
whose VRID it carries, and must pass :func:`admit` before the state machine sees it. What is
wrong is worded as keepalived words it in its log.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        remark: a check that failed but is only counted and logged, as RFC 9568 7.1 has it for
            the list of addresses; None if there is nothing to remark.
    """

    remark: Discard | None = None


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
    if (
        not router.version.learns_interval
        and advertisement.interval_ns != router.advertisement_interval_ns
    ):
        return discard(
            DiscardReason.INTERVAL,
            "advertisement interval mismatch "
            f"mine={router.advertisement_interval_ns // router.version.interval_unit_ns} sec "
            f"rcv'd={advertisement.interval} sec",
        )
    if router.is_owner and router.owner_ignores_adverts:
        return discard(DiscardReason.OWNER, "we are the owner")
    if set(advertisement.addresses) == set(router.addresses):
        return Admitted()
    mismatch = discard(
        DiscardReason.ADDRESS_LIST,
        f"addresses {_listed(advertisement.addresses)}, ours {_listed(router.addresses)}",
    )
    if router.discard_address_list_mismatch and advertisement.priority != PRIORITY_OWNER:
        return mismatch
    return Admitted(remark=mismatch)


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
