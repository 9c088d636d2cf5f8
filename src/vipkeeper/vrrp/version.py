"""What VRRPv2 and VRRPv3 do differently, as data.

One set of classes serves both versions; every difference between RFC 3768 and RFC 9568 that
the rest of this package acts on is a field here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

SECOND_NS = 1_000_000_000
CENTISECOND_NS = 10_000_000


class Family(IntEnum):
    """Address family, by the number of the IP version it belongs to."""

    IPV4 = 4
    IPV6 = 6


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the protocol.

    Attributes:
        number: what stands in the packet's first four bits.
        interval_unit_ns: unit of the advertised interval (3768 5.3.7: seconds; 9568 5.2.7:
            centiseconds).
        interval_max: largest interval the packet's field can hold, in that unit.
        families: address families it is defined for (3768: IPv4 only).
        learns_interval: a Backup adopts the Active router's interval (9568 6.4.2); otherwise a
            packet with another interval than our own is discarded (3768 7.1).
        skew_scales_with_interval: Skew_Time is a part of the interval (9568 6.1), not of a
            second (3768 6.1).
        has_authentication_data: eight bytes follow the addresses (3768 5.3.10).
    """

    number: int
    interval_unit_ns: int
    interval_max: int
    families: frozenset[Family]
    learns_interval: bool
    skew_scales_with_interval: bool
    has_authentication_data: bool


VRRPV2 = Version(
    number=2,
    interval_unit_ns=SECOND_NS,
    interval_max=255,
    families=frozenset({Family.IPV4}),
    learns_interval=False,
    skew_scales_with_interval=False,
    has_authentication_data=True,
)
VRRPV3 = Version(
    number=3,
    interval_unit_ns=CENTISECOND_NS,
    interval_max=4095,
    families=frozenset({Family.IPV4, Family.IPV6}),
    learns_interval=True,
    skew_scales_with_interval=True,
    has_authentication_data=False,
)
VERSIONS = {version.number: version for version in (VRRPV2, VRRPV3)}
