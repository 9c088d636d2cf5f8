"""What has happened to an instance, in RFC 8347's words: ``last-event``, ``new-master-reason``.

The model has one word for a change of state where the state machine has a row and an event: the
tables here say which. What a Backup heard last decides what it calls the end of its waiting.
"""

from __future__ import annotations

from enum import Enum

from vipkeeper.daemon.settings import Plain
from vipkeeper.vrrp.advertisement import PRIORITY_OWNER, DiscardReason
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    Shutdown,
    ShutdownCause,
    Startup,
    StartupCause,
    TimerFired,
)
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup


class LastEvent(Enum):
    """The identities that are derived from ``vrrp-event-type``."""

    NONE = "vrrp-event-none"
    STARTUP = "vrrp-event-startup"
    SHUTDOWN = "vrrp-event-shutdown"
    HIGHER_PRIORITY_BACKUP = "vrrp-event-higher-priority-backup"
    MASTER_TIMEOUT = "vrrp-event-master-timeout"
    INTERFACE_UP = "vrrp-event-interface-up"
    INTERFACE_DOWN = "vrrp-event-interface-down"
    NO_PRIMARY_IP_ADDRESS = "vrrp-event-no-primary-ip-address"
    PRIMARY_IP_ADDRESS = "vrrp-event-primary-ip-address"
    NO_VIRTUAL_IP_ADDRESSES = "vrrp-event-no-virtual-ip-addresses"
    VIRTUAL_IP_ADDRESSES = "vrrp-event-virtual-ip-addresses"
    PREEMPT_HOLD_TIMEOUT = "vrrp-event-preempt-hold-timeout"
    LOWER_PRIORITY_MASTER = "vrrp-event-lower-priority-master"
    OWNER_PREEMPT = "vrrp-event-owner-preempt"


class NewMasterReason(Enum):
    """Why it was Active most recently (``new-master-reason-type``).

    PRIORITY is the owner's, and that of a router whose Active router said priority 0: the
    reading of keepalived's SNMP agent. Nothing was preempted there, and nobody failed to answer.
    """

    NOT_MASTER = "not-master"
    PRIORITY = "priority"
    PREEMPTED = "preempted"
    NO_RESPONSE = "no-response"


ERRORS = {
    DiscardReason.CHECKSUM: "checksum-error",
    DiscardReason.IP_TTL: "ip-ttl-error",
    DiscardReason.VERSION: "version-error",
    DiscardReason.VRID: "vrid-error",
    DiscardReason.ADDRESS_LIST: "address-list-error",
    DiscardReason.INTERVAL: "interval-error",
    DiscardReason.PACKET_LENGTH: "packet-length-error",
}
"""The identities that ``vrrp-protocol-error-event`` (the first four) and
``vrrp-virtual-router-error-event`` carry; it has none for the other reasons."""

_OBSTACLES = {
    ShutdownCause.STOPPED: LastEvent.SHUTDOWN,
    ShutdownCause.INTERFACE_DOWN: LastEvent.INTERFACE_DOWN,
    ShutdownCause.NO_INTERFACE: LastEvent.INTERFACE_DOWN,
    ShutdownCause.NO_PRIMARY_ADDRESS: LastEvent.NO_PRIMARY_IP_ADDRESS,
    ShutdownCause.NO_VIRTUAL_INTERFACE: LastEvent.INTERFACE_DOWN,
    ShutdownCause.NO_SOURCE_ADDRESS: LastEvent.NO_PRIMARY_IP_ADDRESS,
    ShutdownCause.NO_VIRTUAL_ADDRESS: LastEvent.NO_VIRTUAL_IP_ADDRESSES,
    ShutdownCause.TRACKED_INTERFACE_DOWN: LastEvent.INTERFACE_DOWN,
    ShutdownCause.KERNEL_ERROR: LastEvent.SHUTDOWN,
    ShutdownCause.RECONFIGURED: LastEvent.SHUTDOWN,
    ShutdownCause.MAINTENANCE: LastEvent.SHUTDOWN,
    ShutdownCause.STOPPED_AT_ONCE: LastEvent.SHUTDOWN,
}
_REMEDIES = {
    LastEvent.INTERFACE_DOWN: LastEvent.INTERFACE_UP,
    LastEvent.NO_PRIMARY_IP_ADDRESS: LastEvent.PRIMARY_IP_ADDRESS,
    LastEvent.NO_VIRTUAL_IP_ADDRESSES: LastEvent.VIRTUAL_IP_ADDRESSES,
}
"""What starts a router again that was kept from taking part."""


