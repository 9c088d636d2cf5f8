"""What a virtual router does (RFC 9568 6.4), as orders for somebody else to carry out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class SendAdvertisement:
    """Send an advert; ``resigning`` with priority 0 (5.2.4)."""

    resigning: bool = False


@dataclass(frozen=True, slots=True)
class AcquireAddresses:
    pass


@dataclass(frozen=True, slots=True)
class ReleaseAddresses:
    pass


class Occasion(Enum):
    """What the addresses are announced for; each has its own settings in keepalived."""

    BECAME_ACTIVE = "became active"
    LOSING_ADVERT = "losing advert"


@dataclass(frozen=True, slots=True)
class AnnounceAddresses:
    """Gratuitous ARP, or unsolicited Neighbor Advertisements, for every address."""

    occasion: Occasion


Action = SendAdvertisement | AcquireAddresses | ReleaseAddresses | AnnounceAddresses
