"""What there is to say about an instance: how it came to its state, and who is Active."""

from __future__ import annotations

from dataclasses import asdict

from vipkeeper.daemon import ietf_vrrp
from vipkeeper.daemon.settings import InstanceSettings, Plain
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.events import Shutdown, ShutdownCause
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State


class Account:
    """Kept up by the instance.

    Attributes:
        since: when it entered its state (ns), None before it has started.
        rule: the row of the state machine that led there; empty where none did.
        because: that row in words, or what keeps it from taking part.
        active_router: address and priority of the router that was last heard to be Active.
    """

    def __init__(self) -> None:
        self.since: int | None = None
        self.rule = ""
        self.because = "it has not started yet"
        self.active_router: tuple[Address, int] | None = None

    def entered(self, transition: Transition, obstacle: ShutdownCause | None, now: int) -> None:
        """It has changed its state; ``obstacle``: what it may have handed over for."""
        assert transition.rule is not None
        self.since = now
        self.rule, self.because = transition.rule.name, transition.rule.because
        if isinstance(transition.event, Shutdown):
            self.because = transition.event.cause.value
        elif isinstance(transition.new, Initialize) and obstacle is not None:
            self.because = obstacle.value
        if isinstance(transition.new, Active | HandingOver):
            self.active_router = None

    def waits(self, obstacle: ShutdownCause, now: int) -> None:
        """It is in Initialize, and kept there by this."""
        self.rule, self.because = "", obstacle.value
        if self.since is None:
            self.since = now

    def to_plain(self, settings: InstanceSettings, router: VirtualRouter, state: State) -> Plain:
        """For ``vipkeeper status``; what ends in ``_ns`` is of the monotonic clock."""
        interval = ietf_vrrp.interval_ns(router, state)
        own, virtual_mac = router.primary_address, settings.virtual_mac
        return {
            "name": router.name,
            "interface": router.interface,
            "vrid": router.vrid,
            "version": router.version.number,
            "family": router.family.value,
            "state": type(state).__name__,
            "since_ns": self.since,
            "rule": self.rule,
            "because": self.because,
            "priority": settings.priority,
            "effective_priority": router.priority,
            "is_owner": router.is_owner,
            "active_router": self._active_router(router, state),
            "primary_address": None if own is None else str(own),
            "virtual_mac": None if virtual_mac is None else asdict(virtual_mac),
            "virtual_addresses": [str(item) for item in settings.addresses],
            "skew_time_us": router.skew_time_ns(interval) // 1000,
            "active_down_interval_cs": router.active_down_interval_ns(interval) // 10_000_000,
        }

    def _active_router(self, router: VirtualRouter, state: State) -> Plain | None:
        if isinstance(state, Active):
            own = str(router.primary_address)
            return {"address": own, "priority": router.priority, "is_self": True}
        if self.active_router is None or not isinstance(state, Backup):
            return None
        address, priority = self.active_router
        return {"address": str(address), "priority": priority, "is_self": False}