class _Heard(Enum):
    """What a Backup heard last of the Active router."""

    NOTHING = "nothing, or what it follows"
    RESIGNATION = "priority 0"
    LOWER = "a lower router, which it preempts"


_HEARD_BY_RULE = {"6.4.2 c": _Heard.RESIGNATION, "6.4.2 f": _Heard.LOWER}


class IetfEvents:
    """The state leaves of one instance that only its past explains.

    Attributes:
        up_since: when it last left Initialize (ns), None while it is there.
        last_adv_source: where the last advert that was acted on came from.
    """

    def __init__(self) -> None:
        self.last = LastEvent.NONE
        self.new_master_reason = NewMasterReason.NOT_MASTER
        self.up_since: int | None = None
        self.last_adv_source: Address | None = None
        self._heard = _Heard.NOTHING

    def waiting(self, obstacle: ShutdownCause) -> None:
        """It is in Initialize, and kept there by this."""
        self.last = _OBSTACLES[obstacle]

    def note(self, router: VirtualRouter, transition: Transition, now: int) -> None:
        assert transition.rule is not None
        event = transition.event
        if isinstance(event, AdvertisementReceived):
            self.last_adv_source = event.source
            self._heard = _HEARD_BY_RULE.get(transition.rule.name, _Heard.NOTHING)
        if not transition.changes_state:
            return
        match event:
            case Startup(cause):
                resumed = cause is StartupCause.RESUMED
                self.last = (
                    _REMEDIES.get(self.last, LastEvent.STARTUP) if resumed else (LastEvent.STARTUP)
                )
                self.up_since = now
            case Shutdown(cause):
                self.waiting(cause)
                self.up_since = None
            case AdvertisementReceived(advertisement):
                owner = advertisement.priority == PRIORITY_OWNER
                self.last = LastEvent.OWNER_PREEMPT if owner else LastEvent.HIGHER_PRIORITY_BACKUP
            case TimerFired() if isinstance(transition.new, Active):
                self.last = self._end_of_waiting(router, transition)
        if isinstance(transition.new, Active):
            self.new_master_reason = self._reason(router, transition)
        self._heard = _Heard.NOTHING

    def _end_of_waiting(self, router: VirtualRouter, transition: Transition) -> LastEvent:
        if self._heard is not _Heard.LOWER:
            return LastEvent.MASTER_TIMEOUT
        if router.is_owner:
            return LastEvent.OWNER_PREEMPT
        if isinstance(transition.old, Backup) and transition.old.preempt_hold is not None:
            return LastEvent.PREEMPT_HOLD_TIMEOUT
        return LastEvent.LOWER_PRIORITY_MASTER

    def _reason(self, router: VirtualRouter, transition: Transition) -> NewMasterReason:
        if isinstance(transition.event, Startup) or self._heard is _Heard.RESIGNATION:
            return NewMasterReason.PRIORITY
        if self._heard is _Heard.LOWER:
            return NewMasterReason.PREEMPTED
        return NewMasterReason.NO_RESPONSE

    def to_record(self) -> Plain:
        """What ``vrrp-new-master-event`` tells, for the record of a change of state."""
        return {"last-event": self.last.value, "new-master-reason": self.new_master_reason.value}
