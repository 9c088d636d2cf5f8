"""What can happen to a virtual router (RFC 9568 6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vipkeeper.vrrp.advertisement import Advertisement
from vipkeeper.vrrp.datagram import Address


class StartupCause(Enum):
    """Why a router takes part (from now on)."""

    STARTED = "started"
    RESUMED = "what kept it from taking part has gone"


class ShutdownCause(Enum):
    """Why a router takes no part any more."""

    STOPPED = "stopped"
    STOPPED_AT_ONCE = "stopped at once"
    INTERFACE_DOWN = "interface down"
    NO_INTERFACE = "no such interface"
    NO_PRIMARY_ADDRESS = "no primary address"
    NO_VIRTUAL_INTERFACE = "no interface with the virtual MAC address"
    NO_SOURCE_ADDRESS = "source address not configured"
    NO_VIRTUAL_ADDRESS = "no virtual address to advertise"
    TRACKED_INTERFACE_DOWN = "tracked interface down"
    KERNEL_ERROR = "an action failed"
    RECONFIGURED = "reconfigured"
    MAINTENANCE = "maintenance"

    @property
    def is_planned(self) -> bool:
        """Nothing is wrong here: the addresses can be answered for until the successor does."""
        return self in (ShutdownCause.STOPPED, ShutdownCause.MAINTENANCE)


@dataclass(frozen=True, slots=True)
class Startup:
    cause: StartupCause = StartupCause.STARTED


@dataclass(frozen=True, slots=True)
class Shutdown:
    cause: ShutdownCause = ShutdownCause.STOPPED


@dataclass(frozen=True, slots=True)
class TimerFired:
    pass


@dataclass(frozen=True, slots=True)
class AdvertisementReceived:
    """An advert that passed every check of RFC 9568 7.1."""

    advertisement: Advertisement
    source: Address


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    """The router's effective priority is now another one than ``previous``."""

    previous: int


@dataclass(frozen=True, slots=True)
class HandOver:
    """Somebody wants another router to be Active instead."""


@dataclass(frozen=True, slots=True)
class AnnouncementHeard:
    """Another host says by gratuitous ARP or a Neighbor Advertisement that it has an address.

    Attributes:
        is_last: it has said so of every address of the virtual router now.
    """

    is_last: bool


Event = (
    Startup
    | Shutdown
    | TimerFired
    | AdvertisementReceived
    | PriorityChanged
    | HandOver
    | AnnouncementHeard
)
