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
    Address,
    Advertisement,
    Discard,
    DiscardReason,
)
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
    router: VirtualRouter, advertisement: Advertisement, source: Address, ttl: int
) -> Admitted | Discard:
    """Whether this router acts on an advert that came from ``source`` with this TTL.

    Our own adverts may come back to us (multicast loops, bridges) and are told by our address
    and our priority. The address alone does not tell: two routers may share one link-local
    address, and would both be Active for good if each took the other's adverts for its own.
    """

    def discard(reason: DiscardReason, detail: str) -> Discard:
        return Discard(reason, detail, advertisement.vrid)

    if ttl != MULTICAST_TTL:
        return discard(
            DiscardReason.IP_TTL, f"invalid TTL/HL. Received {ttl} and expect {MULTICAST_TTL}"
        )
    if advertisement.version is not router.version:
        return discard(
            DiscardReason.VERSION,
            f"wrong version. Received {advertisement.version.number} "
            f"and expect {router.version.number}",
        )
    if source == router.primary_address and advertisement.priority in (
        router.priority,
        PRIORITY_RESIGNING,
    ):
        return discard(DiscardReason.OWN_PACKET, f"from our own address {source}")
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
